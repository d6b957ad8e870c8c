import { decodeReview } from '../../../src/review/decode.ts'
import { compileSelector } from '../../../src/workload/selector.ts'
import { judge, type RequestFields } from '../../support/engine.ts'
import { type Add, app, kind, pod, type Result, ROOT, result, set, template } from '../support.ts'

/** Orphans, and requests that are not what they look like. */
export function requestTries(attack: Add): void {
  // Orphans.
  const selector = compileSelector({ matchLabels: { app: 'web' } })
  const owned = (labels: unknown, reference: object = {}) =>
    pod(
      {},
      {
        labels,
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true, ...reference },
        ],
      },
    )
  const adoption = (expected: Result, what: string, object: unknown, fields: RequestFields = {}) =>
    attack(what, expected, () =>
      result(object, 'pod-adoption', fields, { facts: { owner: { kind: 'found', selector } } }),
    )
  adoption('denied', 'an owner of a version that does not exist yet', owned({}, { apiVersion: 'apps/v9' }))
  adoption('denied', 'an owner that does not block', owned({}, { blockOwnerDeletion: false }))
  adoption('denied', 'a label that is spelled with another letter', owned({ app: 'wеb' }))
  adoption('denied', 'a label whose value is a list of the right one', owned({ app: ['web'] }))
  adoption('denied', 'the labels as annotations', pod({}, { ...owned({}).metadata, annotations: { app: 'web' } }))
  adoption('denied', 'a pod without a name, with generateName', {
    ...owned({}),
    metadata: { ...owned({}).metadata, name: undefined, generateName: 'web-' },
  })
  adoption('passed', 'a pod that loses its labels by an update', owned({}), { oldObject: owned({ app: 'web' }) })
  adoption('passed', 'a pod whose owner is no controller', owned({}, { controller: false }))
  adoption(
    'denied',
    'a Job that selects by hand, and not its own template',
    kind('batch/v1', 'Job', { manualSelector: true, selector: { matchLabels: { app: 'b' } }, template: template({}) }),
  )
  adoption(
    'denied',
    'a ReplicationController with the selector of a ReplicaSet',
    kind('v1', 'ReplicationController', { selector: { app: 'b' }, template: template({}) }),
  )
  adoption(
    'denied',
    'a selector that excludes its own template',
    kind('apps/v1', 'Deployment', {
      selector: { matchLabels: { app: 'a' }, matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] },
      template: template({}),
    }),
  )
  attack('an owner that nobody knows', 'skipped', () =>
    result(
      owned({}, { apiVersion: 'x.example/v1', kind: 'Web' }),
      'pod-adoption',
      {},
      { facts: { owner: { kind: 'unknown', reason: 'x' } } },
    ),
  )

  // Requests and bodies.
  const review = (expected: Result, what: string, text: string) =>
    attack(what, expected, () => {
      const parsed = decodeReview(new TextEncoder().encode(text))
      if (parsed.kind !== 'request') return 'denied'
      const { allowed } = judge(set, parsed.request)
      return allowed ? 'passed' : 'denied'
    })
  const envelope = (fields: object, more = '') => {
    const request = {
      uid: 'u',
      operation: 'CREATE',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'shop',
      object: pod(ROOT),
      ...fields,
    }
    return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":${JSON.stringify(request).slice(0, -1)}${more}}}`
  }
  const harmless = JSON.stringify(pod({}))
  review(
    'denied',
    'a body with two objects, the last one harmful',
    envelope({ object: pod({}) }, `,"object":${JSON.stringify(pod(ROOT))}`),
  )
  review('passed', 'a body with two objects, the last one harmless', envelope({}, `,"object":${harmless}`))
  review('denied', 'a body whose object is null', envelope({ object: null }))
  review('denied', 'a body whose object is a list', envelope({ object: [pod(ROOT)] }))
  review(
    'denied',
    'a body whose object is a prototype’s',
    envelope({ object: undefined }, `,"__proto__":{"object":${harmless}}`),
  )
  review('denied', 'a body whose operation is in small letters', envelope({ operation: 'create' }))
  review('passed', 'a body that says DELETE, with an object', envelope({ operation: 'DELETE' }))
  review('passed', 'a body that says CONNECT, with an object', envelope({ operation: 'CONNECT' }))
  review(
    'denied',
    'a body whose kind is a ConfigMap, and whose resource is pods',
    envelope({ kind: { group: '', version: 'v1', kind: 'ConfigMap' } }),
  )
  review(
    'denied',
    'a body whose kind is Pod in small letters',
    envelope({ kind: { group: '', version: 'v1', kind: 'pod' } }),
  )
  review(
    'denied',
    'a body without a namespace, whose object says kube-system',
    envelope({ namespace: '', object: pod(ROOT, { namespace: 'kube-system' }) }),
  )
  review('denied', 'a body whose namespace is kube-system in capitals', envelope({ namespace: 'KUBE-SYSTEM' }))
  review('denied', 'a body of v1beta1', envelope({}).replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'))
  review('denied', 'a body that nests 300 levels', envelope({}, `,"x":${'['.repeat(300)}${']'.repeat(300)}`))
  review(
    'denied',
    'a pod of two thousand volumes, the last one harmful',
    envelope({
      object: pod({
        volumes: [...Array.from({ length: 2000 }, (_, at) => ({ name: `v${at}`, emptyDir: {} })), ...ROOT.volumes],
      }),
    }),
  )
  review(
    'denied',
    'a request to extensions/v1beta1 that was converted',
    envelope({
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      requestKind: { group: 'extensions', version: 'v1beta1', kind: 'Deployment' },
      requestResource: { group: 'extensions', version: 'v1beta1', resource: 'deployments' },
      object: kind('apps/v1', 'Deployment', { template: template(ROOT) }),
    }),
  )
  attack('a long command in loops', 'skipped', () => {
    const words = 'a$a '.repeat(10_000)
    const script = `for a in {1,2,3,4}{1,2,3,4}; do for b in {1,2,3,4}{1,2,3,4}; do x ${words}; done; done`
    const command = ['sh', '-c', `${script}; sysctl -w net.bridge.bridge-nf-call-iptables=0`]
    return result(pod({ containers: [{ ...app, command }] }), 'node-network')
  })
}
