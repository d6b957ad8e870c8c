import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { arbitraryObject } from './objects.ts'
import type { Random } from './random.ts'

type Choices = readonly [string, ...string[]]

const SEPARATORS: Choices = [
  ...([
    '---\n',
    '---\n',
    '---\n',
    '--- \n',
    '---\t\n',
    '--- # c\n',
    '---#\n',
    '---\u00a0\n',
    '---\u00a0#c\n',
    '---\u2003\n',
    '---\u0085\n',
    '---\v\n',
  ] as const),
  ...[
    '---\r\n',
    '---\r',
    '\r---\r',
    '...\n',
    '...\n---\n',
    '---\n---\n',
    '\n',
    ' ',
    '',
    '\n\n',
    '--- x\n',
    '---x\n',
    '--- |\n',
    '--- {}\n',
    '\ufeff---\n',
    ' ---\n',
    '# c\n---\n',
  ],
  ...[
    '%YAML 1.1\n---\n',
    '%YAML 1.2\n---\n',
    '%TAG ! tag:yaml.org,2002:\n---\n',
    '%X\n---\n',
    '---\n# c\n---\n',
    '---\n\n\n---\n',
    '---\n~\n---\n',
    '---\n\ufeff',
    '--- &a\n',
    '--- !!map\n',
    '-- -\n',
    '....\n',
    '----\n',
  ],
]
const TOKENS: Choices = [
  ...([
    '\n',
    '\r',
    '\r\n',
    '\t',
    ' ',
    '  ',
    '\u00a0',
    '\u0085',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\ufffe',
    '\0',
    '\x7f',
    '\x1b',
    '\v',
    '\f',
    '\u3000',
  ] as const),
  ...[
    '---',
    '\n---',
    '\n---\n',
    '\n...\n',
    '\r---\r',
    '...',
    '%',
    '#',
    ' #',
    '\n#',
    '# c\n',
    '"',
    "'",
    '\\',
    '\\\n',
    '\\x41',
    '\\u0041',
    '\\ud83d',
    '\\ud83d\\ude00',
    '\\/',
    '\\e',
    '\\ ',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    ': ',
    ' :',
    '- ',
    '-',
    '? ',
    '?',
    '|',
    '>',
    '|-',
    '>+',
    '|2',
    '&a ',
    '*a',
    '*a ',
    '*a : ',
    '<<: *a\n',
    '<<: {kind: Pod}\n',
    '!',
    '! ',
    '!!str ',
    '!!binary ',
    '!!int ',
    '!!float ',
    '!!null ',
    '!!bool ',
    '!!map ',
    '!!seq ',
    '!!set ',
    '!!omap ',
    '!!timestamp ',
    '!!merge ',
    '!<tag:yaml.org,2002:binary> ',
    '!x ',
    '!e!x ',
  ],
  ...[
    'kind',
    'kind: Pod\n',
    '\nkind: Pod\n',
    'apiVersion: v1\n',
    'items: []\n',
    '\nitems:\n',
    'items: null\n',
    '{}',
    '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"z"}}',
    'YXBpVmVyc2lvbg==',
    '!!binary a2luZA==: Pod\n',
    '"ki\\\n  nd": Pod\n',
    '"\\x6bind": Pod\n',
    '? kind\n: Pod\n',
    "'kind': Pod\n",
    '"apiVersion": v1\n',
    '? !!binary |\n  a2luZA==\n: Pod\n',
    '&k kind: Pod\n',
    '*k : Pod\n',
  ],
  ...[
    '0',
    '1',
    '0o7',
    '08',
    '1_0',
    '0x',
    '.',
    '1.',
    '.5',
    '1e3',
    '+1',
    '~',
    'null',
    'yes',
    'NO',
    'on',
    '.inf',
    '.nan',
    '1:2',
    '18446744073709551616',
    '9223372036854775808',
    '=',
    '@',
    '`',
    '$',
  ],
]
const SPELLINGS: readonly (readonly [RegExp, Choices])[] = [
  [
    /\bkind\b/,
    [
      '"kind"',
      "'kind'",
      '"\\x6bind"',
      '"\\u006bind"',
      '!!binary a2luZA==',
      '!!str kind',
      '! kind',
      '? kind\n',
      '&k kind',
      '"ki\\\n nd"',
      'Kind',
      '"kin\\\r\nd"',
      '!<tag:yaml.org,2002:binary> a2luZA==',
    ],
  ],
  [
    /\bapiVersion\b/,
    [
      '"apiVersion"',
      "'apiVersion'",
      '"api\\x56ersion"',
      '!!binary YXBpVmVyc2lvbg==',
      '!!str apiVersion',
      '&v apiVersion',
      '"api\\\n Version"',
      'apiversion',
    ],
  ],
  [
    /\bPod\b/,
    ['"Pod"', '!!str Pod', '&p Pod', '!!binary UG9k', '|-\n  Pod', '>-\n  Pod', '"P\\x6fd"', 'Pod # c', '[Pod]'],
  ],
  [/\bv1\b/, ['"v1"', '!!str v1', '|-\n  v1', '!!binary djE=', 'v1 ', 'v1\t', '*v']],
  [/\bitems\b/, ['"items"', '!!binary aXRlbXM=', 'Items', '"item\\x73"', '!!str items', '? items\n']],
  [/\bname\b/, ['"name"', '!!str name', '"n\\x61me"', '&n name']],
]

/** Makes texts of which it depends on a seed only what they are: manifests, many of them mutilated. */
export class Texts {
  readonly #random: Random
  readonly #fixtures: readonly [string, ...string[]]

  constructor(random: Random) {
    this.#random = random
    this.#fixtures = fixtures()
  }

  /** The bytes of the next file. */
  next(): Buffer {
    const random = this.#random
    let text = random.once(8) ? random.pick(this.#fixtures) : this.#stream()
    if (random.once(2)) text = this.#respelled(text)
    for (let times = random.below(4) * random.below(2); times > 0; times--) text = this.#mutated(text)
    if (random.once(8))
      text = text.replaceAll(
        '\n',
        random.pick(['\r\n', '\r', '\n\r', '\u0085', '\u2028', '\n\n', '\n ', ' \n', '\t\n']),
      )
    return this.#encoded(text)
  }

  #stream(): string {
    const random = this.#random
    let text = random.once(6)
      ? random.pick([
          '# c\n',
          '\n',
          ' ',
          '\ufeff',
          '\u00a0',
          '---\n',
          '%YAML 1.1\n---\n',
          '\n\n  ',
          '\t',
          '\r\n',
          '...\n',
          '\u0085',
          '\u3000\n',
        ])
      : ''
    const isJson = random.once(4)
    for (let left = 1 + random.below(3); left > 0; left--) {
      text += this.#document(isJson ? !random.once(10) : random.once(10))
      if (left > 1 || random.once(6)) text += this.#separator(isJson)
    }
    return text
  }

  #separator(isJson: boolean): string {
    return isJson && this.#random.once(2)
      ? this.#random.pick(['', '\n', ' ', '\r\n', '\t', ',', '\u00a0', '\n\n'])
      : this.#random.pick(SEPARATORS)
  }

  #document(isJson: boolean): string {
    const random = this.#random
    const object = arbitraryObject(random)
    if (isJson) return JSON.stringify(object, null, random.pick(['', '  ', '\t']))
    return dump(object, {
      flowLevel: random.pick([-1, -1, -1, 0, 1, 2]),
      seqNoIndent: random.once(2),
      quoteStyle: random.pick(['single', 'double']),
      forceQuotes: random.once(5),
      lineWidth: random.pick([80, -1, 10]),
      noRefs: random.once(2),
    } as Parameters<typeof dump>[1])
  }

  #respelled(text: string): string {
    const [pattern, spellings] = this.#random.pick(SPELLINGS as [(typeof SPELLINGS)[number]])
    const matches = [...text.matchAll(new RegExp(pattern, 'g'))]
    const match = matches[this.#random.below(matches.length)]
    if (match === undefined) return text
    return text.slice(0, match.index) + this.#random.pick(spellings) + text.slice(match.index + match[0].length)
  }

  #mutated(text: string): string {
    const random = this.#random
    const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
    const at = random.once(2) ? (starts[random.below(starts.length)] ?? 0) : random.below(text.length + 1)
    const removed = random.once(3) ? random.below(6) : 0
    if (random.once(8)) {
      const other = starts[random.below(starts.length)] ?? 0
      return text.slice(0, at) + text.slice(other, other + 40) + text.slice(at)
    }
    return text.slice(0, at) + (random.once(4) ? '' : random.pick(TOKENS)) + text.slice(at + removed)
  }

  #encoded(text: string): Buffer {
    const random = this.#random
    if (!random.once(40)) return Buffer.from(text)
    const swapped = () => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()
    switch (random.below(6)) {
      case 0:
        return Buffer.from(`\ufeff${text}`, 'utf16le')
      case 1:
        return swapped()
      case 2:
        return Buffer.from(text, 'utf16le')
      case 3:
        return Buffer.from(text, 'latin1')
      case 4:
        return Buffer.concat([Buffer.from(`\ufeff${text}`, 'utf16le'), Buffer.from([0x41])])
      default:
        return Buffer.from(`\ufeff${text}`)
    }
  }
}

function fixtures(): readonly [string, ...string[]] {
  const folder = join(import.meta.dirname, '../fixtures')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => /\.(ya?ml|json)$/.test(name))
  const [first, ...rest] = files.sort().map(name => readFileSync(join(folder, name), 'utf8'))
  if (first === undefined) throw new Error(`${folder} holds no manifest`)
  return [first, ...rest]
}
