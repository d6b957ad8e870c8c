import { Fault } from './fault.ts'
import { type Flags, noFlags, padded } from './flags.ts'
import type { Take } from './format.ts'
import { formatFloat } from './format-float.ts'
import { formatInteger } from './format-integer.ts'
import { formatText } from './format-text.ts'
import {
  goType,
  integerOf,
  NIL_ITEM,
  NilInterface,
  NilPointer,
  Sized,
  Struct,
  stringOf,
  TemplateList,
  TemplateMap,
  type TemplateValue,
} from './value.ts'

/** The verbs for which Go asks a value for its text. */
const VERBS_OF_TEXT = 'vsxXq'

/** Writes values by one verb after the other, as `fmt` does. */
export class Printer {
  flags: Flags = noFlags()
  text = ''
  readonly #take: Take
  #isErroring = false

  constructor(take: Take) {
    this.#take = take
  }

  write(text: string): void {
    this.#take(text.length)
    this.text += text
  }

  /** One operand. */
  argument(value: TemplateValue, verb: string): void {
    this.#reserve()
    if (value === null || value instanceof NilInterface) {
      if (verb === 'T' || verb === 'v') this.write(padded('<nil>', this.flags))
      else this.#badVerb(value, verb)
    } else if (verb === 'T') this.write(formatText(goType(value), 's', this.flags) ?? '')
    else if (verb === 'p') this.#pointer(value, verb)
    else this.#value(value, verb, 0)
  }

  /** Before padding is made. */
  #reserve(): void {
    const { width = 0, precision = 0 } = this.flags
    this.#take(width + precision)
  }

  #value(value: TemplateValue, verb: string, depth: number): void {
    this.#reserve()
    if (this.#byMethod(value, verb)) return
    const integer = integerOf(value)
    const text = stringOf(value)
    if (text !== undefined) {
      // Quotes and hexadecimal digits.
      this.#take(text.length * 4)
      this.#scalar(value, verb, formatText(text, verb, this.flags))
    } else if (integer !== undefined) {
      this.#scalar(value, verb, formatInteger(integer, value instanceof Sized && value.isUnsigned, verb, this.flags))
    } else if (typeof value === 'number') this.#scalar(value, verb, formatFloat(value, verb, this.flags))
    else if (typeof value === 'boolean') {
      this.#scalar(value, verb, verb === 't' || verb === 'v' ? padded(String(value), this.flags) : undefined)
    } else if (value instanceof TemplateList) this.#list(value, verb, depth)
    else if (value instanceof TemplateMap) this.#map(value, verb, depth)
    else if (value instanceof Struct) this.#struct(value, verb, depth)
    else if (value instanceof NilPointer) this.#pointer(value, verb)
    else this.write(this.flags.sharpV ? 'interface {}(nil)' : '<nil>')
  }

  /** Types of the pod that say themselves how they are written. */
  #byMethod(value: TemplateValue, verb: string): boolean {
    if (this.#isErroring) return false
    if (verb === 'w') {
      this.#badVerb(value, verb)
      return true
    }
    const { sharpV } = this.flags
    if (value instanceof Struct && value.texts !== undefined && (sharpV || VERBS_OF_TEXT.includes(verb))) {
      this.write(formatText(sharpV ? value.texts.go : value.texts.plain, sharpV ? 's' : verb, this.flags) ?? '')
      return true
    }
    if (!(value instanceof NilPointer) || !value.hasMethods) return false
    // Of the types that the pod has, only a time writes itself in Go's syntax.
    if (sharpV ? value.type !== '*v1.Time' : !VERBS_OF_TEXT.includes(verb)) return false
    // A method of the value, which is not there: Go says so without padding.
    this.write(value.text === '<nil>' ? value.text : (formatText(value.text, verb, this.flags) ?? ''))
    return true
  }

  #scalar(value: TemplateValue, verb: string, text: string | undefined): void {
    if (text === undefined) this.#badVerb(value, verb)
    else this.write(text)
  }

  #list({ items, type, isNil }: TemplateList, verb: string, depth: number): void {
    const { sharpV } = this.flags
    if (sharpV && isNil) {
      this.write(`${type}(nil)`)
      return
    }
    this.write(sharpV ? `${type}{` : '[')
    for (const [i, item] of items.entries()) {
      if (i > 0) this.write(sharpV ? ', ' : ' ')
      this.#element(item, verb, depth)
    }
    this.write(sharpV ? '}' : ']')
  }

  #map({ entries, type, isNil }: TemplateMap, verb: string, depth: number): void {
    const { sharpV } = this.flags
    if (sharpV && isNil) {
      this.write(`${type}(nil)`)
      return
    }
    this.write(sharpV ? `${type}{` : 'map[')
    for (const [i, [key, item]] of entries.entries()) {
      if (i > 0) this.write(sharpV ? ', ' : ' ')
      this.#element(key ?? NIL_ITEM, verb, depth)
      this.write(':')
      this.#element(item, verb, depth)
    }
    this.write(sharpV ? '}' : ']')
  }

  #struct({ fields, type }: Struct, verb: string, depth: number): void {
    const { sharpV, plusV } = this.flags
    this.write(sharpV ? `${type}{` : '{')
    let isFirst = true
    for (const [name, field] of fields) {
      if (!isFirst) this.write(sharpV ? ', ' : ' ')
      isFirst = false
      if (sharpV || plusV) this.write(`${name}:`)
      this.#element(field, verb, depth)
    }
    this.write('}')
  }

  #element(value: TemplateValue, verb: string, depth: number): void {
    this.#value(value ?? NIL_ITEM, verb, depth + 1)
  }

  /** Only nil pointers have an address that is the same on every run. */
  #pointer(value: TemplateValue, verb: string): void {
    const { sharpV, sharp } = this.flags
    const isNil =
      value instanceof NilPointer || ((value instanceof TemplateList || value instanceof TemplateMap) && value.isNil)
    if (!isNil) {
      if (value instanceof TemplateList || value instanceof TemplateMap) {
        throw new Fault(`printf: %${verb} gives an address in memory, which means nothing here`, this.#take.offset)
      }
      this.#badVerb(value, verb)
    } else if (verb === 'v' && sharpV) this.write(`(${goType(value)})(nil)`)
    else if (verb === 'v') this.write(padded('<nil>', this.flags))
    else if (verb === 'p') this.write(formatInteger(0n, true, 'x', { ...this.flags, sharp: !sharp }) ?? '')
    else if ('bodxX'.includes(verb)) this.write(formatInteger(0n, true, verb, this.flags) ?? '')
    else this.#badVerb(value, verb)
  }

  /** `%!d(string=x)`: what Go writes for a verb that does not take the value. */
  #badVerb(value: TemplateValue, verb: string): void {
    this.#isErroring = true
    this.write(`%!${verb}(`)
    if (value === null || value instanceof NilInterface) this.write('<nil>')
    else {
      this.write(`${goType(value)}=`)
      this.#value(value, 'v', 0)
    }
    this.write(')')
    this.#isErroring = false
  }

  /** What is left of the operands when the format ends. */
  extra(values: readonly TemplateValue[]): void {
    this.flags = noFlags()
    this.write('%!(EXTRA ')
    for (const [i, value] of values.entries()) {
      if (i > 0) this.write(', ')
      if (value === null || value instanceof NilInterface) this.write('<nil>')
      else {
        this.write(`${goType(value)}=`)
        this.argument(value, 'v')
      }
    }
    this.write(')')
  }
}
