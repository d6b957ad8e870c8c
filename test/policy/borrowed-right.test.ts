import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json/value.ts'
import { json, judge, requestFor, setOf } from '../support/engine.ts'

const REASON = 'portcullis.dev/break-glass-reason'
const NOW = Date.UTC(2026, 0, 1)

const POLICY = `
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: host-path}
spec: {validationActions: [Deny], checks: [{check: host-path}]}
`
const exception = (spec: object) =>
  JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: { name: 'agent', namespace: 'portcullis-system' },
    spec: { policies: ['host-path'], images: ['good/*'], reason: 'it reads logs', ...spec },
  })
const person = (username: string, ...groups: readonly string[]) => ({ username, uid: '', groups })

/** Under which exception the old object may have come in, and who updates it. `D` denied, `W` warned of, `E` exempt. */
const COLUMNS = {
  'no exception, by anyone': { spec: undefined, user: person('bob') },
  'for alice, by bob': { spec: { match: { namespaces: ['shop'], users: ['alice'] } }, user: person('bob', 'dev') },
  'for alice, by alice': { spec: { match: { namespaces: ['shop'], users: ['alice'] } }, user: person('alice') },
  'for a group, by a stranger to it': { spec: { match: { groups: ['ops'] } }, user: person('bob', 'dev') },
  'past its date, by anyone': { spec: { expires: '2025-06-01T00:00:00Z' }, user: person('bob') },
  'past its date, by its user': {
    spec: { expires: '2025-06-01T00:00:00Z', match: { users: ['alice'] } },
    user: person('alice'),
  },
  'break-glass, by a developer': { spec: { breakGlass: { groups: ['sre'] } }, user: person('bob', 'dev') },
  'break-glass, by an engineer': { spec: { breakGlass: { groups: ['sre'] } }, user: person('ann', 'sre') },
  'for labels of the namespace that are unknown': {
    spec: { match: { namespaceSelector: { matchLabels: { team: 'infra' } } } },
    user: person('bob'),
  },
  'for a label and alice, by bob': {
    spec: { match: { objectSelector: { matchLabels: { app: 'agent' } }, users: ['alice'] } },
    user: person('bob'),
  },
  'for another namespace': { spec: { match: { namespaces: ['infra'], users: ['alice'] } }, user: person('bob') },
} as const

interface Agent {
  metadata: { labels: Record<string, string>; annotations: Record<string, string>; finalizers?: string[] } & object
  spec: { replicas: number; template: { metadata: JsonObject; spec: Template } }
}
interface Template extends Record<string, unknown> {
  containers: Record<string, unknown>[]
  volumes: Record<string, unknown>[]
}

function agent(): Agent {
  return structuredClone({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'agent',
      namespace: 'shop',
      labels: { app: 'agent' },
      annotations: { [REASON]: 'INC-1' },
      finalizers: ['example.com/hold'],
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'agent' } },
      template: {
        metadata: { labels: { app: 'agent' } },
        spec: {
          serviceAccountName: 'agent',
          containers: [
            {
              name: 'agent',
              image: 'good/agent:1',
              command: ['/agent'],
              args: ['--follow'],
              env: [{ name: 'MODE', value: 'read' }],
              securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN', 'NET_ADMIN'] } },
              volumeMounts: [
                { name: 'h', mountPath: '/h' },
                { name: 'd', mountPath: '/d' },
              ],
            },
            { name: 'side', image: 'good/side:1' },
          ],
          volumes: [
            { name: 'h', hostPath: { path: '/var/log' } },
            { name: 'd', emptyDir: {} },
          ],
        },
      },
    },
  })
}

type Change = (object: Agent, spec: Template, first: Record<string, unknown>) => void
const set =
  (field: string, value: unknown): Change =>
  (_object, _spec, first) => {
    first[field] = value
  }
const setInPod =
  (field: string, value: unknown): Change =>
  (_object, spec) => {
    spec[field] = value
  }

/** One letter for each column, in their order. */
const ROWS: readonly (readonly [update: string, expected: string, change: Change])[] = [
  ['that changes nothing', 'WWEWWWWWWWW', () => undefined],
  // biome-ignore format: one line each
  ['of a label that nothing selects on', 'WWEWWWWWWWW', object => { object.metadata.labels.tier = 'back' }],
  // biome-ignore format: one line each
  ['of the replicas', 'WWEWWWWWWWW', object => { object.spec.replicas = 5 }],
  // biome-ignore format: one line each
  ['that removes a finalizer', 'WWEWWWWWWWW', object => { delete object.metadata.finalizers }],
  // biome-ignore format: one line each
  ['that restarts the pods', 'WWEWWWWWWWW', object => { object.spec.template.metadata = { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } }],
  ['of the resources', 'WWEWWWWWWWW', set('resources', { limits: { memory: '1Gi' } })],
  ['of a device among the resources', 'WDEDDDDEDDW', set('resources', { limits: { 'example.com/fuse': '1' } })],
  ['of where the last message is written', 'WDEDDDDEDDW', set('terminationMessagePath', '/h/cron.d/x')],
  ['that drops every mount', 'WWWWWWWWWWW', set('volumeMounts', [])],
  ['of the grace period', 'WWEWWWWWWWW', setInPod('terminationGracePeriodSeconds', 5)],
  ['to another image of the exception', 'WDEDDDDEDDW', set('image', 'good/agent:2')],
  ['to an image of somebody else', 'WDDDDDDDDDW', set('image', 'evil/agent:1')],
  ['of the command', 'WDEDDDDEDDW', set('command', ['/bin/sh'])],
  ['of the arguments', 'WDEDDDDEDDW', set('args', ['--exec', 'rm'])],
  ['of a variable', 'WDEDDDDEDDW', set('env', [{ name: 'MODE', value: 'write' }])],
  ['that takes variables from elsewhere', 'WDEDDDDEDDW', set('envFrom', [{ configMapRef: { name: 'mine' } }])],
  ['of the working directory', 'WDEDDDDEDDW', set('workingDir', '/h')],
  ['of a probe', 'WDEDDDDEDDW', set('livenessProbe', { exec: { command: ['sh', '-c', 'id'] } })],
  ['of a hook', 'WDEDDDDEDDW', set('lifecycle', { postStart: { exec: { command: ['id'] } } })],
  ['that pulls the image anew', 'WDEDDDDEDDW', set('imagePullPolicy', 'Always')],
  ['that keeps a terminal open', 'WDEDDDDEDDW', set('stdin', true)],
  // biome-ignore format: one line each
  ['that adds a container', 'WDEDDDDEDDW', (_o, spec) => { spec.containers.push({ name: 'x', image: 'good/x:1' }) }],
  ['that adds an init container', 'WDEDDDDEDDW', setInPod('initContainers', [{ name: 'x', image: 'good/x:1' }])],
  // biome-ignore format: one line each
  ['that drops the other container', 'WWEWWWWWWWW', (_o, spec) => { spec.containers.pop() }],
  // biome-ignore format: one line each
  ['that renames the other container', 'WDEDDDDEDDW', (_o, spec) => { spec.containers[1] = { name: 'y', image: 'good/side:1' } }],
  // biome-ignore format: one line each
  ['of the image of the other container', 'WDEDDDDEDDW', (_o, spec) => { spec.containers[1] = { name: 'side', image: 'good/side:2' } }],
  // biome-ignore format: one line each
  ['that mounts the volume into the other container', 'DDEDDDDEDDD', (_o, spec) => { spec.containers[1] = { name: 'side', image: 'good/side:1', volumeMounts: [{ name: 'h', mountPath: '/h' }] } }],
  // biome-ignore format: one line each
  ['that mounts it into a container of somebody else', 'DDDDDDDDDDD', (_o, spec) => { spec.containers[1] = { name: 'side', image: 'evil/side:1', volumeMounts: [{ name: 'h', mountPath: '/h' }] } }],
  // biome-ignore format: one line each
  ['that makes the mount read-only', 'WWEWWWWWWWW', set('volumeMounts', [{ name: 'h', mountPath: '/h', readOnly: true }, { name: 'd', mountPath: '/d' }])],
  ['that drops a mount', 'WWEWWWWWWWW', set('volumeMounts', [{ name: 'h', mountPath: '/h' }])],
  // biome-ignore format: one line each
  ['that drops an unused volume', 'WWEWWWWWWWW', (_o, spec, first) => { first.volumeMounts = [{ name: 'h', mountPath: '/h' }]; spec.volumes.pop() }],
  // biome-ignore format: one line each
  ['that adds a volume', 'WDEDDDDEDDW', (_o, spec) => { spec.volumes.push({ name: 'e', secret: { secretName: 'theirs' } }) }],
  // biome-ignore format: one line each
  ['of the type of the volume', 'WDEDDDDEDDW', (_o, spec) => { spec.volumes[0] = { name: 'h', hostPath: { path: '/var/log', type: 'Directory' } } }],
  // biome-ignore format: one line each
  ['to another protected path', 'DDEDDDDEDDD', (_o, spec) => { spec.volumes[0] = { name: 'h', hostPath: { path: '/etc' } } }],
  ['of the service account', 'WDEDDDDEDDW', setInPod('serviceAccountName', 'cluster-admin')],
  ['of the node', 'WDEDDDDEDDW', setInPod('nodeName', 'control-plane-1')],
  ['of the node selector', 'WDEDDDDEDDW', setInPod('nodeSelector', { 'node-role.kubernetes.io/control-plane': '' })],
  ['of the tolerations', 'WDEDDDDEDDW', setInPod('tolerations', [{ operator: 'Exists' }])],
  ['that shares the processes', 'WDEDDDDEDDW', setInPod('shareProcessNamespace', true)],
  ['that enters the network of the node', 'WDEDDDDEDDW', setInPod('hostNetwork', true)],
  ['that leaves it to the default', 'WWEWWWWWWWW', setInPod('hostNetwork', false)],
  ['of the runtime class', 'WDEDDDDEDDW', setInPod('runtimeClassName', 'runc')],
  [
    'that drops privileges',
    'WWEWWWWWWWW',
    set('securityContext', { privileged: false, capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } }),
  ],
  [
    'that demands another user than root',
    'WWEWWWWWWWW',
    set('securityContext', { privileged: true, runAsNonRoot: true, capabilities: { add: ['SYS_ADMIN', 'NET_ADMIN'] } }),
  ],
  // biome-ignore format: one line each
  ['that sets a seccomp profile', 'WWEWWWWWWWW', set('securityContext', { privileged: true, seccompProfile: { type: 'RuntimeDefault' }, capabilities: { add: ['SYS_ADMIN', 'NET_ADMIN'] } })],
  ['of the user', 'WDEDDDDEDDW', set('securityContext', { privileged: true, runAsUser: 0 })],
  [
    'that adds a capability',
    'WDEDDDDEDDW',
    set('securityContext', { privileged: true, capabilities: { add: ['SYS_ADMIN', 'NET_ADMIN', 'BPF'] } }),
  ],
  // biome-ignore format: one line each
  ['of the label that an exception selects', 'WWEWWWWWWDW', object => { object.metadata.labels.app = 'other' }],
  // biome-ignore format: one line each
  ['that removes the reason', 'WWEWWWDDWWW', object => { delete object.metadata.annotations[REASON] }],
  // biome-ignore format: one line each
  ['that changes the reason', 'WWEWWWDEWWW', object => { object.metadata.annotations[REASON] = 'INC-2' }],
]

describe('an update of what an exception may have let in', () => {
  const cells = ROWS.flatMap(([update, expected, change]) =>
    Object.entries(COLUMNS).map(([column, facts], index) => ({
      name: `${update}, ${column}`,
      expected: expected[index],
      change,
      ...facts,
    })),
  )

  it('is tried in more than two hundred ways, each with an outcome', () => {
    expect(cells.length).toBeGreaterThan(200)
    expect(ROWS.every(([, expected]) => expected.length === Object.keys(COLUMNS).length)).toBe(true)
  })

  it.each(cells)('$name: $expected', ({ expected, change, spec, user }) => {
    const object = agent()
    const [first] = object.spec.template.spec.containers
    if (first === undefined) throw new Error('the agent has a container')
    change(object, object.spec.template.spec, first)
    const documents = setOf(POLICY, spec === undefined ? '' : exception(spec))
    const decision = judge(documents, requestFor(json(object), { oldObject: agent(), userInfo: user }), { now: NOW })
    const isKept = decision.warnings.some(({ finding }) => finding.relaxed !== undefined)
    const outcome = decision.allowed ? (isKept ? 'W' : 'E') : 'D'
    expect(outcome).toBe(expected)
  })
})

describe('a right is borrowed, too, by', () => {
  const pss = POLICY.replace('check: host-path', 'check: host-path-volumes')
  const judged = (spec: object, object: unknown, oldObject: unknown) =>
    judge(setOf(pss, exception(spec)), requestFor(json(object), { oldObject, userInfo: person('bob') }), { now: NOW })

  it('a volume that no container mounts any more', () => {
    const unmounted = agent()
    const [first] = unmounted.spec.template.spec.containers
    if (first !== undefined) first['volumeMounts'] = []
    const taken = structuredClone(unmounted)
    taken.spec.template.spec.containers.push({
      name: 'x',
      image: 'evil/x:1',
      volumeMounts: [{ name: 'h', mountPath: '/h' }],
    })
    expect(judged({ match: { users: ['alice'] } }, unmounted, agent()).allowed).toBe(true)
    expect(judged({ match: { users: ['alice'] } }, taken, unmounted).allowed).toBe(false)
  })

  it('each template of a list, of which one may be dropped', () => {
    const jobs = (...names: readonly string[]) => ({
      apiVersion: 'jobset.x-k8s.io/v1alpha2',
      kind: 'JobSet',
      metadata: { name: 's', namespace: 'shop' },
      spec: {
        replicatedJobs: names.map(name => ({
          name,
          template: {
            spec: {
              template: {
                spec: {
                  containers: [{ name, image: `good/${name}:1`, volumeMounts: [{ name: 'h', mountPath: '/h' }] }],
                  volumes: [{ name: 'h', hostPath: { path: '/var/log' } }],
                },
              },
            },
          },
        })),
      },
    })
    const spec = { match: { users: ['alice'] } }
    expect(judged(spec, jobs('b', 'c'), jobs('a', 'b', 'c')).allowed).toBe(true)
    expect(judged(spec, jobs('b', 'd'), jobs('a', 'b', 'c')).allowed).toBe(false)
  })

  it('a pod that waits: its queue may say where it runs, and nothing else', () => {
    const pod = (spec: object) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'shop' },
      spec: {
        containers: [{ name: 'a', image: 'good/a:1', volumeMounts: [{ name: 'h', mountPath: '/h' }] }],
        volumes: [{ name: 'h', hostPath: { path: '/var/log' } }],
        ...spec,
      },
    })
    const gated = pod({ schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] })
    const spec = { match: { users: ['alice'] } }
    expect(judged(spec, pod({ nodeSelector: { zone: 'a' } }), gated).allowed).toBe(true)
    expect(judged(spec, pod({ nodeSelector: { zone: 'a' } }), pod({})).allowed).toBe(false)
    expect(judged(spec, pod({ tolerations: [{ operator: 'Exists' }] }), gated).allowed).toBe(false)
  })
})
