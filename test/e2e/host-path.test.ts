import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiAnswer, type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import type { Kubectl } from './support/kubectl.ts'
import { waitUntil } from './support/processes.ts'
import { registerGateway, unregisterGateway, WEBHOOK } from './support/webhooks.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const DENIED = `admission webhook "${WEBHOOK}" denied the request: `

let plane: ControlPlane
let gateway: GatewayProcess

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  await createNamespace(plane, 'shop')
  await createOldObjects()
  gateway = await startGateway({ directory: plane.directory, authority: plane.webhookCa })
  await registerGateway(plane, { port: gateway.port, authority: plane.webhookCa })
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

/** What was there before the gateway was: it has to keep working. */
async function createOldObjects(): Promise<void> {
  const pod = { ...podSpec('/var/lib/kubelet'), nodeName: 'node-1' }
  for (const object of [
    { apiVersion: 'v1', kind: 'Pod', metadata: { ...named('old-pod'), finalizers: ['example.com/hold'] }, spec: pod },
    deployment('old-deployment', podSpec('/var/lib/kubelet')),
    deployment('good-deployment', podSpec('/data/app')),
  ]) {
    succeeded(await plane.kubectl(['create', '-f', '-'], { input: object }))
  }
  await waitUntil('the old deployment has its pod', async () =>
    (await plane.kubectl(['get', 'pods', '-n', 'shop', '-l', 'app=old-deployment', '-o', 'name'])).stdout.startsWith(
      'pod/',
    ),
  )
}

function named(name: string): { readonly name: string; readonly namespace: string } {
  return { name, namespace: 'shop' }
}

function podSpec(path: string) {
  return {
    containers: [
      { name: 'app', image: 'registry.example.com/app:1', volumeMounts: [{ name: 'host', mountPath: '/host' }] },
    ],
    volumes: [{ name: 'host', hostPath: { path } }],
  }
}

function deployment(name: string, spec: unknown) {
  const labels = { app: name }
  const template = { metadata: { labels }, spec }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: named(name),
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  }
}

function succeeded(result: Kubectl): Kubectl {
  expect(result, result.stderr).toMatchObject({ code: 0 })
  return result
}

function answered(status: number, answer: ApiAnswer): void {
  expect(answer.status, answer.body).toBe(status)
}

/** kubectl failed, and shows the gateway's words: what is refused, why, where, and what to do instead. */
function refused(result: Kubectl, subject: string, reason: string): void {
  expect(result.code, result.stdout).toBe(1)
  expect(result.stderr).toContain(`${DENIED}${subject} is refused by policy host-path:\n- ${reason}`)
  expect(result.stderr).toContain('\nInstead: ')
}

const KUBELET = 'the kubelet'

describe('manifests with a dangerous path', () => {
  const cases = [
    {
      file: 'host-root-pod.yaml',
      subject: 'Pod "shop/disk-cleaner"',
      reason: 'volume "host" mounts hostPath "/", which contains the protected path "/var/lib/kubelet" and 302 more: ',
      at: '(at /spec/volumes/0/hostPath/path)',
    },
    {
      file: 'kubelet-deployment.yaml',
      subject: 'Deployment "shop/volume-backup"',
      reason: 'volume "volumes" mounts hostPath "/var/./lib//kubelet/pods" (understood as "/var/lib/kubelet/pods")',
      at: '(at /spec/template/spec/volumes/0/hostPath/path)',
    },
    {
      file: 'runtime-socket-cronjob.yaml',
      subject: 'CronJob "shop/image-prune"',
      reason: 'volume "socket" mounts hostPath "/var/run/docker.sock" (understood as "/run/docker.sock")',
      at: '(at /spec/jobTemplate/spec/template/spec/volumes/0/hostPath/path)',
    },
    {
      file: 'host-persistent-volume.yaml',
      subject: 'PersistentVolume "fast-disk"',
      reason: 'the PersistentVolume has the local path "/var/lib/etcd", which is a protected path: ',
      at: '(at /spec/local/path)',
    },
  ]
  const ways = [
    ['kubectl create', ['create']],
    ['kubectl create --dry-run=server', ['create', '--dry-run=server']],
    ['kubectl apply', ['apply']],
    ['kubectl apply --server-side', ['apply', '--server-side']],
  ] as const
  describe.each(cases)('$file', ({ file, subject, reason, at }) => {
    test.each(ways)('%s: is refused, with the reason', async (_way, args) => {
      const result = await plane.kubectl([...args, '-f', `${EXAMPLES}${file}`])
      refused(result, subject, reason)
      expect(result.stderr).toContain(at)
    })
    test('nothing was stored', async () => {
      const { code, stderr } = await plane.kubectl(['get', '-f', `${EXAMPLES}${file}`])
      expect([code, stderr]).toEqual([1, expect.stringContaining('(NotFound)')])
    })
  })
})

test('README.md shows what kubectl prints', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const [, file = '', shown] = /^\$ kubectl apply -f (examples\/\S+)\n(.*?)^```$/ms.exec(readme) ?? []
  const { stderr } = await plane.kubectl(['apply', '-f', `${EXAMPLES}../${file}`])
  expect(stderr.replace(`${EXAMPLES}../${file}`, file)).toBe(shown)
})

test.each(['host-root-pod-safe.yaml', 'kubelet-deployment-safe.yaml', 'host-persistent-volume-safe.yaml'])(
  '%s is admitted without a warning: dry run, create, apply, server-side apply',
  async file => {
    const from = ['-f', `${EXAMPLES}${file}`]
    for (const args of [
      ['create', '--dry-run=server', ...from],
      ['create', '--save-config', ...from],
      ['apply', ...from],
      ['apply', '--server-side', '--force-conflicts', ...from],
    ]) {
      expect(succeeded(await plane.kubectl(args)).stderr).toBe('')
    }
  },
)

describe('what stood before the gateway', () => {
  test('a pod takes a label, with a warning that tells what it has', async () => {
    const { stderr } = succeeded(await plane.kubectl(['label', 'pod', 'old-pod', '-n', 'shop', 'team=shop']))
    expect(stderr).toMatch(/^Warning: .*\/var\/lib\/kubelet/)
  })

  test('its status can be written', async () => {
    const patch = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'False' }] } })
    succeeded(await plane.kubectl(['patch', 'pod', 'old-pod', '-n', 'shop', '--subresource=status', '-p', patch]))
  })

  test('an ephemeral container that mounts its dangerous volume is refused', async () => {
    refused(await debug({ volumeMounts: [{ name: 'host', mountPath: '/host' }] }), 'Pod "shop/old-pod"', 'container "')
  })

  test('an ephemeral container without that volume is admitted', async () => {
    succeeded(await debug({}))
  })

  test('it can be deleted, and an update that only removes its finalizer lets it go', async () => {
    succeeded(
      await plane.kubectl(['delete', 'pod', 'old-pod', '-n', 'shop', '--force', '--grace-period=0', '--wait=false']),
    )
    const patch = JSON.stringify({ metadata: { finalizers: null } })
    succeeded(await plane.kubectl(['patch', 'pod', 'old-pod', '-n', 'shop', '--type=merge', '-p', patch]))
    await waitUntil('the pod is gone', async () =>
      (await plane.kubectl(['get', 'pod', 'old-pod', '-n', 'shop'])).stderr.includes('(NotFound)'),
    )
  })

  test.each([
    ['annotated', { metadata: { annotations: { note: 'on' } } }],
    ['scaled', { spec: { replicas: 2 } }],
    ['given another image', imagePatch()],
  ])('a Deployment can be %s, with a warning', async (_what, patch) => {
    const { stderr } = succeeded(await patchDeployment('old-deployment', patch))
    expect(stderr).toMatch(/^Warning: .*\/var\/lib\/kubelet/)
  })

  test('kubectl scale works too', async () => {
    succeeded(await plane.kubectl(['scale', 'deployment', 'old-deployment', '-n', 'shop', '--replicas=3']))
  })

  test('a Deployment cannot be given one more dangerous volume', async () => {
    const volume = { name: 'logs', hostPath: { path: '/var/log' } }
    const result = await patchDeployment('old-deployment', { spec: { template: { spec: { volumes: [volume] } } } })
    refused(result, 'Deployment "shop/old-deployment"', 'volume "logs" mounts hostPath "/var/log"')
  })

  test('a Deployment that was good cannot be given a dangerous volume', async () => {
    const volume = { name: 'host', hostPath: { path: '/etc/kubernetes' } }
    const result = await patchDeployment('good-deployment', { spec: { template: { spec: { volumes: [volume] } } } })
    refused(result, 'Deployment "shop/good-deployment"', 'volume "host" mounts hostPath "/etc/kubernetes"')
  })

  test('the pods that a controller creates for it are refused, and its condition says why', async () => {
    await waitUntil('the deployment has the condition ReplicaFailure', async () => (await replicaFailure()) !== '')
    const message = await replicaFailure()
    expect(message).toContain(DENIED)
    expect(message).toMatch(/Pod "shop\/old-deployment-.*" is refused by policy host-path:/)
    expect(message).toContain(`"/var/lib/kubelet"`)
    expect(message).toContain(KUBELET)
  })
})

describe('registered for everything, in every namespace', () => {
  beforeAll(async () => {
    await unregisterGateway(plane)
    const rules = [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'], scope: '*' }]
    const change = { rules, namespaceSelector: {} }
    await registerGateway(plane, { port: gateway.port, authority: plane.webhookCa, change })
  })

  test('a cluster goes on: nodes, leases, bindings, status, scale, eviction, deletion', async () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-2' } }
    succeeded(await plane.kubectl(['create', '-f', '-'], { input: node }))
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: named('passer-by'), spec: podSpec('/data/app') }
    succeeded(await plane.kubectl(['create', '-f', '-'], { input: pod }))
    const pods = '/api/v1/namespaces/shop/pods/passer-by'
    const target = { apiVersion: 'v1', kind: 'Node', name: 'node-2' }
    answered(201, await plane.request('POST', `${pods}/binding`, { metadata: named('passer-by'), target }))
    const status = { status: { phase: 'Running' } }
    answered(200, await plane.request('PATCH', `${pods}/status`, status, 'application/merge-patch+json'))
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: named('passer-by') }
    answered(201, await plane.request('POST', `${pods}/eviction?dryRun=All`, eviction))
    succeeded(await plane.kubectl(['scale', 'deployment', 'good-deployment', '-n', 'shop', '--replicas=2']))
    succeeded(await plane.kubectl(['create', 'token', 'default', '-n', 'shop']))
    succeeded(await plane.kubectl(['delete', 'pod', 'passer-by', '-n', 'shop', '--force', '--grace-period=0']))
    succeeded(await plane.kubectl(['delete', 'pods', '--all', '-n', 'shop', '--force', '--grace-period=0']))
    succeeded(await plane.kubectl(['auth', 'can-i', 'create', 'pods']))
  })

  test('what is dangerous is still refused', async () => {
    const result = await plane.kubectl(['create', '-f', `${EXAMPLES}host-root-pod.yaml`])
    refused(result, 'Pod "shop/disk-cleaner"', 'volume "host" mounts hostPath "/"')
  })

  test('a namespace with everything in it can be deleted', async () => {
    succeeded(await plane.kubectl(['delete', 'namespace', 'shop', '--wait=false']))
    await waitUntil(
      'the namespace is gone',
      async () => (await plane.request('GET', '/api/v1/namespaces/shop')).status === 404,
    )
  })
})

test('no review went wrong', async () => {
  const metrics = await gateway.metrics()
  expect(metrics.split('\n').filter(line => /^portcullis_review_errors_total.* [1-9]/.test(line))).toEqual([])
  expect(
    gateway
      .log()
      .split('\n')
      .filter(line => /"level":[56]0/.test(line)),
  ).toEqual([])
})

function imagePatch(): unknown {
  return { spec: { template: { spec: { containers: [{ name: 'app', image: 'registry.example.com/app:2' }] } } } }
}

function patchDeployment(name: string, patch: unknown): Promise<Kubectl> {
  return plane.kubectl(['patch', 'deployment', name, '-n', 'shop', '-p', JSON.stringify(patch)])
}

/** `kubectl debug` with fields of its own for the ephemeral container. */
async function debug(container: unknown): Promise<Kubectl> {
  const file = join(plane.directory, 'debug-container.json')
  await writeFile(file, JSON.stringify(container))
  const image = '--image=registry.example.com/debug:1'
  return plane.kubectl(['debug', 'old-pod', '-n', 'shop', image, '--profile=general', `--custom=${file}`])
}

async function replicaFailure(): Promise<string> {
  const jsonPath = 'jsonpath={.status.conditions[?(@.type=="ReplicaFailure")].message}'
  return (await plane.kubectl(['get', 'deployment', 'old-deployment', '-n', 'shop', '-o', jsonPath])).stdout
}
