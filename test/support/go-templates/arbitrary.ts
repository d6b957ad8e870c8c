/** A template of the generator, and the pod that it is rendered for. */
export interface TemplateCase {
  readonly template: string
  readonly annotations: Readonly<Record<string, string>>
  readonly serviceAccountName: string
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export const ANNOTATIONS: Readonly<Record<string, string>> = {
  a: 'x',
  b: 'he said "hi" & <bye>',
  n: '5',
  e: '',
  u: 'zoë 😀\u00a0\u200b',
  nl: 'line 1\nline 2\t\\',
  pct: '100% =/?~',
  list: '[a, b, 3, 2.5, true, ~, [1, 2]]',
  map: 'some: [yaml, list]\nwith: {yaml: object}\nnum: 7\nf: 2.5\nt: true\nz: ~\n7: seven\n',
  'example.com/key': 'value',
}

/** The templates that a seed gives: `count` of them, most of them right, some wrong in ways that Go tells. */
export function* templateCases(seed: number, count: number): Generator<TemplateCase> {
  for (let i = 0; i < count; i++) {
    const writer = new TemplateWriter(randomOf(seed * 1_000_003 + i))
    yield { template: writer.template(), annotations: ANNOTATIONS, serviceAccountName: 'world' }
  }
}

const SCALARS = [
  '1',
  '0',
  '-3',
  '12',
  '2.5',
  '-0.0',
  '1e3',
  '1e21',
  '1e-7',
  '0x1F',
  '0b11',
  '0o17',
  '013',
  '1_0',
  '-0x1e',
  '0x1p4',
  "'\\n'",
  'true',
  'false',
  'nil',
  '""',
  '"abc"',
  '"zoë"',
  '"a b\\t\\"q\\""',
  '`raw "x"`',
  '"5"',
  '"\\u00e9\\x41"',
]
/** Only where nothing can loop as often. */
const LARGE = [
  "'a'",
  "'ä'",
  "'😀'",
  '1114112',
  '9223372036854775807',
  '-9223372036854775808',
  '1234567890123',
  '123456789.125',
  '5e-324',
  '1.7976931348623157e308',
]
const FIELDS = [
  '.',
  '$',
  '.a',
  '.Annotations.a',
  '.Annotations.n',
  '.Annotations.e',
  '.Annotations.u',
  '.Annotations.nl',
  '.Annotations.pct',
  '.Annotations.b',
  '$.Annotations.a',
  '.ObjectMeta.Annotations',
  '.Annotations',
  '.Spec.ServiceAccountName',
  '.Spec.HostNetwork',
  '.Spec.Containers',
  '.Spec.Affinity',
  '.Spec.Priority',
  '.Spec.DNSPolicy',
  '.Spec.NodeSelector',
  '.Generation',
  '.Name',
  '.Labels',
  '.DeletionTimestamp',
  '.CreationTimestamp',
  '.Bad',
  '.some',
  '.num',
  '.with.yaml',
  '.z',
  '.z.x',
  '.missing.x',
]
const SOURCES = [
  '.Annotations.list',
  '.Annotations.map',
  '"[1, 2, x]"',
  '"{a: 1, b: [2]}"',
  '"{b: 18446744073709551615}"',
]
const NAMES = ['$x', '$y', '$v']
const TEXTS = ['a', ' ', '\n', '- ', 'b: c\n', '  x  ', '{', '%', '}']
const VERBS = [...'vvvsdqxXoObcUeEfFgGtT', 'p', 'w', 'z', '%', '!']
const FLAGS = ['', '', '', '+', '-', '#', ' ', '0', '+#', '-0', '# ']
const SIZES = ['', '', '', '5', '0', '12', '.2', '8.3', '.0', '.', '*', '.*', '*.*', '[2]', '[1]', '[3]*', '[x]', '[9]']

class TemplateWriter {
  readonly #random: () => number
  #depth = 0
  #ranges = 0
  #defined: string[] = []
  #variables: string[] = []
  /** Whether this is inside of a named template: it calls none, or it might call itself for ever. */
  #isNamed = false

  constructor(random: () => number) {
    this.#random = random
  }

  template(): string {
    const head = this.#chance(0.15) ? this.#definition() : ''
    const body = this.#nodes(3)
    const tail = this.#chance(0.1) ? this.#definition() : ''
    const text = head + body + tail
    return this.#chance(0.05) ? this.#damaged(text) : text
  }

  #definition(): string {
    const name = this.#pick(['t1', 't2'])
    this.#defined.push(name)
    const body = this.#named()
    return `${this.#open()}define "${name}"${this.#close()}${body}${this.#open()}end${this.#close()}`
  }

  #damaged(text: string): string {
    const at = Math.floor(this.#random() * text.length)
    const piece = this.#pick(['', '%}', '{%', '(', ')', '|', '"', ' end ', '.', '$', ':=', ',', "'"])
    return text.slice(0, at) + piece + text.slice(at + (this.#chance(0.5) ? 1 : 0))
  }

  #nodes(most: number): string {
    const count = 1 + Math.floor(this.#random() * most)
    return Array.from({ length: count }, () => this.#node()).join('')
  }

  #node(): string {
    this.#depth++
    const kind = this.#depth > 4 ? this.#random() * 0.6 : this.#random()
    const node = this.#nodeOf(kind)
    this.#depth--
    return node
  }

  #nodeOf(kind: number): string {
    if (kind < 0.15) return this.#pick(TEXTS)
    if (kind < 0.5) return this.#action(this.#pipeline())
    if (kind < 0.58) return this.#action(this.#setting())
    if (kind < 0.6) return this.#pick(['{%/* a comment */%}', '{%- /* trims */ -%}', '{% /* none */ %}'])
    if (kind < 0.66 && this.#isNamed) return this.#pick(TEXTS)
    if (kind < 0.64)
      return this.#action(`template "${this.#pick([...this.#defined, ...this.#defined, 't1'])}" ${this.#pipeline()}`)
    if (kind < 0.66) return this.#blockNode()
    if (kind < 0.69)
      return this.#action(this.#ranges > 0 || this.#chance(0.1) ? this.#pick(['break', 'continue']) : '1')
    return this.#control()
  }

  #blockNode(): string {
    const head = this.#action(`block "${this.#pick(['b1', 'b2'])}" ${this.#pipeline()}`)
    return `${head}${this.#named()}${this.#action('end')}`
  }

  /** The nodes of a named template. */
  #named(): string {
    const [variables, ranges] = [this.#variables, this.#ranges]
    this.#variables = []
    this.#isNamed = true
    const body = this.#nodes(2)
    this.#variables = variables
    this.#ranges = ranges
    this.#isNamed = false
    return body
  }

  #control(): string {
    const word = this.#pick(this.#ranges < 2 ? ['if', 'if', 'with', 'range', 'range'] : ['if', 'with'])
    const mark = [...this.#variables]
    const head = this.#action(`${word} ${word === 'range' ? this.#rangeClause() : this.#condition()}`)
    if (word === 'range') this.#ranges++
    let body = this.#nodes(3)
    if (word === 'range') this.#ranges--
    if (this.#chance(0.2))
      body += `${this.#action(`else ${this.#pick(['if', word])} ${this.#condition()}`)}${this.#nodes(2)}`
    if (this.#chance(0.3)) body += `${this.#action('else')}${this.#nodes(2)}`
    this.#variables = mark
    return `${head}${body}${this.#action('end')}`
  }

  #condition(): string {
    return this.#chance(0.2) ? this.#setting() : this.#pipeline()
  }

  #rangeClause(): string {
    const over = this.#pick([
      `fromYaml ${this.#pick(SOURCES)}`,
      '.Annotations',
      `${Math.floor(this.#random() * 5)}`,
      'index (fromYaml .Annotations.map) "some"',
      this.#pipeline(),
    ])
    const kind = this.#random()
    if (kind < 0.4) return over
    const names = kind < 0.7 ? [this.#pick(NAMES)] : [this.#pick(NAMES), this.#pick(NAMES)]
    const isOld = this.#chance(0.15)
    this.#variables.push(...names)
    return `${names.join(', ')} ${isOld ? '=' : ':='} ${over}`
  }

  #setting(): string {
    const isAssignment = this.#variables.length > 0 && this.#chance(0.4)
    const name = isAssignment ? this.#pick(this.#variables) : this.#pick(NAMES)
    const value = this.#pipeline()
    this.#variables.push(name)
    return `${name} ${isAssignment ? '=' : ':='} ${value}`
  }

  #pipeline(): string {
    const stages = [this.#command()]
    while (stages.length < 3 && this.#chance(0.25)) {
      stages.push(
        this.#pick(['print', 'len', 'html', 'js', 'urlquery', 'not', 'printf "%v"', 'eq 1', 'index', 'fromYaml']),
      )
    }
    return stages.join(this.#pick([' | ', '|']))
  }

  #command(): string {
    const kind = this.#random()
    if (kind < 0.25) return this.#operand()
    if (kind < 0.5) return this.#printf()
    if (kind < 0.6) return `${this.#pick(['eq', 'ne', 'lt', 'le', 'gt', 'ge'])} ${this.#operands(2)}`
    if (kind < 0.62) return `eq ${this.#operands(3)}`
    if (kind < 0.72) return `${this.#pick(['and', 'or'])} ${this.#operands(1 + Math.floor(this.#random() * 3))}`
    if (kind < 0.82) return `${this.#pick(['index', 'slice'])} ${this.#operands(1 + Math.floor(this.#random() * 3))}`
    const name = this.#pick(['len', 'not', 'print', 'println', 'html', 'js', 'urlquery', 'fromYaml', 'call', 'print'])
    return `${name} ${this.#operands(name === 'len' || name === 'not' ? 1 : 1 + Math.floor(this.#random() * 3))}`
  }

  #printf(): string {
    let format = ''
    const count = 1 + Math.floor(this.#random() * 2)
    for (let i = 0; i < count; i++) {
      format += `${this.#pick(['', '<', 'é '])}%${this.#pick(FLAGS)}${this.#pick(SIZES)}${this.#pick(VERBS)}`
    }
    if (this.#chance(0.03)) format += '%'
    const args = Array.from({ length: Math.floor(this.#random() * 4) }, () =>
      this.#chance(0.15) ? this.#pick(LARGE) : this.#operand(),
    )
    return `printf ${[JSON.stringify(format), ...args].join(' ')}`
  }

  #operands(count: number): string {
    return Array.from({ length: count }, () => this.#operand()).join(' ')
  }

  #operand(): string {
    const kind = this.#random()
    if (kind < 0.4) return this.#pick(SCALARS)
    if (kind < 0.65) return this.#pick(FIELDS)
    if (kind < 0.75 && this.#variables.length > 0) {
      return this.#pick(this.#variables) + (this.#chance(0.1) ? this.#pick(['.a', '.with.yaml', '.x.y']) : '')
    }
    if (kind < 0.85)
      return `(fromYaml ${this.#pick(SOURCES)})${this.#chance(0.3) ? this.#pick(['.a', '.with', '.z.q', '.num']) : ''}`
    if (this.#depth > 6) return '1'
    this.#depth++
    const nested = `(${this.#pipeline()})${this.#chance(0.05) ? '.a' : ''}`
    this.#depth--
    return nested
  }

  #action(content: string): string {
    return this.#open() + content + this.#close()
  }

  #open(): string {
    return this.#pick(['{% ', '{% ', '{% ', '{%', '{%- '])
  }

  #close(): string {
    return this.#pick([' %}', ' %}', ' %}', '%}', ' -%}'])
  }

  #chance(of: number): boolean {
    return this.#random() < of
  }

  #pick<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item
  }
}
