import { type Flags, noFlags } from './flags.ts'
import { Printer } from './printer.ts'
import { integerOf, type TemplateValue } from './value.ts'

/** Told of characters before they are made; throws a Fault where they are too many. */
export interface Take {
  (characters: number): void
  /** The offset of the call, for faults. */
  readonly offset: number
}

/** A width or precision beyond this counts as none, as in Go. */
const WIDEST = 1_000_000

/** Go's `fmt.Sprintf`, with its `%!d(string=x)` for what does not fit. */
export function format(pattern: string, args: readonly TemplateValue[], take: Take): string {
  return new Formatter(pattern, args, take).run()
}

class Formatter {
  readonly #pattern: string
  readonly #args: readonly TemplateValue[]
  readonly #printer: Printer
  #at = 0
  #argument = 0
  #isReordered = false
  #isGoodIndex = true
  /** Whether an index such as `[3]` came just before. */
  #isAfterIndex = false

  constructor(pattern: string, args: readonly TemplateValue[], take: Take) {
    this.#pattern = pattern
    this.#args = args
    this.#printer = new Printer(take)
  }

  run(): string {
    while (this.#at < this.#pattern.length) {
      const percent = this.#pattern.indexOf('%', this.#at)
      const end = percent < 0 ? this.#pattern.length : percent
      if (end > this.#at) this.#printer.write(this.#pattern.slice(this.#at, end))
      this.#at = end + 1
      if (percent < 0) break
      if (!this.#verb()) break
    }
    const left = this.#args.slice(this.#argument)
    if (!this.#isReordered && left.length > 0) this.#printer.extra(left)
    return this.#printer.text
  }

  /** One verb with its flags; false at the end of the pattern. */
  #verb(): boolean {
    this.#isGoodIndex = true
    this.#printer.flags = this.#flags()
    const { flags } = this.#printer
    this.#index()
    this.#width(flags)
    this.#precision(flags)
    if (!this.#isAfterIndex) this.#index()
    const code = this.#pattern.codePointAt(this.#at)
    if (code === undefined) {
      this.#printer.write('%!(NOVERB)')
      return false
    }
    const verb = String.fromCodePoint(code)
    this.#at += verb.length
    if (verb === '%') this.#printer.write('%')
    else if (!this.#isGoodIndex) this.#printer.write(`%!${verb}(BADINDEX)`)
    else if (this.#argument >= this.#args.length) this.#printer.write(`%!${verb}(MISSING)`)
    else this.#operand(verb, flags)
    return true
  }

  #operand(verb: string, flags: Flags): void {
    if (verb === 'v' || verb === 'w') {
      flags.sharpV = flags.sharp
      flags.plusV = flags.plus
      flags.sharp = false
      flags.plus = false
    }
    this.#printer.argument(this.#args[this.#argument++] ?? null, verb)
  }

  #flags(): Flags {
    const flags = noFlags()
    for (; ; this.#at++) {
      switch (this.#pattern[this.#at]) {
        case '#':
          flags.sharp = true
          break
        case '0':
          flags.zero = true
          break
        case '+':
          flags.plus = true
          break
        case '-':
          flags.minus = true
          break
        case ' ':
          flags.space = true
          break
        default:
          return flags
      }
    }
  }

  #width(flags: Flags): void {
    if (this.#pattern[this.#at] !== '*') {
      flags.width = this.#number()
      if (this.#isAfterIndex && flags.width !== undefined) this.#isGoodIndex = false
      return
    }
    this.#at++
    const width = this.#integer()
    if (width === undefined) this.#printer.write('%!(BADWIDTH)')
    else {
      flags.width = Math.abs(width)
      if (width < 0) {
        flags.minus = true
        flags.zero = false
      }
    }
    this.#isAfterIndex = false
  }

  #precision(flags: Flags): void {
    if (this.#pattern[this.#at] !== '.' || this.#at + 1 >= this.#pattern.length) return
    this.#at++
    if (this.#isAfterIndex) this.#isGoodIndex = false
    this.#index()
    if (this.#pattern[this.#at] !== '*') {
      flags.precision = this.#number() ?? 0
      return
    }
    this.#at++
    const precision = this.#integer()
    if (precision === undefined || precision < 0) this.#printer.write('%!(BADPREC)')
    else flags.precision = precision
    this.#isAfterIndex = false
  }

  /** Digits of the pattern; undefined if there are none. A number that is too large swallows the rest, as in Go. */
  #number(): number | undefined {
    let number: number | undefined
    for (; /[0-9]/.test(this.#pattern[this.#at] ?? ''); this.#at++) {
      if ((number ?? 0) > WIDEST) {
        this.#at = this.#pattern.length
        return undefined
      }
      number = (number ?? 0) * 10 + Number(this.#pattern[this.#at])
    }
    return number
  }

  /** The next operand as a width or precision. */
  #integer(): number | undefined {
    if (this.#argument >= this.#args.length) return undefined
    const value = integerOf(this.#args[this.#argument++] ?? null)
    return value === undefined || value > BigInt(WIDEST) || value < BigInt(-WIDEST) ? undefined : Number(value)
  }

  /** `[2]`: the operand that comes next. */
  #index(): void {
    if (this.#pattern[this.#at] !== '[') {
      this.#isAfterIndex = false
      return
    }
    this.#isReordered = true
    const close = this.#pattern.indexOf(']', this.#at)
    const isShort = this.#pattern.length - this.#at < 3 || close < 0
    const digits = isShort ? '' : this.#pattern.slice(this.#at + 1, close)
    const index = /^\d{1,7}$/.test(digits) && Number(digits) <= WIDEST * 10 ? Number(digits) - 1 : undefined
    this.#at += isShort ? 1 : close - this.#at + 1
    const isGood = index !== undefined && index >= 0 && index < this.#args.length
    this.#isAfterIndex = index !== undefined
    if (isGood) this.#argument = index
    else this.#isGoodIndex = false
  }
}
