import type { Json, JsonObject } from '../../src/json/value.ts'
import type { Random } from './random.ts'

const KINDS = ['Pod', 'ConfigMap', 'List', 'PodList', 'Deployment', 'Thing', 'ThingList'] as const
const VERSIONS = ['v1', 'apps/v1', 'example.com/v1'] as const
const NAMES = [
  'a',
  'b',
  'web',
  '1',
  'yes',
  '0x10',
  'é',
  'x y',
  'a: b',
  '#c',
  '',
  '~',
  '1e3',
  '\u00a0',
  '👍',
  '-',
  '---',
  '...',
] as const
const VALUES: readonly [Json, ...Json[]] = [
  1,
  ...[
    0,
    -1,
    1.5,
    1e21,
    420,
    true,
    false,
    null,
    'yes',
    'on',
    '0644',
    '1_000',
    '0b11',
    '.5',
    '1:30',
    '=',
    '<<',
    '2001-01-01',
  ],
  ...[
    'a\nb',
    'a\n',
    '\n',
    ' a',
    'a ',
    'a\tb',
    '"',
    "'",
    '\\',
    '---',
    '- a',
    'a: b',
    'a #b',
    '{',
    '[',
    '&a',
    '*a',
    '!a',
    '%a',
    '@a',
    '`a',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\u007f',
    '👍',
  ],
]

/** An object such as manifests have, or a list of them; with faults now and then. */
export function arbitraryObject(random: Random, depth = 0): JsonObject {
  const object: { [key: string]: Json } = {}
  if (!random.once(12)) object['apiVersion'] = random.once(25) ? random.pick(VALUES) : random.pick(VERSIONS)
  if (!random.once(12)) object['kind'] = random.once(25) ? random.pick(VALUES) : random.pick(KINDS)
  if (!random.once(12)) object['metadata'] = random.once(30) ? random.pick(VALUES) : metadata(random)
  if (random.once(2)) object['spec'] = arbitraryValue(random, 0)
  if (random.once(3)) object['data'] = { [random.pick(NAMES)]: random.pick(VALUES) }
  const mayHaveItems = String(object['kind']).endsWith('List') ? 2 : 8
  if (depth < 3 && random.once(mayHaveItems)) object['items'] = arbitraryItems(random, depth)
  if (random.once(30))
    object[random.pick(['apiversion', 'Kind', 'KIND', 'Items', '__proto__', 'constructor', '<<'])] = random.pick(VALUES)
  return object
}

function metadata(random: Random): JsonObject {
  return {
    name: random.once(8) ? random.pick(VALUES) : random.pick(NAMES),
    ...(random.once(4) && { labels: { a: random.pick(VALUES) } }),
  }
}

function arbitraryItems(random: Random, depth: number): Json {
  if (random.once(10)) return random.pick([null, {}, 'x', 5, [null], ['x'], [[]]])
  return Array.from({ length: random.below(3) }, () => arbitraryObject(random, depth + 1))
}

function arbitraryValue(random: Random, depth: number): Json {
  if (depth > 2 || random.once(2)) return random.pick(VALUES)
  const length = random.below(3)
  if (random.once(2)) return Array.from({ length }, () => arbitraryValue(random, depth + 1))
  return Object.fromEntries(Array.from({ length }, () => [random.pick(NAMES), arbitraryValue(random, depth + 1)]))
}
