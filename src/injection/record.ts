import { getString, isList, isObject, type Json } from '../json/value.ts'
import { MAX_ANNOTATIONS } from './budget.ts'

/** The annotation that says what was injected, for whoever verifies, counts or undoes it. */
export const RECORD_KEY = 'portcullis.dev/injected'

/** The kinds of what an injection adds by name. */
export const RECORDED_LISTS = [
  'labels',
  'annotations',
  'initContainers',
  'containers',
  'volumes',
  'imagePullSecrets',
] as const
export type RecordedList = (typeof RECORDED_LISTS)[number]
/** The kinds of what an injection adds to containers: names by the container's name. */
export const RECORDED_MAPS = ['volumeMounts', 'env'] as const
export type RecordedMap = (typeof RECORDED_MAPS)[number]

/** What one injection added, by name. */
export interface InjectionRecord {
  readonly name: string
  readonly revision: string
  readonly lists: Readonly<Record<RecordedList, readonly string[]>>
  readonly maps: Readonly<Record<RecordedMap, ReadonlyMap<string, readonly string[]>>>
}

/** A record while it is written. */
export class RecordDraft {
  readonly name: string
  readonly revision: string
  readonly lists: Record<RecordedList, string[]> = {
    labels: [],
    annotations: [],
    initContainers: [],
    containers: [],
    volumes: [],
    imagePullSecrets: [],
  }
  readonly maps: Record<RecordedMap, Map<string, string[]>> = { volumeMounts: new Map(), env: new Map() }
  isEmpty = true

  constructor(name: string, revision: string) {
    this.name = name
    this.revision = revision
  }

  add(list: RecordedList, name: string): void {
    this.lists[list].push(name)
    this.isEmpty = false
  }

  addTo(map: RecordedMap, container: string, name: string): void {
    const names = this.maps[map].get(container)
    if (names === undefined) this.maps[map].set(container, [name])
    else names.push(name)
    this.isEmpty = false
  }
}

/** No valid pod has a longer one, so parsing one that is longer would cost more than it tells. */
const MAX_LENGTH = MAX_ANNOTATIONS

/**
 * Reads the annotation of a pod. It may be forged or broken: what cannot be read is as if it were not there, and what is
 * recorded twice for one injection is one record, or writing it again would lose a part.
 */
export function readRecords(annotation: Json | undefined): readonly InjectionRecord[] {
  if (typeof annotation !== 'string' || annotation.length > MAX_LENGTH) return []
  let parsed: Json
  try {
    parsed = JSON.parse(annotation) as Json
  } catch {
    return []
  }
  const records = Map.groupBy(isList(parsed) ? parsed.flatMap(readRecord) : [], ({ name }) => name)
  return [...records.values()].flatMap(([first, ...others]) => (first === undefined ? [] : merge([first, ...others])))
}

function readRecord(value: Json): readonly InjectionRecord[] {
  const [name, revision] = [getString(value, 'name'), getString(value, 'revision')]
  if (!isObject(value) || name === undefined || revision === undefined) return []
  const draft = new RecordDraft(name, revision)
  for (const list of RECORDED_LISTS) for (const item of stringsOf(value[list])) draft.add(list, item)
  for (const map of RECORDED_MAPS) {
    const containers = value[map]
    if (!isObject(containers)) continue
    for (const container of Object.keys(containers)) {
      for (const item of stringsOf(containers[container])) draft.addTo(map, container, item)
    }
  }
  return [draft]
}

function stringsOf(value: Json | undefined): readonly string[] {
  return isList(value) ? value.filter(item => typeof item === 'string') : []
}

/** The annotation's new value: what earlier calls recorded, and what this one adds. */
export function writeRecords(earlier: readonly InjectionRecord[], added: readonly InjectionRecord[]): string {
  const kept = earlier.filter(({ name }) => !added.some(record => record.name === name))
  const records = added.map(record => {
    const before = earlier.find(({ name }) => name === record.name)
    return before === undefined ? record : merge([before, record])
  })
  return JSON.stringify([...kept, ...records].map(toJson))
}

/** The records of one injection as one: what any of them has, at the revision of the last. */
function merge([first, ...others]: readonly [InjectionRecord, ...InjectionRecord[]]): InjectionRecord {
  if (others.length === 0) return first
  const records = [first, ...others]
  const merged = new RecordDraft(first.name, (others.at(-1) ?? first).revision)
  for (const list of RECORDED_LISTS) {
    for (const item of new Set(records.flatMap(({ lists }) => lists[list]))) merged.add(list, item)
  }
  for (const map of RECORDED_MAPS) {
    const byContainer = Map.groupBy(
      records.flatMap(({ maps }) => [...maps[map]]),
      ([container]) => container,
    )
    for (const [container, entries] of byContainer) {
      for (const item of new Set(entries.flatMap(([, items]) => items))) merged.addTo(map, container, item)
    }
  }
  return merged
}

/** Without what is empty. */
function toJson({ name, revision, lists, maps }: InjectionRecord): Json {
  const record: Record<string, Json> = { name, revision }
  for (const list of RECORDED_LISTS) if (lists[list].length > 0) record[list] = lists[list]
  for (const map of RECORDED_MAPS) {
    // Defined, not assigned: a container may have any name before the API server has looked at it.
    if (maps[map].size > 0) record[map] = Object.fromEntries(maps[map])
  }
  return record
}
