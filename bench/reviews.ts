import { certificateFacts } from '../src/certs/facts.ts'
import type { SubjectFacts } from '../src/checks/check.ts'

/** AdmissionReviews of a given weight, as kube-apiserver sends them. */

interface PodShape {
  readonly containers: number
  readonly variables: number
  /** Characters of one argument: how a pod becomes large. */
  readonly argument: number
}

/** A pod as an application team writes it, with the fields that the API server defaults. */
export function podReview({ containers, variables, argument }: PodShape): string {
  const object = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name: 'checkout-7d9c5b9f6d-x2x4z',
      generateName: 'checkout-7d9c5b9f6d-',
      namespace: 'shop',
      labels: { app: 'checkout', 'pod-template-hash': '7d9c5b9f6d', team: 'payments', tier: 'backend' },
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9102' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'checkout-7d9c5b9f6d',
          uid: '5f0a2f3b-8f1b-4d7a-9f55-3b2f7f2f0a11',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      volumes: [
        { name: 'config', configMap: { name: 'checkout', defaultMode: 420 } },
        { name: 'scratch', hostPath: { path: '/data/checkout', type: 'Directory' } },
        {
          name: 'kube-api-access-9vq2x',
          projected: {
            sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }],
            defaultMode: 420,
          },
        },
      ],
      containers: Array.from({ length: containers }, (_, index) => containerOf(index, variables, argument)),
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'checkout',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      schedulerName: 'default-scheduler',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
      priority: 0,
      enableServiceLinks: true,
    },
    status: {},
  }
  const resource = { group: '', version: 'v1', resource: 'pods' }
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: 'b4d65a03-abef-4190-89f6-a605c9ab3552',
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: 'checkout-7d9c5b9f6d-x2x4z',
      namespace: 'shop',
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        groups: ['system:serviceaccounts', 'system:authenticated'],
      },
      object,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  })
}

function containerOf(index: number, variables: number, argument: number) {
  return {
    name: index === 0 ? 'app' : `helper-${index}`,
    image: 'registry.example.com/payments/checkout:2026.11.3',
    args: ['--listen=:8080', '--log=json', ...(argument > 0 ? ['x'.repeat(argument)] : [])],
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
    env: Array.from({ length: variables }, (_, i) => ({ name: `SETTING_${i}`, value: `value-of-setting-${i}` })),
    resources: { limits: { memory: '512Mi' }, requests: { cpu: '250m', memory: '512Mi' } },
    volumeMounts: [
      { name: 'config', mountPath: '/etc/checkout', readOnly: true },
      { name: 'scratch', mountPath: '/scratch' },
      { name: 'kube-api-access-9vq2x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
    ],
    livenessProbe: {
      httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
  }
}

/** The typical pod, asking for the injection of examples/injections/log-tailer.yaml. */
export const TRIGGERED = podReview({ containers: 2, variables: 20, argument: 0 }).replace(
  '"annotations":{',
  '"annotations":{"logs.example.com/inject":"true",',
)

/** About 6 KB: what a fleet sends most. */
export const TYPICAL = podReview({ containers: 2, variables: 20, argument: 0 })

/** What the ports know of these reviews. */
export const NOTHING_KNOWN: SubjectFacts = {
  now: 0,
  owner: undefined,
  isSelectedOn: () => false,
  readCertificates: certificateFacts,
  seen: 'alone',
  origin: '',
}
