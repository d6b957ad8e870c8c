/** The two levels of the Pod Security Standards that forbid anything; `restricted` includes `baseline`. */
export type PodSecurityLevel = 'baseline' | 'restricted'

/** One control of the Pod Security Standards; versions are the N of v1.N. */
export interface PodSecurityControl {
  /** The ID of the control in Kubernetes' own registry (k8s.io/pod-security-admission/policy). */
  readonly upstreamId: string
  readonly level: PodSecurityLevel
  /** What a denial by Kubernetes itself calls it. */
  readonly reasons: readonly string[]
  /** The first version that has the control. */
  readonly since: number
  /** The versions at which what it allows changed, beside `since`. */
  readonly changed?: readonly number[]
  /** From this version on a control of the level `restricted` judges in its place. */
  readonly overridden?: { readonly since: number; readonly by: string }
  /** From this version on it asks nothing of pods whose `spec.os.name` is `windows`. */
  readonly sparesWindowsSince?: number
  /** From this version on it asks nothing of pods with `spec.hostUsers: false`. */
  readonly sparesUserNamespacesSince?: number
}

/** Every control, by the id of the check that judges it. */
export const POD_SECURITY_CONTROLS = {
  privileged: { upstreamId: 'privileged', level: 'baseline', reasons: ['privileged'], since: 0 },
  'host-namespaces': { upstreamId: 'hostNamespaces', level: 'baseline', reasons: ['host namespaces'], since: 0 },
  'host-process': { upstreamId: 'windowsHostProcess', level: 'baseline', reasons: ['hostProcess'], since: 0 },
  'host-path-volumes': {
    upstreamId: 'hostPathVolumes',
    level: 'baseline',
    reasons: ['hostPath volumes'],
    since: 0,
    overridden: { since: 0, by: 'restricted-volumes' },
  },
  'host-ports': { upstreamId: 'hostPorts', level: 'baseline', reasons: ['hostPort'], since: 0 },
  'host-probes': {
    upstreamId: 'hostProbesAndHostLifecycle',
    level: 'baseline',
    reasons: ['probe or lifecycle host'],
    since: 34,
  },
  'capabilities-baseline': {
    upstreamId: 'capabilities_baseline',
    level: 'baseline',
    reasons: ['non-default capabilities'],
    since: 0,
    overridden: { since: 22, by: 'capabilities-restricted' },
  },
  'app-armor': {
    upstreamId: 'appArmorProfile',
    level: 'baseline',
    reasons: ['forbidden AppArmor profile', 'forbidden AppArmor profiles'],
    since: 0,
  },
  'se-linux': { upstreamId: 'seLinuxOptions', level: 'baseline', reasons: ['seLinuxOptions'], since: 0, changed: [31] },
  'proc-mount': {
    upstreamId: 'procMount',
    level: 'baseline',
    reasons: ['procMount'],
    since: 0,
    overridden: { since: 35, by: 'proc-mount-restricted' },
    sparesUserNamespacesSince: 35,
  },
  'seccomp-baseline': {
    upstreamId: 'seccompProfile_baseline',
    level: 'baseline',
    reasons: ['seccompProfile'],
    since: 0,
    changed: [19],
    overridden: { since: 19, by: 'seccomp-restricted' },
  },
  sysctls: {
    upstreamId: 'sysctls',
    level: 'baseline',
    reasons: ['forbidden sysctls'],
    since: 0,
    changed: [27, 29, 32],
  },
  'restricted-volumes': {
    upstreamId: 'restrictedVolumes',
    level: 'restricted',
    reasons: ['restricted volume types'],
    since: 0,
  },
  'privilege-escalation': {
    upstreamId: 'allowPrivilegeEscalation',
    level: 'restricted',
    reasons: ['allowPrivilegeEscalation != false'],
    since: 8,
    sparesWindowsSince: 25,
  },
  'run-as-non-root': {
    upstreamId: 'runAsNonRoot',
    level: 'restricted',
    reasons: ['runAsNonRoot != true'],
    since: 0,
    sparesUserNamespacesSince: 35,
  },
  'run-as-user': {
    upstreamId: 'runAsUser',
    level: 'restricted',
    reasons: ['runAsUser=0'],
    since: 23,
    sparesUserNamespacesSince: 35,
  },
  'capabilities-restricted': {
    upstreamId: 'capabilities_restricted',
    level: 'restricted',
    reasons: ['unrestricted capabilities'],
    since: 22,
    sparesWindowsSince: 25,
  },
  'proc-mount-restricted': {
    upstreamId: 'procMount_restricted',
    level: 'restricted',
    reasons: ['procMount'],
    since: 35,
  },
  'seccomp-restricted': {
    upstreamId: 'seccompProfile_restricted',
    level: 'restricted',
    reasons: ['seccompProfile'],
    since: 19,
    sparesWindowsSince: 25,
  },
} as const satisfies Readonly<Record<string, PodSecurityControl>>

/** The id of a check that judges a control of the Pod Security Standards. */
export type PodSecurityId = keyof typeof POD_SECURITY_CONTROLS

/** What the table says about one check. */
export function controlOf(id: PodSecurityId): PodSecurityControl {
  return POD_SECURITY_CONTROLS[id]
}
