import { quote } from '../../../admission/text.ts'
import { suggest } from '../../../policy/suggest.ts'
import type { Command, Pipe, Term } from './ast.ts'
import { FUNCTIONS } from './ast.ts'
import { type Cursor, describe } from './cursor.ts'
import { Fault } from './fault.ts'

/** Parentheses and blocks nest no deeper, so that neither reading nor rendering can exhaust the stack. */
export const NESTING = 50

/** What a pipe is read in. */
export interface Scope {
  /** Variables that may be read, innermost last. */
  readonly variables: string[]
  readonly depth: number
  /** Checks `.a.b` where the dot, or `$`, is the pod. */
  readonly checkPath: (path: readonly string[], offset: number) => void
  readonly isDotPod: boolean
}

/** `$x := pipeline`, `$x = pipeline` or a pipeline. In `range`, two variables may be set. */
export function parsePipe(cursor: Cursor, scope: Scope, context: string): Pipe {
  if (scope.depth > NESTING) throw new Fault(`nests deeper than ${NESTING} levels`, cursor.offset)
  const { offset } = cursor
  const { variables, isAssignment } = parseVariables(cursor, scope, context)
  const commands = [parseCommand(cursor, scope, context)]
  while (cursor.take('|')) {
    const command = parseCommand(cursor, scope, context)
    if (command.terms[0]?.kind !== 'function') {
      throw new Fault('only a function can stand behind "|"', command.offset)
    }
    commands.push(command)
  }
  if (!isAssignment) scope.variables.push(...variables)
  return { offset, variables, isAssignment, commands }
}

function parseVariables(cursor: Cursor, scope: Scope, context: string): Pick<Pipe, 'variables' | 'isAssignment'> {
  const first = cursor.peek()
  const second = cursor.peek(1)
  if (first?.kind !== 'variable' || second?.kind !== 'punctuation') return { variables: [], isAssignment: false }
  if (second.text === ':=' || second.text === '=') {
    cursor.next()
    cursor.next()
    if (second.text === '=') checkVariable(first.text, first.offset, scope)
    return { variables: [first.text], isAssignment: second.text === '=' }
  }
  const third = cursor.peek(2)
  if (second.text !== ',' || context !== 'range' || third?.kind !== 'variable') {
    return { variables: [], isAssignment: false }
  }
  for (let i = 0; i < 3; i++) cursor.next()
  if (!cursor.take(':=')) throw new Fault('":=" belongs behind the two variables of a range', cursor.offset)
  return { variables: [first.text, third.text], isAssignment: false }
}

function parseCommand(cursor: Cursor, scope: Scope, context: string): Command {
  const { offset } = cursor
  const terms: Term[] = []
  for (let token = cursor.peek(); token !== undefined && !endsCommand(token.text, token.kind); token = cursor.peek()) {
    if (terms.length > 0 && !token.spaced) throw new Fault(`a space belongs before ${describe(token)}`, token.offset)
    terms.push(parseTerm(cursor, scope))
  }
  const [first] = terms
  if (first === undefined) throw new Fault(`a value is missing in ${context}`, offset)
  if (first.kind === 'constant' && first.value === null) throw new Fault('nil is nothing to write', first.offset)
  if (terms.length > 1 && first.kind !== 'function') {
    throw new Fault('what comes first is no function and takes no arguments', first.offset)
  }
  return { offset, terms }
}

function endsCommand(text: string, kind: string): boolean {
  return kind === 'punctuation' && (text === '|' || text === ')')
}

function parseTerm(cursor: Cursor, scope: Scope): Term {
  const token = cursor.next()
  const offset = token?.offset ?? cursor.offset
  switch (token?.kind) {
    case 'string':
      return { kind: 'constant', value: token.text, offset }
    case 'number':
      return { kind: 'constant', value: token.number ?? null, offset }
    case 'name':
      return parseName(token.text, offset)
    case 'dot':
      return { kind: 'dot', path: [], offset }
    case 'field': {
      const path = [token.text, ...parsePath(cursor)]
      if (scope.isDotPod) scope.checkPath(path, offset)
      return { kind: 'dot', path, offset }
    }
    case 'variable': {
      checkVariable(token.text, offset, scope)
      const path = parsePath(cursor)
      if (token.text === '$' && path.length > 0) scope.checkPath(path, offset)
      return { kind: 'variable', name: token.text, path, offset }
    }
    default:
      if (token?.text !== '(') throw new Fault(`unexpected ${describe(token)}`, offset)
  }
  const pipe = parsePipe(cursor, { ...scope, depth: scope.depth + 1 }, 'parentheses')
  if (!cursor.take(')')) throw new Fault('")" is missing', cursor.offset)
  return { kind: 'pipe', pipe, path: parsePath(cursor), offset }
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
  if (name === 'nil') return { kind: 'constant', value: null, offset }
  if (FUNCTIONS.includes(name)) return { kind: 'function', name, offset }
  const message = `unknown function ${quote(name)}${suggest(name, FUNCTIONS)}; there are ${FUNCTIONS.join(', ')}`
  throw new Fault(message, offset)
}

function checkVariable(name: string, offset: number, scope: Scope): void {
  if (!scope.variables.includes(name)) throw new Fault(`variable ${quote(name)} is not defined here`, offset)
}
