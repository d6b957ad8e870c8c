import { kindOfManifest } from '../admission/resources.ts'
import { append, type Pointer } from '../json/pointer.ts'
import { get, getString, isList, isObject, type Json, type JsonObject } from '../json/value.ts'

/** A Kubernetes object and where it stands in its document: `''`, or `/items/3` in a List. */
export interface ManifestObject {
  readonly value: JsonObject
  readonly pointer: Pointer
}

/** What looks like a Kubernetes object but cannot be judged as one. */
export interface ManifestProblem {
  readonly pointer: Pointer
  readonly message: string
}

/** The objects of one document; neither objects nor problems where it is something else, such as a values file. */
export interface ManifestContents {
  readonly objects: readonly ManifestObject[]
  readonly problems: readonly ManifestProblem[]
}

/**
 * Finds the objects of a document as kubectl does: whatever has `items` is a list of objects, of any kind and at any depth,
 * and an item without kind and apiVersion has those of its list (`unstructuredJSONScheme.decodeToList`). If the kind of
 * such an object does not end in `List`, other tools would send the object itself: it is judged as well.
 */
export function objectsOf(value: Json): ManifestContents {
  const objects: ManifestObject[] = []
  const problems: ManifestProblem[] = []
  collect(value, '', objects, problems)
  return { objects, problems }
}

function collect(value: Json, pointer: Pointer, objects: ManifestObject[], problems: ManifestProblem[]): void {
  if (!isObject(value)) return
  const kind = getString(value, 'kind') ?? ''
  const items = get(value, 'items')
  const isMeantAsList = kind.endsWith('List')
  if (isList(items) || (items === null && isMeantAsList)) {
    // Inside a list, kubectl takes `items: null` for an object's field.
    const isField = items === null && pointer !== ''
    if ((isField || !isMeantAsList) && isComplete(value)) objects.push({ value, pointer })
    else if (isField) problems.push({ pointer, message: incompleteness(value) ?? NO_OBJECT })
    collectItems(value, items ?? [], pointer, objects, problems)
  } else if (kind === 'List') {
    problems.push({ pointer, message: 'this List has no list of items: nothing in it can be checked' })
  } else if (isComplete(value)) objects.push({ value, pointer })
  else {
    const message = incompleteness(value)
    if (message !== undefined) problems.push({ pointer, message })
  }
}

function isComplete(value: JsonObject): boolean {
  return kindOfManifest(getString(value, 'apiVersion'), getString(value, 'kind') ?? '') !== undefined
}

function collectItems(
  list: JsonObject,
  items: readonly Json[],
  pointer: Pointer,
  objects: ManifestObject[],
  problems: ManifestProblem[],
): void {
  // A values file may have `items` too; kubectl takes no list without a kind.
  const isOfKubernetes = textOf(list, 'kind') !== ''
  for (const [index, item] of items.entries()) {
    const at = append(pointer, 'items', index)
    const before = objects.length + problems.length
    const isEmptyList = isObject(item) && isList(get(item, 'items'))
    collect(withKindOf(list, item), at, objects, problems)
    if (objects.length + problems.length > before || isEmptyList || !isOfKubernetes) continue
    problems.push({ pointer: at, message: NO_OBJECT })
  }
}

const NO_OBJECT = 'this item is no Kubernetes object: it has no apiVersion and kind'

function withKindOf(list: JsonObject, item: Json): Json {
  const kind = textOf(list, 'kind').replace(/List$/, '')
  if (!isObject(item) || kind === '' || textOf(item, 'kind') !== '') return item
  return { ...item, kind, apiVersion: textOf(item, 'apiVersion') || (get(list, 'apiVersion') ?? null) }
}

/** A field as the API machinery reads it: what is not text counts as empty. */
function textOf(value: JsonObject, field: string): string {
  return getString(value, field) ?? ''
}

/** What a document that was meant to be an object lacks; undefined where it was not meant to be one. */
function incompleteness(value: JsonObject): string | undefined {
  const [apiVersion, kind] = [get(value, 'apiVersion'), get(value, 'kind')]
  const isMeant = isObject(get(value, 'metadata')) || get(value, 'spec') !== undefined
  if (!isMeant || (apiVersion === undefined && kind === undefined)) return undefined
  const fault = [faultOf('apiVersion', apiVersion), faultOf('kind', kind)].find(text => text !== undefined)
  return `this is no Kubernetes object: ${fault ?? 'its apiVersion is not written group/version or version'}`
}

function faultOf(field: string, value: Json | undefined): string | undefined {
  if (value === undefined || value === null || value === '') return `it has no ${field}`
  return typeof value === 'string' ? undefined : `its ${field} is not text`
}
