import { isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import { parseQuantity } from './quantity.ts'

/**
 * Whether everything that `declared` says is true of `actual`, although the API server has defaulted and rewritten it and
 * others have added to it:
 *
 * - fields of `actual` that were not declared do not count;
 * - null and what is empty count as absent;
 * - quantities are compared by their value, images without the host of their registry;
 * - every declared element of a list of objects has its match somewhere in the list; lists of scalars (a command, its
 *   arguments) have to be equal.
 *
 * @param field the name of the field that holds the values; it says what a scalar means.
 */
export function covers(declared: Json, actual: Json | undefined, field = ''): boolean {
  if (declared === null) return true
  if (isObject(declared)) {
    if (actual !== undefined && actual !== null && !isObject(actual)) return false
    const isQuantities = QUANTITY_MAPS.has(field)
    for (const key in declared) {
      const value = isObject(actual) && Object.hasOwn(actual, key) ? actual[key] : undefined
      if (!covers(declared[key] ?? null, value, isQuantities ? QUANTITY : key)) return false
    }
    return true
  }
  if (isList(declared)) return coversList(declared, actual)
  return coversScalar(declared, actual, field)
}

/** Maps whose values are quantities, and the single fields that are. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set(['limits', 'requests'])
const QUANTITY_FIELDS: ReadonlySet<string> = new Set(['divisor', 'sizeLimit', 'storage'])
/** Stands for the name of any field that holds a quantity. */
const QUANTITY = 'divisor'

function coversScalar(declared: string | number | boolean, actual: Json | undefined, field: string): boolean {
  if (declared === actual) return true
  // The API server leaves out what is empty.
  if (actual === undefined || actual === null) return declared === '' || declared === 0 || declared === false
  if (QUANTITY_FIELDS.has(field)) return sameQuantity(declared, actual)
  return field === 'image' && sameImage(declared, actual)
}

function sameQuantity(declared: string | number | boolean, actual: Json): boolean {
  if (typeof declared === 'boolean' || (typeof actual !== 'string' && typeof actual !== 'number')) return false
  const value = parseQuantity(String(declared))
  return value !== undefined && value === parseQuantity(String(actual))
}

function sameImage(declared: Json, actual: Json): boolean {
  return typeof declared === 'string' && typeof actual === 'string' && repositoryOf(declared) === repositoryOf(actual)
}

/** An image without the host of its registry, which mirrors rewrite; Docker Hub's official images lie in `library`. */
function repositoryOf(image: string): string {
  const slash = image.indexOf('/')
  const first = slash < 0 ? '' : image.slice(0, slash)
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost'
  const path = isHost ? image.slice(slash + 1) : image
  const isHub = !isHost || first === 'docker.io' || first === 'index.docker.io'
  return isHub && !path.includes('/') ? `library/${path}` : path
}

function coversList(declared: readonly Json[], actual: Json | undefined): boolean {
  if (actual === undefined || actual === null) return declared.length === 0
  if (!isList(actual)) return false
  if (!declared.every(isObject)) {
    if (declared.length === 0) return true
    return declared.length === actual.length && declared.every((item, index) => covers(item, actual[index]))
  }
  const elements = new ElementIndex(actual)
  return declared.every(
    (item, index) => covers(item, actual[index]) || elements.like(item).some(other => covers(item, other)),
  )
}

/** The fields that name an element of a list of Kubernetes, the most telling first. */
const KEYS = ['mountPath', 'devicePath', 'containerPort', 'name', 'key', 'path', 'resourceName'] as const

/** Finds elements by what names them, so that long lists are compared in linear time. */
class ElementIndex {
  readonly #elements: readonly Json[]
  readonly #byKey = new Map<string, Map<Json, JsonObject[]>>()

  constructor(elements: readonly Json[]) {
    this.#elements = elements
  }

  /** The elements that have the same name as `item`; all of them where it has none. */
  like(item: JsonObject): readonly Json[] {
    const key = KEYS.find(name => Object.hasOwn(item, name))
    if (key === undefined) return this.#elements
    return this.#indexOf(key).get(item[key] ?? null) ?? []
  }

  #indexOf(key: string): ReadonlyMap<Json, readonly JsonObject[]> {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const index = new Map<Json, JsonObject[]>()
    for (const element of this.#elements) {
      if (!isObject(element) || !Object.hasOwn(element, key)) continue
      const name = element[key] ?? null
      const list = index.get(name)
      if (list === undefined) index.set(name, [element])
      else list.push(element)
    }
    this.#byKey.set(key, index)
    return index
  }
}
