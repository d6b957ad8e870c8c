import { cleanPath } from '../../../src/injection/names.ts'
import type { InjectionSet } from '../../../src/injection/plan.ts'
import { dig, get, getList, getString, isList, isObject, type Json, type JsonObject } from '../../../src/json/value.ts'
import { parseYaml } from '../../../src/yaml/parse.ts'
import { containerNames, type Difference, differencesOf, normal, ours, patched, type Recorded } from './recorded.ts'

/** The deliberate differences from the original. docs/generic-sidecar-injector.md has a line for each. */
export const DIFFERENCES = [
  'order-of-containers',
  'container-twice',
  'mount-path-twice',
  'absent-restart-policy',
  'annotation-is-text',
  'annotation-breaks-yaml',
  'leaked-mount-fields',
  'newer-fields',
  'status-is-checked',
] as const
export type DifferenceClass = (typeof DIFFERENCES)[number]

/** The classes of what differs between the recorded answer and ours; `unexplained` with the difference itself. */
export interface Classified {
  readonly classes: readonly DifferenceClass[]
  readonly unexplained: readonly Difference[]
}

/** Holds our answer against the recorded one, and says by which rule each difference is meant. */
export function classify(recorded: Recorded, set: InjectionSet): Classified {
  const { pod, answer } = recorded
  const own = ours(pod, set)
  if (!answer.allowed) return classifyRefusal(recorded, own)
  const original = patched(pod, answer.patch ?? [])
  if (hasTwin(containerNames(original)) && !hasTwin(containerNames(pod))) {
    return { classes: ['container-twice'], unexplained: [] }
  }
  if (typeof own === 'string') return unexplained({ path: 'allowed', original: true, ours: own })
  const classes = new Set<DifferenceClass>()
  const variant: Variant = { isJob: false, isBelieving: false }
  let likeOriginal = own
  const retry = (name: DifferenceClass, changed: Variant) => {
    if (differencesOf(normal(original), normal(likeOriginal)).length === 0) return
    Object.assign(variant, changed)
    const other = variantOf(pod, set, variant)
    if (other === undefined || differencesOf(normal(other), normal(likeOriginal)).length === 0) return
    classes.add(name)
    likeOriginal = other
  }
  if (isAbsent(dig(pod, 'spec', 'restartPolicy'))) retry('absent-restart-policy', { ...variant, isJob: true })
  retry('status-is-checked', { ...variant, isBelieving: true })
  const compared = differencesOf(normal(original), normal(likeOriginal))
  const left: Difference[] = []
  for (const difference of compared) {
    const found = classesOf(difference, recorded)
    if (found === undefined) left.push(difference)
    else for (const each of found) classes.add(each)
  }
  return { classes: [...classes].sort(), unexplained: left }
}

function unexplained(difference: Difference): Classified {
  return { classes: [], unexplained: [difference] }
}

/** The original refuses a pod because an annotation breaks the YAML of its file, or because of mounts in an annotation. */
function classifyRefusal({ pod, answer: { message = '' } }: Recorded, own: JsonObject | string): Classified {
  if (typeof own === 'string') return { classes: [], unexplained: [] }
  const isBroken = message.startsWith('api=NewMutatingConfig, reason=parse') && annotationsOf(pod).some(breaksYaml)
  if (isBroken) return { classes: ['annotation-breaks-yaml'], unexplained: [] }
  return unexplained({ path: 'allowed', original: message, ours: true })
}

function annotationsOf(pod: JsonObject): readonly string[] {
  const annotations = dig(pod, 'metadata', 'annotations')
  return isObject(annotations) ? Object.values(annotations).filter(value => typeof value === 'string') : []
}

/** Whether a text that is written into a plain scalar, or into one in double quotes, is no longer that text. */
function breaksYaml(text: string): boolean {
  const read = (yaml: string) => {
    const { documents, problems } = parseYaml(yaml)
    return problems.length > 0 ? undefined : get(documents[0]?.value, 'value')
  }
  return typeof read(`value: ${text}\n`) !== 'string' || read(`value: "${text}"\n`) === undefined
}

function isAbsent(value: Json | undefined): boolean {
  return value === undefined || value === null || value === ''
}

/** What the original takes a pod for. */
interface Variant {
  /** A pod without restartPolicy is a job. */
  isJob: boolean
  /** What the status annotations call injected is not asked for. */
  isBelieving: boolean
}

/** Our pod if we took it for what the original does. */
function variantOf(pod: JsonObject, set: InjectionSet, { isJob, isBelieving }: Variant): JsonObject | undefined {
  const { spec = null, metadata = null } = pod
  if (!isObject(spec) || !isObject(metadata)) return undefined
  const annotations = get(metadata, 'annotations') ?? null
  const asked = isBelieving && isObject(annotations) ? askedInVain(annotations, set) : {}
  const isKept = (key: string) => !Object.hasOwn(asked, key)
  const kept = isObject(annotations) ? pick(annotations, isKept) : annotations
  const made = ours(
    { ...pod, metadata: { ...metadata, annotations: kept }, spec: isJob ? { ...spec, restartPolicy: 'Never' } : spec },
    set,
  )
  if (typeof made === 'string' || !isObject(made['spec'] ?? null) || !isObject(made['metadata'] ?? null))
    return undefined
  const [madeSpec, madeMetadata] = [made['spec'] as JsonObject, made['metadata'] as JsonObject]
  const all = { ...asked, ...(get(madeMetadata, 'annotations') as JsonObject | undefined) }
  return {
    ...made,
    metadata: { ...madeMetadata, annotations: all },
    spec: { ...pick(madeSpec, key => key !== 'restartPolicy'), restartPolicy: get(spec, 'restartPolicy') ?? null },
  }
}

/** The triggers of the mutations whose status says that they are made. */
function askedInVain(annotations: JsonObject, { injections }: InjectionSet): JsonObject {
  const isDone = (key: string) => (getString(annotations, key) ?? '').toLowerCase() === 'injected'
  const done = injections.filter(({ generic }) => generic !== undefined && isDone(generic.statusKey))
  const triggers = done.flatMap(({ trigger }) => (trigger.kind === 'annotation' ? [trigger.key] : []))
  return pick(annotations, key => triggers.includes(key))
}

function pick(value: JsonObject, isPicked: (key: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => isPicked(key)))
}

function hasTwin(names: readonly string[]): boolean {
  return new Set(names).size < names.length
}

function classesOf({ path, original, ours: own }: Difference, recorded: Recorded): DifferenceClass[] | undefined {
  if (path === '/spec/containers/order')
    return isReordered(original, own, recorded) ? ['order-of-containers'] : undefined
  if (/^\/spec\/(?:initContainers|containers)\/[^/]+\/volumeMounts$/.test(path))
    return classesOfMounts(original, own, recorded)
  if (/^\/spec\/initContainers\/[^/]+\/restartPolicy$/.test(path) && original === undefined) return ['newer-fields']
  return isReadAsYaml(original ?? null, own ?? null, recorded) ? ['annotation-is-text'] : undefined
}

/** The same containers, and ours are the pod's own in their order before those that were injected. */
function isReordered(original: Json | undefined, own: Json | undefined, { pod }: Recorded): boolean {
  if (!isList(original) || !isList(own)) return false
  const before = getList(pod['spec'] ?? null, 'containers').map(container => getString(container, 'name') ?? '')
  const isSame = JSON.stringify([...original].sort()) === JSON.stringify([...own].sort())
  return isSame && JSON.stringify(own.slice(0, before.length)) === JSON.stringify(before)
}

function classesOfMounts(original: Json = [], own: Json = [], { pod }: Recorded): DifferenceClass[] | undefined {
  if (!isList(original) || !isList(own)) return undefined
  const single = original.filter((mount, index) => {
    const pathOf = (item: Json) => cleanPath(getString(item, 'mountPath') ?? '')
    return !original.slice(0, index).some(earlier => pathOf(earlier) === pathOf(mount))
  })
  const classes: DifferenceClass[] = single.length < original.length ? ['mount-path-twice'] : []
  if (JSON.stringify(single) === JSON.stringify(own)) return classes
  const bare = (mounts: readonly Json[]) => JSON.stringify(mounts.map(mount => withoutOptions(mount)))
  const hasTwoLists = annotationsOf(pod).filter(text => text.trim().startsWith('[{')).length > 1
  const isLeak = hasTwoLists && bare(single) === bare(own) && single.every((mount, i) => covers(mount, own[i] ?? null))
  return isLeak ? [...classes, 'leaked-mount-fields'] : undefined
}

function withoutOptions(mount: Json): Json {
  return { name: get(mount, 'name') ?? null, mountPath: get(mount, 'mountPath') ?? null }
}

/** Whether the original's mount has all that ours has. */
function covers(original: Json, own: Json): boolean {
  return isObject(own) && Object.keys(own).every(key => JSON.stringify(get(original, key)) === JSON.stringify(own[key]))
}

/** Our value holds the text of an annotation, and the original's is what YAML makes of that. */
function isReadAsYaml(original: Json, own: Json, { pod }: Recorded): boolean {
  const texts = annotationsOf(pod)
  const holds = (value: Json): boolean => {
    if (typeof value === 'string') return texts.some(text => text !== '' && value.includes(text))
    if (isList(value)) return value.some(holds)
    return isObject(value) && Object.values(value).some(holds)
  }
  if (typeof own === 'string') {
    if (!holds(own)) return false
    const { documents } = parseYaml(`value: ${own}\n`)
    const quoted = parseYaml(`value: "${own}"\n`)
    const read = [documents[0], quoted.documents[0]].map(document => get(document?.value, 'value') ?? null)
    return read.some(value => String(value ?? '') === String(original ?? ''))
  }
  if (isList(original) && isList(own) && original.length === own.length) {
    return own.every((item, i) => isSameOrRead(original[i] ?? null, item, texts))
  }
  return false

  function isSameOrRead(theirs: Json, mine: Json, _texts: readonly string[]): boolean {
    if (JSON.stringify(theirs) === JSON.stringify(mine)) return true
    if (!isObject(theirs) || !isObject(mine))
      return isReadAsYaml(theirs, mine, { configuration: '', pod, answer: { allowed: true } })
    return [...new Set([...Object.keys(theirs), ...Object.keys(mine)])].every(key =>
      isSameOrRead(get(theirs, key) ?? null, get(mine, key) ?? null, _texts),
    )
  }
}
