import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decision } from '../../src/policy/decide.ts'
import { denialsOf, hostPathSet, json, judge, requestFor, setOf } from '../support/engine.ts'
import { propertyOptions } from '../support/property.ts'

/** Every check that looks at a pod alone, and denies. */
const EVERYTHING = setOf(
  [
    ['host-path', [{ check: 'host-path' }]],
    ['memory-limits', [{ check: 'memory-limits' }]],
    ['node-network', [{ check: 'node-network-sysctls' }]],
    [
      'pod-security',
      [
        'app-armor',
        'capabilities-restricted',
        'capabilities-baseline',
        'host-namespaces',
        'host-path-volumes',
        'host-ports',
        'host-process',
        'privilege-escalation',
        'privileged',
        'proc-mount',
        'restricted-volumes',
        'run-as-non-root',
        'run-as-user',
        'se-linux',
        'seccomp-restricted',
        'sysctls',
      ].map(check => ({ check })),
    ],
  ]
    .map(([name, checks]) =>
      JSON.stringify({
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'Policy',
        metadata: { name },
        spec: { validationActions: ['Deny'], checks },
      }),
    )
    .join('\n---\n'),
)

interface Mount {
  name: string
  mountPath: string
  readOnly?: boolean
  mountPropagation?: string
}
interface Container {
  name: string
  image: string
  volumeMounts: Mount[]
  securityContext: Record<string, unknown> & { capabilities?: { add?: string[]; drop?: string[] } }
  ports: { containerPort: number; hostPort: number }[]
  args: string[]
}
interface Volume {
  name: string
  hostPath: { path: string }
}
interface Spec {
  hostNetwork: boolean
  hostPID: boolean
  securityContext: { runAsUser?: number; sysctls: { name: string; value: string }[] }
  initContainers: Container[]
  containers: Container[]
  volumes: Volume[]
}

const PATHS = ['/', '/etc', '/var', '/var/log', '/var/lib/kubelet', '/data/app', '/run/containerd']
const NAMES = ['a', 'b', 'c']

const mount: fc.Arbitrary<Mount> = fc.record(
  {
    name: fc.constantFrom('v0', 'v1'),
    mountPath: fc.constantFrom('/h', '/mnt/x'),
    readOnly: fc.boolean(),
    mountPropagation: fc.constantFrom('None', 'HostToContainer', 'Bidirectional'),
  },
  { requiredKeys: ['name', 'mountPath'] },
)
const container = (name: string): fc.Arbitrary<Container> =>
  fc.record({
    name: fc.constant(name),
    image: fc.constantFrom('x:1', 'y:1'),
    volumeMounts: fc.uniqueArray(mount, { selector: one => one.mountPath, maxLength: 2 }),
    securityContext: fc.record(
      {
        privileged: fc.boolean(),
        allowPrivilegeEscalation: fc.boolean(),
        runAsNonRoot: fc.boolean(),
        runAsUser: fc.constantFrom(0, 1000),
        procMount: fc.constantFrom('Default', 'Unmasked'),
        seccompProfile: fc.constantFrom({ type: 'Unconfined' }, { type: 'RuntimeDefault' }),
        capabilities: fc.record({
          add: fc.uniqueArray(fc.constantFrom('ALL', 'SYS_ADMIN', 'NET_ADMIN'), { maxLength: 2 }),
          drop: fc.constantFrom([], ['ALL']),
        }),
      },
      { requiredKeys: [] },
    ),
    ports: fc.uniqueArray(fc.record({ containerPort: fc.constant(80), hostPort: fc.constantFrom(80, 443) }), {
      selector: port => port.hostPort,
      maxLength: 2,
    }),
    args: fc.constantFrom([], ['sysctl', '-w', 'net.ipv4.ip_forward=0']),
  })
const spec: fc.Arbitrary<Spec> = fc.record({
  hostNetwork: fc.boolean(),
  hostPID: fc.boolean(),
  securityContext: fc.record(
    {
      runAsUser: fc.constantFrom(0, 1000),
      sysctls: fc.constantFrom([], [{ name: 'kernel.msgmax', value: '1' }]),
    },
    { requiredKeys: ['sysctls'] },
  ),
  initContainers: fc.array(container('init'), { maxLength: 1 }),
  containers: fc
    .subarray(NAMES, { minLength: 1 })
    .chain(names => fc.tuple(...names.map(container)).map(containers => [...containers])),
  volumes: fc
    .tuple(fc.constantFrom(...PATHS), fc.constantFrom(...PATHS))
    .map(paths => paths.map((path, index) => ({ name: `v${index}`, hostPath: { path } }))),
})

/** A change, and a number that picks what it is made to. Returns false if there is nothing that it could be made to. */
type Change = (pod: Spec, pick: (list: number) => number) => boolean

const everyone = (pod: Spec) => [...pod.initContainers, ...pod.containers]
const one = (pod: Spec, pick: (length: number) => number): Container => {
  const all = everyone(pod)
  const found = all[pick(all.length)]
  if (found === undefined) throw new Error('a pod has containers')
  return found
}
const oneMount = (pod: Spec, pick: (length: number) => number): Mount | undefined => {
  const { volumeMounts } = one(pod, pick)
  return volumeMounts[pick(volumeMounts.length)]
}

const MILDER: Readonly<Record<string, Change>> = {
  'makes a mount read-only': (pod, pick) => {
    const found = oneMount(pod, pick)
    if (found !== undefined) found.readOnly = true
    return found !== undefined
  },
  'narrows a path': (pod, pick) => {
    const volume = pod.volumes[pick(pod.volumes.length)]
    if (volume === undefined) return false
    // Below what another volume of the pod may write there may be a link: that is no narrower.
    if (pod.volumes.filter(({ hostPath }) => hostPath.path === '/data/app').length > 1) return false
    volume.hostPath.path = `${volume.hostPath.path === '/' ? '' : volume.hostPath.path}/app`
    return true
  },
  'renames a container': (pod, pick) => {
    const found = one(pod, pick)
    found.name = `${found.name}x`
    return true
  },
  'renames a volume': (pod, pick) => {
    const volume = pod.volumes[pick(pod.volumes.length)]
    if (volume === undefined) return false
    const before = volume.name
    volume.name = `${before}x`
    for (const { volumeMounts } of everyone(pod)) {
      for (const found of volumeMounts) if (found.name === before) found.name = volume.name
    }
    return true
  },
  'moves a mount': (pod, pick) => {
    const found = oneMount(pod, pick)
    if (found !== undefined) found.mountPath = `${found.mountPath}/y`
    return found !== undefined
  },
  'drops a mount': (pod, pick) => one(pod, pick).volumeMounts.pop() !== undefined,
  'drops a volume and its mounts': pod => {
    const volume = pod.volumes.pop()
    for (const found of everyone(pod)) {
      found.volumeMounts = found.volumeMounts.filter(({ name }) => name !== volume?.name)
    }
    return volume !== undefined
  },
  'drops a container': pod => pod.containers.length > 1 && pod.containers.pop() !== undefined,
  'drops the init container': pod => pod.initContainers.pop() !== undefined,
  'swaps two containers': pod => pod.containers.reverse().length > 1,
  'drops mount propagation': (pod, pick) => {
    const found = oneMount(pod, pick)
    if (found !== undefined) found.mountPropagation = 'None'
    return found !== undefined
  },
  'ends privilege': (pod, pick) => {
    one(pod, pick).securityContext.privileged = false
    return true
  },
  'forbids escalation': (pod, pick) => {
    one(pod, pick).securityContext.allowPrivilegeEscalation = false
    return true
  },
  'demands another user than root': (pod, pick) => {
    one(pod, pick).securityContext.runAsNonRoot = true
    return true
  },
  'sets another user than root': (pod, pick) => {
    one(pod, pick).securityContext.runAsUser = 1000
    return true
  },
  'sets a seccomp profile': (pod, pick) => {
    one(pod, pick).securityContext.seccompProfile = { type: 'RuntimeDefault' }
    return true
  },
  'sets the user of the containers instead of that of the pod': pod => {
    if (pod.securityContext.runAsUser === undefined) return false
    for (const { securityContext } of everyone(pod)) securityContext.runAsUser ??= pod.securityContext.runAsUser
    delete pod.securityContext.runAsUser
    return true
  },
  'drops all capabilities': (pod, pick) => {
    const { securityContext } = one(pod, pick)
    securityContext.capabilities = { ...securityContext.capabilities, drop: ['ALL'] }
    return true
  },
  'drops an added capability': (pod, pick) => one(pod, pick).securityContext.capabilities?.add?.pop() !== undefined,
  'adds one capability instead of all': (pod, pick) => {
    const { capabilities } = one(pod, pick).securityContext
    if (capabilities?.add?.includes('ALL') !== true) return false
    capabilities.add = ['SYS_ADMIN']
    return true
  },
  'leaves the network of the node': pod => {
    pod.hostNetwork = false
    return true
  },
  'leaves the processes of the node': pod => {
    pod.hostPID = false
    return true
  },
  'drops a sysctl': pod => pod.securityContext.sysctls.pop() !== undefined,
  'frees a port of the node': (pod, pick) => one(pod, pick).ports.pop() !== undefined,
}

const workload = (template: unknown) =>
  json({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app', namespace: 'shop' },
    spec: { selector: {}, template: { metadata: {}, spec: template } },
  })
const update = (object: Spec, old: Spec): Decision =>
  judge(EVERYTHING, requestFor(workload(object), { oldObject: workload(old) }))

const { numRuns, seed } = propertyOptions('milder-updates', 100)
const TIMEOUT = 60_000 + numRuns * 60
const steps = fc.array(fc.tuple(fc.constantFrom(...Object.keys(MILDER)), fc.nat(100)), { minLength: 1, maxLength: 5 })
const picker = (nat: number) => (length: number) => (length === 0 ? 0 : nat % length)

describe('an update that makes an object milder', () => {
  it.each(Object.entries(MILDER))(
    'that %s is never refused',
    (_what, change) => {
      fc.assert(
        fc.property(spec, fc.nat(100), (old, nat) => {
          const pod = structuredClone(old)
          fc.pre(change(pod, picker(nat)))
          expect(denialsOf(update(pod, old))).toEqual([])
        }),
        { numRuns: Math.ceil(numRuns / 5), seed },
      )
    },
    TIMEOUT,
  )

  it(
    'is never refused, whatever it is made of',
    () => {
      fc.assert(
        fc.property(spec, steps, (old, changes) => {
          const pod = structuredClone(old)
          for (const [name, nat] of changes) MILDER[name]?.(pod, picker(nat))
          expect(denialsOf(update(pod, old))).toEqual([])
        }),
        { numRuns, seed },
      )
    },
    TIMEOUT,
  )
})

const WORSE: Readonly<Record<string, Change>> = {
  'lets a mount write again': (pod, pick) => {
    const found = oneMount(pod, pick)
    const volume = pod.volumes.find(({ name }) => name === found?.name)
    if (found?.readOnly !== true || volume?.hostPath.path === '/data/app') return false
    found.readOnly = false
    return true
  },
  'widens a path': (pod, pick) => {
    const volume = pod.volumes[pick(pod.volumes.length)]
    if (volume === undefined || volume.hostPath.path === '/') return false
    // Of two volumes of one path, one may take the place of the other.
    if (pod.volumes.some(({ hostPath }) => hostPath.path === '/')) return false
    volume.hostPath.path = '/'
    return true
  },
  'adds a volume': pod => pod.volumes.push({ name: 'more', hostPath: { path: '/root' } }) > 0,
  'mounts a volume once more': (pod, pick) => {
    const volume = pod.volumes.find(({ hostPath }) => hostPath.path !== '/data/app')
    if (volume === undefined) return false
    return one(pod, pick).volumeMounts.push({ name: volume.name, mountPath: '/more' }) > 0
  },
  'adds a privileged container': (pod, pick) => {
    const added = structuredClone(one(pod, pick))
    added.name = 'more'
    added.securityContext.privileged = true
    return pod.containers.push(added) > 0
  },
  'adds all capabilities': (pod, pick) => {
    const { securityContext } = one(pod, pick)
    if (securityContext.capabilities?.add?.includes('ALL') === true) return false
    securityContext.capabilities = { ...securityContext.capabilities, add: ['ALL'] }
    return true
  },
  'enters the processes of the node': pod => {
    if (pod.hostPID) return false
    pod.hostPID = true
    return true
  },
}

describe('an update that makes an object worse', () => {
  it.each(Object.entries(WORSE))(
    'that %s is refused',
    (_what, change) => {
      fc.assert(
        fc.property(spec, fc.nat(100), (old, nat) => {
          const pod = structuredClone(old)
          fc.pre(change(pod, picker(nat)))
          expect(update(pod, old).allowed).toBe(false)
        }),
        { numRuns: Math.ceil(numRuns / 5), seed },
      )
    },
    TIMEOUT,
  )
})

describe('a host path is no milder', () => {
  const volume = (path: string) => ({
    containers: [{ name: 'a', image: 'x:1' }],
    volumes: [{ name: 'v', hostPath: { path } }],
  })
  it.each([
    ['through a process', '/proc', '/proc/1/root'],
    ['by two dots', '/etc', '/etc/../root'],
    ['beside the old one', '/var/lib/kubelet', '/var/lib/kubelet-2/../../etc'],
    ['that contains the old one', '/etc/ssl', '/etc'],
    ['whose name begins like the old one', '/etc', '/etcd/../etc'],
  ])('%s', (_what, before, after) => {
    const request = requestFor(workload(volume(after)), { oldObject: workload(volume(before)) })
    expect(judge(hostPathSet(), request).allowed).toBe(false)
  })
})
