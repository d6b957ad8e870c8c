import { quote } from '../../admission/text.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json/value.ts'
import type { ValueProblem } from '../../policy/problems.ts'
import { suggest } from '../../policy/suggest.ts'
import { type MutableObject, setMember } from '../../yaml/members.ts'
import { formatFloat32 } from '../../yaml/number.ts'
import { expected, mismatch } from './mismatch.ts'
import type { FieldType } from './types.ts'

/** How a value is brought into the form of its type. */
export interface ConformOptions {
  /** Whether `mountpath` stands for `mountPath`, as in Go's JSON decoder. True where it is absent. */
  readonly foldsCase?: boolean
  /** A string whose content is not known yet: it may stand for any scalar. */
  readonly isOpaque?: (text: string) => boolean
  /** The text that a number or boolean becomes where a string belongs; {@link spelling} where it is absent. */
  readonly spell?: (value: number | boolean, pointer: Pointer) => string
}

/** A value in the form of its type, and what was noticed on the way. Pointers are those of the value that came in. */
export interface Conformed {
  readonly value: Json
  /** What a typed decoder would refuse. */
  readonly problems: readonly ValueProblem[]
  /** What a typed decoder would pass over in silence. */
  readonly warnings: readonly ValueProblem[]
  /** Numbers and booleans that became strings. */
  readonly spelled: readonly Spelled[]
}

export interface Spelled {
  readonly pointer: Pointer
  readonly text: string
}

/**
 * Does to a parsed value what decoding it into Go's types does (ghodss/yaml over encoding/json): field names of any case
 * are brought to the right one, numbers and booleans become strings where a string belongs, null is absent, and unknown
 * fields are left out. Other mismatches are problems.
 */
export function conform(value: Json, type: FieldType, options: ConformOptions = {}): Conformed {
  const conformer = new Conformer(options)
  const conformed = conformer.visit(value, type, '') ?? null
  const { problems, warnings, spelled } = conformer
  return { value: conformed, problems, warnings, spelled }
}

/** As ghodss/yaml writes scalars into strings: floats with single precision, so `1.10` is `1.1`. */
export function spelling(value: number | boolean): string {
  if (typeof value === 'boolean') return String(value)
  return Number.isInteger(value) ? BigInt(value).toString() : formatFloat32(value)
}

class Conformer {
  readonly problems: ValueProblem[] = []
  readonly warnings: ValueProblem[] = []
  readonly spelled: Spelled[] = []
  readonly #options: ConformOptions

  constructor(options: ConformOptions) {
    this.#options = options
  }

  /** Undefined where nothing is left of the value. */
  visit(value: Json, type: FieldType, pointer: Pointer): Json | undefined {
    if (value === null || type.kind === 'any') return value ?? undefined
    if (typeof value === 'string' && this.#options.isOpaque?.(value) === true) return this.#opaque(value, type, pointer)
    if (type.kind === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
      const text = this.#options.spell?.(value, pointer) ?? spelling(value)
      this.spelled.push({ pointer, text })
      return text
    }
    const message = mismatch(value, type)
    if (message !== undefined) {
      this.problems.push({ pointer, part: 'value', message })
      return undefined
    }
    if (type.kind === 'quantity' && typeof value === 'number') return String(value)
    if (type.kind === 'list' && isList(value)) return this.#list(value, type.of, pointer)
    if (type.kind === 'map' && isObject(value)) return this.#map(value, type.of, pointer)
    if (type.kind === 'object' && isObject(value)) return this.#object(value, type.fields, pointer)
    return value
  }

  #opaque(value: string, type: FieldType, pointer: Pointer): Json {
    if (type.kind === 'list' || type.kind === 'map' || type.kind === 'object') {
      const message = `${expected(type)} belongs here: what the template gives is read as YAML, and must be one`
      this.warnings.push({ pointer, part: 'value', message })
    }
    return value
  }

  #list(value: readonly Json[], of: FieldType, pointer: Pointer): Json {
    return value.flatMap((item, index): Json[] => {
      const at = append(pointer, index)
      if (item !== null) return [this.visit(item, of, at) ?? null]
      // Go's decoder leaves an element that is null at its zero value.
      if (of.kind === 'string') return ['']
      this.problems.push({ pointer: at, part: 'value', message: `must be ${expected(of)}, not null` })
      return []
    })
  }

  #map(value: JsonObject, of: FieldType, pointer: Pointer): Json {
    const result: MutableObject = {}
    for (const key of Object.keys(value)) {
      const item = this.visit(value[key] ?? null, of, append(pointer, key))
      if (item !== undefined) setMember(result, key, item)
    }
    return result
  }

  #object(value: JsonObject, fields: ReadonlyMap<string, FieldType>, pointer: Pointer): Json {
    const result: MutableObject = {}
    const writtenAs = new Map<string, string>()
    for (const key of Object.keys(value)) {
      const name = this.#fieldFor(key, fields)
      const type = name === undefined ? undefined : fields.get(name)
      if (name === undefined || type === undefined) {
        this.#warn(pointer, key, `unknown field ${quote(key)}${suggest(key, [...fields.keys()])}: it is left out`)
        continue
      }
      const earlier = writtenAs.get(name)
      if (earlier !== undefined) {
        const winner = earlier > key ? earlier : key
        this.#warn(pointer, key, `${quote(earlier)} and ${quote(key)} are the same field: ${quote(winner)} counts`)
        // The original decodes the keys in their sorted order: the last one wins.
        if (winner === earlier) continue
      }
      writtenAs.set(name, key)
      const item = this.visit(value[key] ?? null, type, append(pointer, key))
      if (item !== undefined) setMember(result, name, item)
    }
    return result
  }

  #fieldFor(key: string, fields: ReadonlyMap<string, FieldType>): string | undefined {
    if (fields.has(key)) return key
    if (this.#options.foldsCase === false) return undefined
    const folded = key.toLowerCase()
    for (const name of fields.keys()) if (name.toLowerCase() === folded) return name
    return undefined
  }

  #warn(pointer: Pointer, key: string, message: string): void {
    this.warnings.push({ pointer: append(pointer, key), part: 'key', message })
  }
}
