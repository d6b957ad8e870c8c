import { quote } from '../../../admission/text.ts'
import { suggest } from '../../../policy/suggest.ts'
import type { Command, Pipe, Term } from './ast.ts'
import { FUNCTIONS } from './ast.ts'
import { type Cursor, describe } from './cursor.ts'
import { Fault } from './fault.ts'
import type { Token } from './lexer.ts'

/** Parentheses and blocks nest no deeper, so that neither reading nor rendering can exhaust the stack. */
export const NESTING = 50

/** What a pipe is read in. */
export interface Scope {
  /** Variables that may be read, innermost last. */
  readonly variables: string[]
  readonly depth: number
  /** How many `range` are around. */
  readonly ranges: number
}

/** Words that are never names of functions. */
const KEYWORDS: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
])

/** `$x := pipeline`, `$x = pipeline` or a pipeline. In `range`, two variables may be set. */
export function parsePipe(cursor: Cursor, scope: Scope, context: string): Pipe {
  if (scope.depth > NESTING) throw new Fault(`nests deeper than ${NESTING} levels`, cursor.offset)
  const { offset } = cursor
  const { variables, isAssignment } = parseVariables(cursor, scope, context)
  const commands = [parseCommand(cursor, scope, context)]
  while (cursor.take('|')) {
    // As Go has it: nothing may follow the last bar.
    if (cursor.peek() === undefined || cursor.isAt(')')) break
    const command = parseCommand(cursor, scope, context)
    const kind = command.terms[0]?.kind
    const isValue = kind === 'constant' || kind === 'overflow' || kind === 'nil'
    const [first] = command.terms
    if (isValue || (first?.kind === 'dot' && first.path.length === 0)) {
      throw new Fault('only a function can stand behind "|"', command.offset)
    }
    commands.push(command)
  }
  return { offset, variables, isAssignment, commands }
}

function parseVariables(cursor: Cursor, scope: Scope, context: string): Pick<Pipe, 'variables' | 'isAssignment'> {
  const variables: string[] = []
  for (;;) {
    const [token, next] = [cursor.peek(), cursor.peek(1)]
    if (token?.kind !== 'variable' || next?.kind !== 'punctuation') break
    const isSetting = next.text === ':=' || next.text === '='
    if (!isSetting && next.text !== ',') break
    variables.push(token.text)
    scope.variables.push(token.text)
    cursor.next()
    cursor.next()
    if (isSetting) return { variables, isAssignment: next.text === '=' }
    const isPair = context === 'range' && variables.length === 1
    if (!isPair) throw new Fault(`${context} cannot set so many variables`, token.offset)
    if (cursor.peek()?.kind !== 'variable') throw new Fault('a variable belongs behind ","', cursor.offset)
  }
  const [first] = variables
  // `range $i, $x` without a value: Go reads the second as the value.
  return { variables: first === undefined ? [] : [first], isAssignment: false }
}

function parseCommand(cursor: Cursor, scope: Scope, context: string): Command {
  const { offset } = cursor
  const terms: Term[] = []
  for (let token = cursor.peek(); token !== undefined && !endsCommand(token); token = cursor.peek()) {
    if (terms.length > 0 && !token.spaced) throw new Fault(`a space belongs before ${describe(token)}`, token.offset)
    terms.push(parseTerm(cursor, scope))
  }
  if (terms.length === 0) throw new Fault(`a value is missing in ${context}`, offset)
  return { offset, terms }
}

function endsCommand({ kind, text }: Token): boolean {
  return kind === 'punctuation' && (text === '|' || text === ')')
}

/** A term, and the fields right behind it. */
function parseTerm(cursor: Cursor, scope: Scope): Term {
  const term = parseOperand(cursor, scope)
  const path = parsePath(cursor)
  if (path.length === 0) return term
  switch (term.kind) {
    case 'dot':
      if (term.path.length > 0) return { ...term, path: [...term.path, ...path] }
      break
    case 'variable':
      return { ...term, path }
    case 'function':
    case 'pipe':
      return { kind: 'chain', of: term, path, offset: term.offset }
    default:
  }
  throw new Fault(`unexpected ".${path[0]}" behind a value`, term.offset)
}

function parseOperand(cursor: Cursor, scope: Scope): Term {
  const token = cursor.next()
  const offset = token?.offset ?? cursor.offset
  switch (token?.kind) {
    case 'string':
      return { kind: 'constant', value: token.text, offset }
    case 'number': {
      const { number = 0n } = token
      if (typeof number === 'object') return { kind: 'overflow', text: number.overflow, offset }
      return { kind: 'constant', value: number, offset }
    }
    case 'name':
      return parseName(token.text, offset)
    case 'dot':
      return { kind: 'dot', path: [], offset }
    case 'field':
      return { kind: 'dot', path: [token.text], offset }
    case 'variable':
      if (!scope.variables.includes(token.text)) {
        throw new Fault(`variable ${quote(token.text)} is not defined here`, offset)
      }
      return { kind: 'variable', name: token.text, path: [], offset }
    default:
      if (token?.text !== '(') throw new Fault(`unexpected ${describe(token)}`, offset)
  }
  const pipe = parsePipe(cursor, { ...scope, depth: scope.depth + 1 }, 'parentheses')
  if (!cursor.take(')')) throw new Fault(`unexpected ${describe(cursor.peek())}`, cursor.offset)
  return { kind: 'pipe', pipe, offset }
}

/** `.a.b` right behind a term. */
function parsePath(cursor: Cursor): readonly string[] {
  const path: string[] = []
  for (let token = cursor.peek(); token?.kind === 'field' && !token.spaced; token = cursor.peek()) {
    path.push(token.text)
    cursor.next()
  }
  return path
}

function parseName(name: string, offset: number): Term {
  if (name === 'true' || name === 'false') return { kind: 'constant', value: name === 'true', offset }
  if (name === 'nil') return { kind: 'nil', offset }
  if (FUNCTIONS.includes(name)) return { kind: 'function', name, offset }
  if (KEYWORDS.has(name)) throw new Fault(`unexpected ${quote(name)} inside an action`, offset)
  const message = `unknown function ${quote(name)}${suggest(name, FUNCTIONS)}; there are ${FUNCTIONS.join(', ')}`
  throw new Fault(message, offset)
}
