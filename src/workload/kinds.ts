import { append, type Pointer, parsePointer } from '../json/pointer.ts'
import { isList, isObject, type Json, type JsonObject } from '../json/value.ts'

/** A kind in any of its versions. */
export interface GroupKind {
  readonly group: string
  readonly kind: string
}

/** A kind that embeds pod templates, and where. A segment `*` of a pointer stands for every element of a list. */
export interface PodTemplateKind extends GroupKind {
  /** Plural resource name, as in the API's paths. */
  readonly resource: string
  /** Pointers to what holds the pod's `metadata` and `spec`; `''` for a Pod itself. */
  readonly pointers: readonly string[]
}

const TEMPLATE = ['/spec/template']

/**
 * Every kind that the gateway knows to embed a pod template: Kubernetes' own (also under the groups that they had
 * before 1.16, which still stand in manifests), and the custom resources that fleets use most.
 */
export const POD_TEMPLATE_KINDS: readonly PodTemplateKind[] = [
  { group: '', kind: 'Pod', resource: 'pods', pointers: [''] },
  { group: '', kind: 'PodTemplate', resource: 'podtemplates', pointers: ['/template'] },
  { group: '', kind: 'ReplicationController', resource: 'replicationcontrollers', pointers: TEMPLATE },
  { group: 'apps', kind: 'Deployment', resource: 'deployments', pointers: TEMPLATE },
  { group: 'apps', kind: 'ReplicaSet', resource: 'replicasets', pointers: TEMPLATE },
  { group: 'apps', kind: 'StatefulSet', resource: 'statefulsets', pointers: TEMPLATE },
  { group: 'apps', kind: 'DaemonSet', resource: 'daemonsets', pointers: TEMPLATE },
  { group: 'extensions', kind: 'Deployment', resource: 'deployments', pointers: TEMPLATE },
  { group: 'extensions', kind: 'ReplicaSet', resource: 'replicasets', pointers: TEMPLATE },
  { group: 'extensions', kind: 'DaemonSet', resource: 'daemonsets', pointers: TEMPLATE },
  { group: 'batch', kind: 'Job', resource: 'jobs', pointers: TEMPLATE },
  { group: 'batch', kind: 'CronJob', resource: 'cronjobs', pointers: ['/spec/jobTemplate/spec/template'] },
  { group: 'argoproj.io', kind: 'Rollout', resource: 'rollouts', pointers: TEMPLATE },
  { group: 'serving.knative.dev', kind: 'Service', resource: 'services', pointers: TEMPLATE },
  {
    group: 'jobset.x-k8s.io',
    kind: 'JobSet',
    resource: 'jobsets',
    pointers: ['/spec/replicatedJobs/*/template/spec/template'],
  },
]

/** Whether two kinds are the same, whatever their versions. */
export function sameKind(a: GroupKind, b: GroupKind): boolean {
  return a.kind === b.kind && a.group === b.group
}

/** A pod template as it stands in an object, unjudged. */
export interface EmbeddedTemplate {
  /** Where it stands: `''` for a Pod, `/spec/template` in a Deployment. */
  readonly pointer: Pointer
  readonly value: JsonObject
}

/**
 * The pod templates that `object` embeds, in the order of the pointers. Undefined where `kind` is not known to embed
 * any; empty where it is, and the object has none (a template that is missing, null or no object).
 */
export function embeddedTemplates(
  kind: GroupKind,
  object: JsonObject,
  furtherKinds: readonly PodTemplateKind[] = [],
): readonly EmbeddedTemplate[] | undefined {
  let found: Map<Pointer, EmbeddedTemplate> | undefined
  for (const kinds of [POD_TEMPLATE_KINDS, furtherKinds]) {
    for (const known of kinds) {
      if (!sameKind(known, kind)) continue
      found ??= new Map()
      for (const pointer of known.pointers) {
        for (const template of expand(object, '', parsePointer(pointer) ?? [])) {
          if (!found.has(template.pointer)) found.set(template.pointer, template)
        }
      }
    }
  }
  return found && [...found.values()]
}

function* expand(value: Json | undefined, at: Pointer, segments: readonly string[]): Generator<EmbeddedTemplate> {
  const [segment, ...rest] = segments
  if (segment === undefined) {
    if (isObject(value)) yield { pointer: at, value }
  } else if (segment === '*') {
    if (!isList(value)) return
    for (const [index, item] of value.entries()) yield* expand(item, append(at, index), rest)
  } else if (isObject(value) && Object.hasOwn(value, segment)) {
    yield* expand(value[segment], append(at, segment), rest)
  }
}
