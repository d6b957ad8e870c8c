import { parseYaml } from '../../../yaml/parse.ts'
import type { Budget } from './budget.ts'
import { areEqual, isLess } from './compare.ts'
import { describeYaml, Fault } from './fault.ts'
import { format } from './format.ts'
import { textOf } from './text.ts'
import { isTemplateList, isTrue, TemplateMap, type TemplateValue, typeName, valueOfJson } from './value.ts'

/** Where a function is called, and what it may spend. */
export interface Call {
  readonly offset: number
  readonly budget: Budget
}

type TemplateFunction = (args: readonly TemplateValue[], call: Call) => TemplateValue

/** Least and most arguments, and what is made of them. `and` and `or` are not here: they look at no more than they need. */
const FUNCTIONS: ReadonlyMap<string, readonly [least: number, most: number, run: TemplateFunction]> = new Map([
  ['index', [1, Number.POSITIVE_INFINITY, index]],
  ['fromYaml', [1, 1, fromYaml]],
  ['not', [1, 1, ([value = null]) => !isTrue(value)]],
  ['len', [1, 1, lengthOf]],
  ['eq', [2, Number.POSITIVE_INFINITY, (args, call) => equalsAny(args, call)]],
  ['ne', [2, 2, (args, call) => !equalsAny(args, call)]],
  ['lt', [2, 2, (args, call) => less(args, call)]],
  ['ge', [2, 2, (args, call) => !less(args, call)]],
  ['gt', [2, 2, (args, call) => !less(args, call) && !equalsAny(args, call)]],
  ['le', [2, 2, (args, call) => less(args, call) || equalsAny(args, call)]],
  ['print', [0, Number.POSITIVE_INFINITY, print]],
  ['println', [0, Number.POSITIVE_INFINITY, println]],
  ['printf', [1, Number.POSITIVE_INFINITY, printf]],
])

/** Calls a function of the templates. Throws a Fault. */
export function callFunction(name: string, args: readonly TemplateValue[], call: Call): TemplateValue {
  const [least, most, run] = FUNCTIONS.get(name) ?? [0, 0, () => null]
  if (args.length < least || args.length > most) {
    const wanted = most === least ? `${least}` : `at least ${least}`
    throw new Fault(`${name} takes ${wanted} argument${least === 1 ? '' : 's'}, not ${args.length}`, call.offset)
  }
  call.budget.step(call.offset, 1 + args.length)
  return run(args, call)
}

function index([collection = null, ...keys]: readonly TemplateValue[], call: Call): TemplateValue {
  let at = collection
  for (const key of keys) {
    if (at instanceof TemplateMap) {
      if (typeof key !== 'string') throw new Fault(`index: ${typeName(key)} is no key of a map`, call.offset)
      at = at.entries.get(key) ?? at.missing
    } else if (isTemplateList(at) || typeof at === 'string') {
      at = element(at, key, call)
    } else throw new Fault(`index: ${typeName(at)} has no elements`, call.offset)
  }
  return at
}

function element(list: readonly TemplateValue[] | string, key: TemplateValue, call: Call): TemplateValue {
  if (typeof key !== 'bigint') throw new Fault(`index: ${typeName(key)} is no index of ${typeName(list)}`, call.offset)
  if (typeof list === 'string') throw new Fault('index: a string cannot be indexed here', call.offset)
  const found = key >= 0n && key < BigInt(list.length) ? list[Number(key)] : undefined
  if (found === undefined) throw new Fault(`index: ${key} is out of range of a list of ${list.length}`, call.offset)
  return found
}

function fromYaml([text = null]: readonly TemplateValue[], { offset, budget }: Call): TemplateValue {
  if (typeof text !== 'string') throw new Fault(`fromYaml takes a string, not ${typeName(text)}`, offset)
  budget.parse(offset, text.length)
  const mayRetry = (characters: number) => {
    budget.parseAgain(offset, characters)
    return true
  }
  const { documents, problems } = parseYaml(text, { depth: 50, aliasedNodes: 1000, documents: 2, mayRetry })
  const [problem] = problems
  if (problem !== undefined) throw new Fault(`fromYaml: ${describeYaml(problem)}`, offset)
  const value = valueOfJson(documents[0]?.value ?? null)
  if (value === undefined) throw new Fault('fromYaml: a number is too large to be read exactly; quote it', offset)
  return value
}

function lengthOf([value = null]: readonly TemplateValue[], { offset, budget }: Call): TemplateValue {
  if (typeof value === 'string') {
    budget.copy(offset, value.length)
    return BigInt(new TextEncoder().encode(value).length)
  }
  if (isTemplateList(value)) return BigInt(value.length)
  if (value instanceof TemplateMap) return BigInt(value.entries.size)
  throw new Fault(`len: ${typeName(value)} has no length`, offset)
}

function equalsAny([first = null, ...others]: readonly TemplateValue[], { offset, budget }: Call): boolean {
  for (const other of others) {
    budget.step(offset, compareCost(first, other))
    const answer = areEqual(first, other)
    if (typeof answer === 'string') throw new Fault(answer, offset)
    if (answer) return true
  }
  return false
}

/** Long texts that are equal are looked through. */
function compareCost(a: TemplateValue, b: TemplateValue): number {
  return typeof a === 'string' && typeof b === 'string' ? Math.floor(Math.min(a.length, b.length) / 256) : 0
}

function less([a = null, b = null]: readonly TemplateValue[], { offset, budget }: Call): boolean {
  budget.step(offset, compareCost(a, b))
  const answer = isLess(a, b)
  if (typeof answer === 'string') throw new Fault(answer, offset)
  return answer
}

/** `fmt.Sprint`: a space between two operands of which neither is a string. */
function print(args: readonly TemplateValue[], call: Call): TemplateValue {
  const take = taker(call)
  return args
    .map((value, i) => {
      const previous = args[i - 1]
      const isSpaced = i > 0 && typeof value !== 'string' && typeof previous !== 'string'
      return `${isSpaced ? ' ' : ''}${textOf(value, take, true)}`
    })
    .join('')
}

/** `fmt.Sprintln`: a space between all operands, and a newline. */
function println(args: readonly TemplateValue[], call: Call): TemplateValue {
  const take = taker(call)
  return `${args.map(value => textOf(value, take, true)).join(' ')}\n`
}

function printf([pattern = null, ...args]: readonly TemplateValue[], call: Call): TemplateValue {
  if (typeof pattern !== 'string') throw new Fault(`printf takes a string first, not ${typeName(pattern)}`, call.offset)
  const take = taker(call)
  take(pattern.length)
  const result = format(pattern, args, take)
  if (typeof result === 'string') throw new Fault(result, call.offset)
  return result.text
}

/** Adds up what one call makes, so that no value grows beyond the limit. */
export function taker({ offset, budget }: Call): (characters: number) => void {
  let total = 0
  return characters => {
    total += characters
    budget.copy(offset, characters, total)
  }
}
