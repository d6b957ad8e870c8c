import { quote } from '../../../admission/text.ts'
import { Fault } from './fault.ts'
import { characterAt, type NumberLiteral, numberAt, quotedAt, rawAt } from './literals.ts'

/** A token of an action. */
export interface Token {
  readonly kind: 'field' | 'variable' | 'name' | 'string' | 'number' | 'dot' | 'punctuation'
  /** A field without its dot, a variable with its `$`, a string's content. */
  readonly text: string
  readonly number?: NumberLiteral
  readonly offset: number
  /** Whether white space comes before it: `.A .B` are two operands, `.A.B` is one. */
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
const WORD = /[\p{L}\p{Nd}_]+/uy
/** A `.` or sign before a digit begins a number, as does a sign alone. */
const NUMBER_START = /[-+\d]|\.\d/y
/** What may follow a name, field or variable without a space. */
const TERMINATOR = /[ \t\r\n.,|:()]|%\}|$/y
/** The `-` behind `{%` that is a mark and not a sign. */
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
  const close = text.indexOf('*/', start + 2)
  if (close < 0) throw new Fault('the comment is not closed: "*/" is missing', offset)
  const rest = /^([ \t\r\n]-)?%\}/.exec(text.slice(close + 2, close + 6))
  if (rest === null) throw new Fault('a comment must end right before "%}"', offset)
  const end = close + 2 + rest[0].length
  return { kind: 'comment', tokens: [], trimsBefore, trimsAfter: rest[1] !== undefined, offset, end }
}

function actionAt(text: string, offset: number): Action {
  const trimsBefore = TRIM_MARK.test(text.slice(offset + 2, offset + 4))
  const tokens: Token[] = []
  let at = offset + (trimsBefore ? 4 : 2)
  let depth = 0
  for (;;) {
    SPACE.lastIndex = at
    const spaced = SPACE.test(text) || (trimsBefore && tokens.length === 0)
    if (spaced) at = Math.max(at, SPACE.lastIndex)
    const trimsAfter = /[ \t\r\n]/.test(text[at - 1] ?? '') && text.startsWith(`-${CLOSE}`, at)
    if (trimsAfter || text.startsWith(CLOSE, at)) {
      if (depth > 0) throw new Fault('")" is missing', at)
      return { kind: 'action', tokens, trimsBefore, trimsAfter, offset, end: at + (trimsAfter ? 3 : 2) }
    }
    if (at >= text.length) throw new Fault('the action is not closed: "%}" is missing', offset)
    const [token, end] = tokenAt(text, at, spaced)
    if (token.kind === 'punctuation' && token.text === '(') depth++
    if (token.kind === 'punctuation' && token.text === ')' && --depth < 0) throw new Fault('unexpected ")"', at)
    tokens.push(token)
    at = end
  }
}

function tokenAt(text: string, at: number, spaced: boolean): readonly [Token, end: number] {
  const character = text[at] ?? ''
  if (character === '"' || character === '`') {
    const [content, end] = character === '"' ? quotedAt(text, at) : rawAt(text, at)
    return [{ kind: 'string', text: content, offset: at, spaced }, end]
  }
  NUMBER_START.lastIndex = at
  if (character === "'" || NUMBER_START.test(text)) {
    const [number, end] = character === "'" ? characterAt(text, at) : numberAt(text, at)
    return [{ kind: 'number', text: '', number, offset: at, spaced }, end]
  }
  if (text.startsWith(':=', at)) return [{ kind: 'punctuation', text: ':=', offset: at, spaced }, at + 2]
  if ('(),|='.includes(character)) return [{ kind: 'punctuation', text: character, offset: at, spaced }, at + 1]
  return wordAt(text, at, spaced)
}

/** A name, `.field`, `$variable`, `.` or `$`. */
function wordAt(text: string, at: number, spaced: boolean): readonly [Token, end: number] {
  const mark = text[at] === '.' || text[at] === '$' ? (text[at] ?? '') : ''
  WORD.lastIndex = at + mark.length
  const word = WORD.exec(text)?.[0] ?? ''
  const end = at + mark.length + word.length
  TERMINATOR.lastIndex = end
  if (mark + word === '' || !TERMINATOR.test(text)) {
    const unexpected = String.fromCodePoint(text.codePointAt(end) ?? 0)
    throw new Fault(`unexpected ${quote(unexpected)} in an action`, end)
  }
  if (mark === '') return [{ kind: 'name', text: word, offset: at, spaced }, end]
  if (mark === '$') return [{ kind: 'variable', text: mark + word, offset: at, spaced }, end]
  return [{ kind: word === '' ? 'dot' : 'field', text: word || '.', offset: at, spaced }, end]
}

/** The pieces with the white space gone that trim marks next to it take away. */
export function trimmed(pieces: readonly Piece[]): readonly Piece[] {
  return pieces.map((piece, i): Piece => {
    if (piece.kind !== 'text') return piece
    const [before, after] = [pieces[i - 1], pieces[i + 1]]
    let { text, offset } = piece
    if (after !== undefined && after.kind !== 'text' && after.trimsBefore) text = text.replace(/[ \t\r\n]+$/, '')
    if (before !== undefined && before.kind !== 'text' && before.trimsAfter) {
      const kept = text.replace(/^[ \t\r\n]+/, '')
      offset += text.length - kept.length
      text = kept
    }
    return { kind: 'text', text, offset }
  })
}
