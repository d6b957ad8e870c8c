import { quote } from '../../admission/text.ts'
import { type Demand, hasResource } from '../../injection/resources.ts'
import { parsePointer } from '../../json/pointer.ts'
import { dig, get, getList, getString, isList, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { CONTAINER_LISTS } from '../../workload/pod.ts'
import { objectsOf } from '../objects.ts'
import type { InjectedPod } from './inject-object.ts'
import type { InjectedFile, InjectedObject } from './inject-text.ts'

/** Something among the manifests that needs a resource of containers. */
interface Demander {
  readonly demands: readonly Demand[]
  /** Whether it counts init containers that run before the others and end. */
  readonly countsInit: boolean
  isAbout(object: InjectedObject): boolean
  /** Says who needs it and what happens without. */
  readonly consequence: string
}

/**
 * The files, with a warning for each injected container that lacks what an autoscaler or a quota among the manifests needs of it. The
 * gateway sees neither; whoever checks the manifests together does.
 *
 * @param defaultNamespace the namespace of objects that name none.
 */
export function withDemands(files: readonly InjectedFile[], defaultNamespace: string): readonly InjectedFile[] {
  const objects = files.flatMap(({ documents }) => documents.flatMap(({ before }) => objectsOf(before).objects))
  const values = objects.map(({ value }) => value)
  const demanders = values.flatMap(value => demanderOf(value, defaultNamespace) ?? [])
  if (demanders.length === 0) return files
  const defaults = values.flatMap(value => limitRangeOf(value, defaultNamespace) ?? [])
  return files.map(file => ({
    ...file,
    objects: file.objects.map(object => {
      const about = demanders.filter(({ isAbout }) => isAbout(object))
      if (about.length === 0) return object
      const given = defaults.filter(({ namespace }) => namespace === object.reference.namespace)
      return { ...object, pods: object.pods.map(pod => withWarnings(pod, about, given)) }
    }),
  }))
}

function withWarnings(pod: InjectedPod, demanders: readonly Demander[], ranges: readonly LimitRange[]): InjectedPod {
  const warnings = injectedContainers(pod).flatMap(({ container, isShort }) =>
    demanders
      .filter(({ countsInit }) => countsInit || !isShort)
      .flatMap(({ demands, consequence }) => {
        const missing = demands.filter(
          demand => !hasResource(container, demand) && !ranges.some(({ gives }) => gives(demand)),
        )
        const name = quote(getString(container, 'name') ?? '')
        return missing.length === 0 ? [] : [`injected container ${name} has no ${missing.join(', ')}: ${consequence}`]
      }),
  )
  return warnings.length === 0 ? pod : { ...pod, warnings: [...pod.warnings, ...warnings] }
}

/** The containers that a patch adds, out of a new list or to one that is there. */
function injectedContainers({ patch }: InjectedPod): readonly { container: JsonObject; isShort: boolean }[] {
  return patch.flatMap(operation => {
    if (!('value' in operation)) return []
    const { path, value } = operation
    const [last = '', beforeLast = ''] = (parsePointer(path) ?? []).toReversed()
    const isWholeList = isContainerList(last) && isList(value)
    if (!isWholeList && !isContainerList(beforeLast)) return []
    const isInit = (isWholeList ? last : beforeLast) === INIT_LIST
    return (isWholeList ? value : [value]).filter(isObject).map(container => {
      return { container, isShort: isInit && getString(container, 'restartPolicy') !== 'Always' }
    })
  })
}

const [INIT_LIST] = CONTAINER_LISTS

function isContainerList(name: string): boolean {
  return CONTAINER_LISTS.some(list => list === name)
}

function demanderOf(value: JsonObject, defaultNamespace: string): Demander | undefined {
  const [kind, group] = [getString(value, 'kind'), groupOf(value)]
  if (kind === 'ResourceQuota' && group === '') return quota(value, defaultNamespace)
  if (kind === 'HorizontalPodAutoscaler' && group === 'autoscaling') {
    return autoscaler(value, defaultNamespace, 'HorizontalPodAutoscaler', utilizationOf(get(value, 'spec')))
  }
  if (kind !== 'ScaledObject' || group !== 'keda.sh') return undefined
  return autoscaler(value, defaultNamespace, 'ScaledObject', triggersOf(get(value, 'spec')))
}

function groupOf(value: JsonObject): string {
  const version = getString(value, 'apiVersion') ?? ''
  return version.includes('/') ? version.slice(0, version.indexOf('/')) : ''
}

function namespaceOf(value: JsonObject, defaultNamespace: string): string {
  return getString(get(value, 'metadata'), 'namespace') || defaultNamespace
}

/** The keys of a quota that make the API server demand the resource of every container (`quota/v1/evaluator/core/pods.go`). */
const QUOTA_DEMANDS: Readonly<Record<string, Demand>> = {
  cpu: 'requests.cpu',
  memory: 'requests.memory',
  'requests.cpu': 'requests.cpu',
  'requests.memory': 'requests.memory',
  'limits.cpu': 'limits.cpu',
  'limits.memory': 'limits.memory',
}

function quota(value: JsonObject, defaultNamespace: string): Demander | undefined {
  const hard = dig(value, 'spec', 'hard')
  const keys = isObject(hard) ? Object.keys(hard).filter(key => Object.hasOwn(QUOTA_DEMANDS, key)) : []
  // Such a quota counts pods without resources, and can demand none.
  if (keys.length === 0 || getList(get(value, 'spec'), 'scopes').includes('BestEffort')) return undefined
  const namespace = namespaceOf(value, defaultNamespace)
  return {
    demands: [...new Set(keys.flatMap(key => QUOTA_DEMANDS[key] ?? []))],
    countsInit: true,
    isAbout: ({ reference }) => reference.namespace === namespace,
    consequence: `ResourceQuota ${quote(nameIn(value))} demands it of every container, and the API server refuses the pods; set it in the injection`,
  }
}

function nameIn(value: JsonObject): string {
  return getString(get(value, 'metadata'), 'name') ?? ''
}

function autoscaler(
  value: JsonObject,
  defaultNamespace: string,
  kind: string,
  resources: readonly ('cpu' | 'memory')[],
): Demander | undefined {
  const target = dig(value, 'spec', 'scaleTargetRef')
  const [name, targetKind] = [getString(target, 'name'), getString(target, 'kind') ?? 'Deployment']
  if (name === undefined || resources.length === 0) return undefined
  const namespace = namespaceOf(value, defaultNamespace)
  return {
    demands: resources.map(resource => `requests.${resource}` as const),
    countsInit: false,
    isAbout: ({ reference }) =>
      reference.namespace === namespace && reference.name === name && reference.kind === targetKind,
    consequence: `${kind} ${quote(nameIn(value))} needs it of every container to compute the utilization, and would not scale; set it in the injection`,
  }
}

/** The resources whose utilization an autoscaler goes by: cpu if it says nothing, as the API server defaults it. */
function utilizationOf(spec: Json | undefined): readonly ('cpu' | 'memory')[] {
  const metrics = getList(spec, 'metrics')
  if (metrics.length === 0) return ['cpu']
  return metrics.flatMap(metric => {
    const resource = get(metric, 'resource')
    const name = getString(resource, 'name')
    // Version v2beta1 has the number beside the name.
    const isUtilization =
      getString(get(resource, 'target'), 'type') === 'Utilization' ||
      get(resource, 'targetAverageUtilization') !== undefined
    return isUtilization && (name === 'cpu' || name === 'memory') ? [name] : []
  })
}

/** The same for a ScaledObject of KEDA, which makes an autoscaler of it. */
function triggersOf(spec: Json | undefined): readonly ('cpu' | 'memory')[] {
  return getList(spec, 'triggers').flatMap(trigger => {
    const type = getString(trigger, 'type')
    const metric = getString(trigger, 'metricType') ?? getString(get(trigger, 'metadata'), 'type')
    return metric === 'Utilization' && (type === 'cpu' || type === 'memory') ? [type] : []
  })
}

/** What the API server gives to containers of a namespace that do not say it. */
interface LimitRange {
  readonly namespace: string
  gives(demand: Demand): boolean
}

function limitRangeOf(value: JsonObject, defaultNamespace: string): LimitRange | undefined {
  if (getString(value, 'kind') !== 'LimitRange' || groupOf(value) !== '') return undefined
  const limits = getList(get(value, 'spec'), 'limits').filter(limit => getString(limit, 'type') === 'Container')
  return {
    namespace: namespaceOf(value, defaultNamespace),
    gives: demand => {
      const [kind = '', resource = ''] = demand.split('.')
      // The API server defaults a limit to the maximum, a request to the limit.
      const fields = kind === 'limits' ? ['default', 'max'] : ['defaultRequest', 'default', 'max']
      return limits.some(limit => fields.some(field => get(get(limit, field), resource) !== undefined))
    },
  }
}
