import type { Take } from './format.ts'
import { Printer } from './printer.ts'
import { stringOf, type TemplateValue, unwrap } from './value.ts'

/** What a template writes for a value, as Go's `text/template` does: `<no value>` where there is none. */
export function printed(value: TemplateValue, take: Take): string {
  const bare = unwrap(value)
  if (typeof bare === 'string') {
    take(bare.length)
    return bare
  }
  return bare === null ? '<no value>' : printOne(bare, take)
}

function printOne(value: TemplateValue, take: Take): string {
  const printer = new Printer(take)
  printer.argument(value, 'v')
  return printer.text
}

/** `fmt.Sprint`: a space between two operands of which neither is a string. */
export function print(args: readonly TemplateValue[], take: Take): string {
  return args
    .map((value, i) => {
      const isSpaced = i > 0 && stringOf(value) === undefined && stringOf(args[i - 1] ?? null) === undefined
      return `${isSpaced ? ' ' : ''}${printOne(value, take)}`
    })
    .join('')
}

/** `fmt.Sprintln`: a space between all operands, and a newline. */
export function println(args: readonly TemplateValue[], take: Take): string {
  return `${args.map(value => printOne(value, take)).join(' ')}\n`
}

/** The text that `html`, `js` and `urlquery` escape. */
export function printedArguments(args: readonly TemplateValue[], take: Take): string {
  const values = args.map(value => (unwrap(value) === null ? '<no value>' : value))
  return print(values, take)
}
