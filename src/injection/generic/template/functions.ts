import type { Budget } from './budget.ts'
import { areEqual, isLess } from './compare.ts'
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts'
import { Fault } from './fault.ts'
import { format, type Take } from './format.ts'
import { index, slice } from './index-slice.ts'
import { print, printedArguments, println } from './print.ts'
import { isTrue, stringOf, TemplateList, TemplateMap, type TemplateValue, typeName, unwrap } from './value.ts'
import { fromYaml } from './yaml-value.ts'

/** Where a function is called, and what it may spend. */
export interface Call {
  readonly offset: number
  readonly budget: Budget
}

type TemplateFunction = (args: readonly TemplateValue[], call: Call) => TemplateValue

const ANY = Number.POSITIVE_INFINITY

/** Least and most arguments, and the function. `and` and `or` are not here: they evaluate no more than they need. */
const FUNCTIONS: ReadonlyMap<string, readonly [least: number, most: number, run: TemplateFunction]> = new Map([
  ['index', [1, ANY, index]],
  ['slice', [1, ANY, slice]],
  ['fromYaml', [1, 1, fromYaml]],
  ['not', [1, 1, ([value = null]) => !isTrue(value)]],
  ['len', [1, 1, lengthOf]],
  ['call', [1, ANY, notCallable]],
  ['eq', [2, ANY, (args, call) => equalsAny(args, call)]],
  ['ne', [2, 2, (args, call) => !equalsAny(args, call)]],
  ['lt', [2, 2, (args, call) => less(args, call)]],
  ['ge', [2, 2, (args, call) => !less(args, call)]],
  ['gt', [2, 2, (args, call) => !less(args, call) && !equalsAny(args, call)]],
  ['le', [2, 2, (args, call) => less(args, call) || equalsAny(args, call)]],
  ['print', [0, ANY, (args, call) => print(args, taker(call))]],
  ['println', [0, ANY, (args, call) => println(args, taker(call))]],
  ['printf', [1, ANY, printf]],
  ['html', [0, ANY, (args, call) => escaped(args, call, escapeHtml)]],
  ['js', [0, ANY, (args, call) => escaped(args, call, escapeJs)]],
  ['urlquery', [0, ANY, (args, call) => escaped(args, call, escapeQuery)]],
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

function lengthOf([given = null]: readonly TemplateValue[], { offset, budget }: Call): TemplateValue {
  const value = unwrap(given)
  const text = stringOf(value)
  if (text !== undefined) {
    budget.copy(offset, text.length)
    return BigInt(new TextEncoder().encode(text).length)
  }
  if (value instanceof TemplateList) return BigInt(value.items.length)
  if (value instanceof TemplateMap) return BigInt(value.entries.length)
  throw new Fault(`len: ${typeName(value)} has no length`, offset)
}

/** No value of a template is a function. */
function notCallable([value = null]: readonly TemplateValue[], { offset }: Call): TemplateValue {
  throw new Fault(`call: ${typeName(value)} is not a function`, offset)
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

/** Comparing long texts that are equal reads all of them. */
function compareCost(a: TemplateValue, b: TemplateValue): number {
  return typeof a === 'string' && typeof b === 'string' ? Math.floor(Math.min(a.length, b.length) / 256) : 0
}

function less([a = null, b = null]: readonly TemplateValue[], { offset, budget }: Call): boolean {
  budget.step(offset, compareCost(a, b))
  const answer = isLess(a, b)
  if (typeof answer === 'string') throw new Fault(answer, offset)
  return answer
}

function printf([pattern = null, ...args]: readonly TemplateValue[], call: Call): TemplateValue {
  if (typeof pattern !== 'string') throw new Fault(`printf takes a string first, not ${typeName(pattern)}`, call.offset)
  const take = taker(call)
  take(pattern.length)
  return format(pattern, args, take)
}

function escaped(args: readonly TemplateValue[], call: Call, run: (text: string) => string): string {
  const take = taker(call)
  const text = printedArguments(args, take)
  // The longest escape of one character: four bytes, three characters each.
  take(text.length * 12)
  return run(text)
}

/** Adds up what one call makes, so that no value grows beyond the limit. */
export function taker({ offset, budget }: Call): Take {
  let total = 0
  return Object.assign(
    (characters: number) => {
      total += characters
      budget.copy(offset, characters, total)
    },
    { offset },
  )
}
