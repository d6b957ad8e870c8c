import type { Word, WordPart } from 'unbash'
import type { Variables } from './environment.ts'
import { type Argument, concat } from './output.ts'

/** What a word needs of the script around it. */
export interface WordContext {
  readonly variables: Variables
  /** Takes what reading something costs; false where it costs too much. */
  mayRead(cost: number): boolean
  /** What a command in `$(…)` writes; undefined where nobody can say. */
  substitute(part: Extract<WordPart, { type: 'CommandExpansion' }>): Argument
}

/** The words that one word of a script comes to: more than one where it has braces. */
export function wordsOf(word: Word, context: WordContext): readonly Argument[] {
  if (!context.mayRead(costOfParts(word.text))) return [undefined]
  if (word.parts === undefined) return [word.value]
  const hasBraces = word.parts.some(({ type }) => type === 'BraceExpansion')
  if (hasBraces && word.parts.length > MOST) return [undefined]
  let words: Argument[] = ['']
  for (const part of word.parts) {
    const values = part.type === 'BraceExpansion' ? alternatives(part.text) : [partText(part, context)]
    words = words.flatMap(before => values.map(value => concat(before, value)))
    if (words.length > MOST) return [undefined]
  }
  return words
}

/** The parser takes a word apart when its parts are asked for: once for every `${` that may stand in another one, of which it follows so many. */
const MAX_NESTING = 256

/** What it costs to ask for the parts of a word. */
export function costOfParts(text: string): number {
  return text.length * Math.min(text.split('${', MAX_NESTING + 1).length - 1, MAX_NESTING)
}

/** More words than this, or parts of one with braces, nobody writes by hand. */
const MOST = 64
/** Longer braces neither. */
const LONGEST = 1024

/** A word as one text. */
export function textOf(word: Word | undefined, context: WordContext): Argument {
  const [first, ...rest] = word === undefined ? [undefined] : wordsOf(word, context)
  return rest.length > 0 ? undefined : first
}

/** `{a,b}`; nested braces and ranges cannot be read here. */
function alternatives(text: string): readonly Argument[] {
  if (text.length > LONGEST) return [undefined]
  const inner = /^\{([^{}]*,[^{}]*)\}$/.exec(text)?.[1]
  return inner === undefined || /[$`'"\\]/.test(inner) ? [undefined] : inner.split(',')
}

function partText(part: WordPart, context: WordContext): Argument {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return part.value
    case 'Glob':
      return part.text
    case 'DoubleQuoted':
    case 'LocaleString': {
      return part.parts.map(child => partText(child, context)).reduce(concat, '')
    }
    case 'SimpleExpansion':
      return context.variables.get(part.text.slice(1))
    case 'ParameterExpansion':
      return parameterOf(part, context)
    case 'CommandExpansion':
      return context.substitute(part)
    default:
      return undefined
  }
}

function parameterOf(part: Extract<WordPart, { type: 'ParameterExpansion' }>, context: WordContext): Argument {
  if (part.prefix !== undefined || part.index !== undefined) return undefined
  const value = context.variables.get(part.parameter)
  const { operation } = part
  if (operation === undefined) return value
  if (operation.type !== 'Default' || !/^:?[-=]$/.test(operation.operator)) return undefined
  // A variable that is not set here may be set by the image.
  if (!context.variables.has(part.parameter)) return undefined
  return value === '' && operation.operator.startsWith(':') ? textOf(operation.operand, context) : value
}
