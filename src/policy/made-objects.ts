import type { AdmissionRequest } from '../admission/request.ts'
import { quote } from '../admission/text.ts'
import type { Finding } from '../checks/check.ts'
import { dig, getString, type Json, type JsonObject } from '../json/value.ts'
import { templatesOf } from '../workload/embedded.ts'
import { KUBERNETES_KINDS } from '../workload/kinds.ts'
import { labelsOf, selects } from '../workload/selector.ts'
import type { CompiledPolicy } from './compile.ts'
import type { CompiledException } from './exceptions.ts'
import { grantFor, type OwnedFinding } from './grant.ts'
import { matchRequest, type NamespaceLabels } from './match.ts'
import type { PolicySet } from './set.ts'

/** What a workload is made into, one after the other: a Deployment makes ReplicaSets, and they make Pods. */
const CHAINS: Readonly<Record<string, readonly Made[]>> = {
  Deployment: [
    { group: 'apps', kind: 'ReplicaSet', resource: 'replicasets', controller: 'deployment-controller' },
    { group: '', kind: 'Pod', resource: 'pods', controller: 'replicaset-controller' },
  ],
  CronJob: [
    { group: 'batch', kind: 'Job', resource: 'jobs', controller: 'cronjob-controller' },
    { group: '', kind: 'Pod', resource: 'pods', controller: 'job-controller' },
  ],
  DaemonSet: [{ group: '', kind: 'Pod', resource: 'pods', controller: 'daemon-set-controller' }],
  Job: [{ group: '', kind: 'Pod', resource: 'pods', controller: 'job-controller' }],
  ReplicaSet: [{ group: '', kind: 'Pod', resource: 'pods', controller: 'replicaset-controller' }],
  ReplicationController: [{ group: '', kind: 'Pod', resource: 'pods', controller: 'replication-controller' }],
  StatefulSet: [{ group: '', kind: 'Pod', resource: 'pods', controller: 'statefulset-controller' }],
}

interface Made {
  readonly group: string
  readonly kind: string
  readonly resource: string
  /** The service account in kube-system that makes it. */
  readonly controller: string
}

/**
 * Asks whether the objects that a workload makes are covered by the same exceptions as the workload. If not, its pods
 * will be refused although the workload was let in, and its author would learn of that from Events alone.
 *
 * @param exception the one that covers the workload.
 * @returns a warning at the place of the finding, or undefined if all that is made is covered or not judged.
 */
export function uncoveredByWorkload(
  policy: CompiledPolicy,
  owned: OwnedFinding,
  exception: CompiledException,
  set: PolicySet,
  request: AdmissionRequest,
  context: { readonly namespaceLabels: NamespaceLabels; readonly now: number },
): Finding | undefined {
  const { kind, object } = request
  const chain = Object.hasOwn(CHAINS, kind.kind) ? (CHAINS[kind.kind] ?? []) : []
  const template = templatesOf(kind, object ?? {}, KUBERNETES_KINDS)?.[0]
  if (template === undefined) return undefined
  for (const made of chain) {
    const asked = requestOf(made, request, template.value)
    const match = matchRequest(policy.match, asked, set.excludedNamespaces, context.namespaceLabels)
    if (match.kind === 'other' || match.kind === 'excluded') continue
    if (grantFor(set.exceptions, owned, true, asked, context).by !== undefined) continue
    const { finding } = owned
    const why =
      reasons(exception, asked).join('; ') ||
      'it demands a user, a group or a reason, which a controller does not bring'
    return {
      ...finding,
      level: 'warning',
      message: `the exception ${exception.name} covers this ${kind.kind}, but not the ${made.kind}s made from it, which will be refused: ${why}: ${finding.message}`,
      hint: `let the exception cover both: ${advice(exception, request)}`,
    }
  }
  return undefined
}

/** The request by which a controller makes an object, as far as exceptions look at it. */
function requestOf(
  { group, kind, resource, controller }: Made,
  request: AdmissionRequest,
  template: JsonObject,
): AdmissionRequest {
  const metadata: Record<string, Json> = { labels: dig(template, 'metadata', 'labels') ?? {} }
  // The endings are random; a StatefulSet counts.
  const name = request.kind.kind === 'StatefulSet' ? `${request.name}-0` : ''
  if (name === '')
    metadata['generateName'] = kind === 'Pod' && hasHash(request) ? `${request.name}-5d8f9c7b6d-` : `${request.name}-`
  const kubeSystem = 'system:serviceaccounts:kube-system'
  return {
    ...request,
    operation: 'CREATE',
    kind: { group, version: 'v1', kind },
    resource: { group, version: 'v1', resource },
    requestKind: { group, version: 'v1', kind },
    requestResource: { group, version: 'v1', resource },
    subResource: '',
    name,
    userInfo: {
      username: `system:serviceaccount:kube-system:${controller}`,
      uid: '',
      groups: ['system:serviceaccounts', kubeSystem, 'system:authenticated'],
    },
    object: { metadata },
    oldObject: null,
  }
}

/** Between the name of a Deployment or CronJob and the ending of a pod comes the name of the ReplicaSet or Job. */
function hasHash({ kind }: AdmissionRequest): boolean {
  return kind.kind === 'Deployment' || kind.kind === 'CronJob'
}

/** Why an exception does not cover what a controller makes. */
function reasons(exception: CompiledException, made: AdmissionRequest): readonly string[] {
  const { kinds, names, objectSelector, users, groups, breakGlass } = exception
  const prefix = getString(dig(made.object ?? {}, 'metadata'), 'generateName') ?? ''
  const isOutside = (mine: readonly string[], theirs: readonly string[]) =>
    mine.length > 0 && !mine.some(one => theirs.includes(one))
  const isMadeByOthers =
    breakGlass !== undefined ||
    isOutside(users, [made.userInfo?.username ?? '']) ||
    isOutside(groups, made.userInfo?.groups ?? [])
  const found: readonly (readonly [isSo: boolean, says: string])[] = [
    [isOutside(kinds, [made.kind.kind]), `its kinds lack ${made.kind.kind}`],
    [
      names.length > 0 && !names.some(matches => matches(made.name || prefix)),
      `its names do not match ${quote(made.name || `${prefix}…`)}`,
    ],
    [selects(objectSelector, labelsOf(made.object)) !== true, 'its objectSelector does not match their labels'],
    [isMadeByOthers, 'a controller makes them, and not a user or group that it names'],
  ]
  return found.flatMap(([isSo, says]) => (isSo ? [says] : []))
}

function advice({ kinds, names, objectSelector }: CompiledException, { name }: AdmissionRequest): string {
  const parts = [
    ...(names.length > 0 ? [`match.names [${quote(name)}, ${quote(`${name}-*`)}]`] : []),
    ...(kinds.length > 0 ? ['match.kinds with Pod and what is between'] : []),
    ...(objectSelector.length > 0 ? ['the same labels on the workload and in its template'] : []),
  ]
  return parts.length > 0
    ? parts.join(', ')
    : 'by namespaces, names, containers, images and paths, which hold for the pods, too'
}
