import { quote } from '../../../admission/text.ts'
import { Fault } from './fault.ts'
import { characterAt, numberAt, quotedAt, rawAt } from './literals.ts'

/** A token of an action. `spaced` says whether white space stands before it: `.A .B` are two operands, `.A.B` is one. */
export interface Token {
  readonly kind: 'field' | 'variable' | 'name' | 'string' | 'number' | 'dot' | 'punctuation'
  /** A field without its dot, a variable with its `$`, a string's content. */
  readonly text: string
  readonly number?: bigint | number
  readonly offset: number
  readonly spaced: boolean
}

/** A stretch of a template: text that is copied, or one `{% … %}`. */
export type Piece = { readonly kind: 'text'; readonly text: string; readonly offset: number } | Action

export interface Action {
  /** A comment does nothing, but trims like the others. */
  readonly kind: 'action' | 'comment'
  readonly tokens: readonly Token[]
  /** `{%- `: the white space before it is dropped. */
  readonly trimsBefore: boolean
  /** ` -%}`: the white space after it is dropped. */
  readonly trimsAfter: boolean
  readonly offset: number
  readonly end: number
}

const OPEN = '{%'
const CLOSE = '%}'
const SPACE = /[ \t\r\n]+/y
const SIMPLE = /(\$[\p{L}_\d]*|[\p{L}_][\p{L}_\d]*|\.[\p{L}_][\p{L}_\d]*|:=|[().|,=])/uy
const NUMBER_START = /[-+]?\.?\d/y
/** What makes the `-` behind `{%` a mark and not a sign. */
const TRIM_MARK = /^-[ \t\r\n]/

/** Cuts a template into text and actions, as Go's `text/template` with the delimiters `{%` and `%}`. Throws a Fault. */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  while (at < text.length) {
    const open = text.indexOf(OPEN, at)
    const end = open < 0 ? text.length : open
    if (end > at) pieces.push({ kind: 'text', text: text.slice(at, end), offset: at })
    if (open < 0) break
    const action = commentAt(text, open) ?? actionAt(text, open)
    pieces.push(action)
    at = action.end
  }
  return pieces
}

/** Go knows a comment only right behind the delimiter, or behind `{%- ` with one space. */
function commentAt(text: string, offset: number): Action | undefined {
  const trimsBefore = TRIM_MARK.test(text.slice(offset + 2, offset + 4))
  const start = offset + (trimsBefore ? 4 : 2)
  if (!text.startsWith('/*', start)) return undefined
  const close = text.indexOf('*/', start)
  if (close < 0) throw new Fault('the comment is not closed: "*/" is missing', offset)
  const rest = /^([ \t\r\n]-)?%\}/.exec(text.slice(close + 2, close + 6))
  if (rest === null) throw new Fault('a comment must end right before "%}"', offset)
  const end = close + 2 + rest[0].length
  return { kind: 'comment', tokens: [], trimsBefore, trimsAfter: rest[1] !== undefined, offset, end }
}

function actionAt(text: string, offset: number): Action {
  const trimsBefore = TRIM_MARK.test(text.slice(offset + 2, offset + 4))
  const tokens: Token[] = []
  let at = offset + (trimsBefore ? 3 : 2)
  for (;;) {
    SPACE.lastIndex = at
    const spaced = SPACE.test(text)
    if (spaced) at = SPACE.lastIndex
    if (text.startsWith(CLOSE, at)) {
      return { kind: 'action', tokens, trimsBefore, trimsAfter: false, offset, end: at + 2 }
    }
    if (spaced && text.startsWith(`-${CLOSE}`, at)) {
      return { kind: 'action', tokens, trimsBefore, trimsAfter: true, offset, end: at + 3 }
    }
    if (at >= text.length) throw new Fault('the action is not closed: "%}" is missing', offset)
    const [token, end] = tokenAt(text, at, spaced || tokens.length === 0)
    tokens.push(token)
    at = end
  }
}

function tokenAt(text: string, at: number, spaced: boolean): readonly [Token, end: number] {
  const character = text[at] ?? ''
  if (character === '"' || character === '`' || character === "'") {
    if (character === "'") {
      const [number, end] = characterAt(text, at)
      return [{ kind: 'number', text: '', number, offset: at, spaced }, end]
    }
    const [content, end] = character === '"' ? quotedAt(text, at) : rawAt(text, at)
    return [{ kind: 'string', text: content, offset: at, spaced }, end]
  }
  NUMBER_START.lastIndex = at
  if (NUMBER_START.test(text)) {
    const [number, end] = numberAt(text, at)
    return [{ kind: 'number', text: '', number, offset: at, spaced }, end]
  }
  SIMPLE.lastIndex = at
  const word = SIMPLE.exec(text)?.[0]
  if (word === undefined) {
    const unexpected = String.fromCodePoint(text.codePointAt(at) ?? 0)
    throw new Fault(`unexpected ${quote(unexpected)} in an action`, at)
  }
  return [wordToken(word, at, spaced), at + word.length]
}

function wordToken(word: string, offset: number, spaced: boolean): Token {
  if (word === '.') return { kind: 'dot', text: word, offset, spaced }
  if (word.startsWith('.')) return { kind: 'field', text: word.slice(1), offset, spaced }
  if (word.startsWith('$')) return { kind: 'variable', text: word, offset, spaced }
  const isName = /^[\p{L}_]/u.test(word)
  return { kind: isName ? 'name' : 'punctuation', text: word, offset, spaced }
}
