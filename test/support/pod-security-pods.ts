import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/json/value.ts'

/** Fields that controls look at, with values on both sides of each boundary; undefined leaves the field out. */
type Choices = Readonly<Record<string, readonly unknown[]>>

const CAPABILITIES = ['NET_BIND_SERVICE', 'CHOWN', 'NET_RAW', 'SYS_ADMIN', 'ALL', 'SETFCAP', 'net_bind_service']
const CONTEXT: Choices = {
  privileged: [undefined, false, true],
  allowPrivilegeEscalation: [undefined, false, true],
  runAsNonRoot: [undefined, false, true],
  runAsUser: [undefined, 0, 1, 1000],
  procMount: [undefined, 'Default', 'Unmasked'],
  capabilities: [
    undefined,
    {},
    { drop: ['ALL'] },
    { drop: ['NET_RAW'] },
    { drop: ['all'] },
    ...CAPABILITIES.map(name => ({ add: [name] })),
    ...CAPABILITIES.map(name => ({ drop: ['ALL'], add: [name] })),
  ],
  seLinuxOptions: [
    undefined,
    {},
    { type: '' },
    ...['container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t', 'spc_t'].map(type => ({ type })),
    { user: 'sysadm_u' },
    { role: 'sysadm_r' },
    { level: 's0:c1' },
  ],
  seccompProfile: [
    undefined,
    { type: 'RuntimeDefault' },
    { type: 'Unconfined' },
    { type: 'Localhost', localhostProfile: 'p.json' },
  ],
  appArmorProfile: [
    undefined,
    { type: 'RuntimeDefault' },
    { type: 'Unconfined' },
    { type: 'Localhost', localhostProfile: 'p' },
  ],
}
const { privileged: _p, allowPrivilegeEscalation: _a, procMount: _m, capabilities: _c, ...POD_CONTEXT } = CONTEXT

const probe = (host?: string) => ({ httpGet: { path: '/', port: 80, ...(host !== undefined && { host }) } })
const CONTAINER: Choices = {
  ports: [
    undefined,
    [],
    [{ containerPort: 80 }],
    [{ containerPort: 80, hostPort: 80 }],
    [{ containerPort: 81 }, { containerPort: 82, hostPort: 82 }],
  ],
  livenessProbe: [undefined, probe(), probe(''), probe('127.0.0.1'), { tcpSocket: { port: 80, host: 'db' } }],
  readinessProbe: [undefined, { tcpSocket: { port: 80 } }, { exec: { command: ['true'] } }, probe('example.com')],
  startupProbe: [undefined, probe('::1')],
  lifecycle: [
    undefined,
    { postStart: { exec: { command: ['true'] } } },
    { preStop: { httpGet: { port: 80, host: 'example.com' } } },
    { postStart: { tcpSocket: { port: 80, host: 'db' } } },
    { preStop: { sleep: { seconds: 1 } } },
  ],
}
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
  'net.core.somaxconn',
  'kernel.msgmax',
]
const SPEC: Choices = {
  hostNetwork: [undefined, false, true],
  hostPID: [undefined, false, true],
  hostIPC: [undefined, false, true],
  hostUsers: [undefined, true, false],
  volumes: [
    undefined,
    [],
    ...[
      { emptyDir: {} },
      { configMap: { name: 'c' } },
      { secret: { secretName: 's' } },
      { projected: { sources: [] } },
      { downwardAPI: { items: [] } },
      { csi: { driver: 'd.example.com' } },
      { persistentVolumeClaim: { claimName: 'c' } },
      {
        ephemeral: {
          volumeClaimTemplate: {
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        },
      },
      { image: { reference: 'registry.example.com/data:1' } },
      { hostPath: { path: '/data' } },
      { nfs: { server: 's', path: '/p' } },
      { iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2001-04.com.example:x', lun: 0 } },
      { fc: { targetWWNs: ['5'], lun: 0 } },
      { rbd: { monitors: ['m'], image: 'i' } },
      { cephfs: { monitors: ['m'] } },
      { glusterfs: { endpoints: 'e', path: 'p' } },
      { flexVolume: { driver: 'example.com/d' } },
      { gitRepo: { repository: 'r' } },
      { awsElasticBlockStore: { volumeID: 'v' } },
      { azureFile: { secretName: 's', shareName: 's' } },
      { portworxVolume: { volumeID: 'v' } },
      { quobyte: { registry: 'r:1', volume: 'v' } },
    ].map(source => [{ name: 'v', ...source }]),
  ],
}

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io'
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
const ANNOTATIONS: readonly (readonly [string, string])[] = [
  [`${APP_ARMOR}/app`, 'runtime/default'],
  [`${APP_ARMOR}/app`, 'localhost/p'],
  [`${APP_ARMOR}/app`, 'unconfined'],
  [`${APP_ARMOR}/second`, 'unconfined'],
  [SECCOMP, 'runtime/default'],
  [SECCOMP, 'localhost/p'],
  [SECCOMP, 'unconfined'],
  [SECCOMP, 'docker/default'],
  ['container.seccomp.security.alpha.kubernetes.io/app', 'unconfined'],
]

const SAFE = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}

type Mutable = Record<string, unknown>

/** A pod that the level restricted takes, as a start. */
function safePod(): { metadata: Mutable; spec: Mutable & { containers: Mutable[] } } & Mutable {
  const container = { name: 'app', image: 'app:1', securityContext: { ...SAFE } }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { annotations: {} }, spec: { containers: [container] } }
}

const set = (target: Mutable, key: string, value: unknown) => {
  if (value === undefined) delete target[key]
  else target[key] = structuredClone(value)
}

/** A change of one field of a pod. */
type Change = (pod: ReturnType<typeof safePod>) => void

const LISTS = ['containers', 'initContainers'] as const

/** The container of a list that a change is about; it is added where it is not there. */
function containerIn(pod: ReturnType<typeof safePod>, list: (typeof LISTS)[number], name: string): Mutable {
  const spec: Mutable = pod.spec
  spec[list] ??= []
  const containers = spec[list] as Mutable[]
  let found = containers.find(container => container['name'] === name)
  if (found === undefined) {
    found = { name, image: 'app:1', securityContext: { ...SAFE } }
    containers.push(found)
  }
  return found
}

const TARGETS = [
  ['containers', 'app'],
  ['containers', 'second'],
  ['initContainers', 'first'],
] as const

/** Every change there is, one for each value of each field in each place. */
export const CHANGES: readonly Change[] = [
  ...Object.entries(SPEC).flatMap(([key, values]) =>
    values.map(
      (value): Change =>
        pod =>
          set(pod.spec, key, value),
    ),
  ),
  ...Object.entries(POD_CONTEXT).flatMap(([key, values]) =>
    values.map(
      (value): Change =>
        pod => {
          pod.spec['securityContext'] ??= {}
          set(pod.spec['securityContext'] as Mutable, key, value)
        },
    ),
  ),
  ...[...SYSCTLS.map(name => [name]), ['net.ipv4.tcp_syncookies', 'kernel.msgmax']].map(
    (names): Change =>
      pod => {
        pod.spec['securityContext'] ??= {}
        const sysctls = names.map(name => ({ name, value: '1' }))
        set(pod.spec['securityContext'] as Mutable, 'sysctls', sysctls)
      },
  ),
  ...TARGETS.flatMap(([list, name]) => [
    ...Object.entries(CONTEXT).flatMap(([key, values]) =>
      values.map(
        (value): Change =>
          pod => {
            const container = containerIn(pod, list, name)
            container['securityContext'] ??= {}
            set(container['securityContext'] as Mutable, key, value)
          },
      ),
    ),
    ((pod): void => set(containerIn(pod, list, name), 'securityContext', undefined)) satisfies Change,
    ...Object.entries(CONTAINER)
      .filter(([key]) => list === 'containers' || key === 'ports')
      .flatMap(([key, values]) =>
        values.map(
          (value): Change =>
            pod =>
              set(containerIn(pod, list, name), key, value),
        ),
      ),
  ]),
  ...ANNOTATIONS.map(
    ([key, value]): Change =>
      pod => {
        ;(pod.metadata['annotations'] as Mutable)[key] = value
      },
  ),
  // What Windows asks of nobody; its own pods may not have the fields of Linux.
  pod => {
    pod.spec['os'] = { name: 'windows' }
    for (const container of pod.spec.containers) delete container['securityContext']
  },
  pod => {
    pod.spec['os'] = { name: 'windows' }
    pod.spec['hostNetwork'] = true
    pod.spec['securityContext'] = { windowsOptions: { hostProcess: true, runAsUserName: 'x' } }
    for (const container of pod.spec.containers) delete container['securityContext']
  },
  pod => {
    pod.spec['os'] = { name: 'linux' }
  },
]

const done = (pod: unknown): JsonObject => pod as JsonObject & Json

/** One pod for each change of a pod that restricted takes, and for each in a user namespace. */
export function boundaryPods(): readonly JsonObject[] {
  const userNamespace: Change = pod => set(pod.spec, 'hostUsers', false)
  return [[], [userNamespace]].flatMap(first =>
    CHANGES.map(change => {
      const pod = safePod()
      for (const apply of [...first, change]) apply(pod)
      return done(pod)
    }),
  )
}

/** A pod with some changes at once. */
export const podSecurityPod: fc.Arbitrary<JsonObject> = fc
  .array(fc.nat(CHANGES.length - 1), { minLength: 1, maxLength: 5 })
  .map(indices => {
    const pod = safePod()
    for (const index of indices) CHANGES[index]?.(pod)
    return done(pod)
  })

/** Versions at which a control came or changed, those before them, and the newest. */
export const VERSIONS: readonly string[] = [
  ...[0, 1, 7, 8, 18, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35].map(minor => `v1.${minor}`),
  'latest',
]
