import { quote } from '../../../admission/text.ts'
import type { Block, Node } from './ast.ts'
import { Cursor } from './cursor.ts'
import { Fault } from './fault.ts'
import type { Action, Piece } from './lexer.ts'
import { NESTING, parsePipe, type Scope } from './pipes.ts'

/** What a template may read of the pod. */
const READABLE: readonly (readonly string[])[] = [
  ['Annotations'],
  ['ObjectMeta', 'Annotations'],
  ['Spec', 'ServiceAccountName'],
]

const UNSUPPORTED: readonly string[] = ['define', 'template', 'block', 'break', 'continue']

/** Reads pieces into nodes, after the trim marks have done their work. Throws a Fault. */
export function nodesOf(pieces: readonly Piece[]): readonly Node[] {
  return new Parser(trimmed(pieces)).template()
}

/** What ended a list of nodes. */
type Ending = { readonly word: 'end' | 'else'; readonly cursor: Cursor } | undefined

class Parser {
  readonly #pieces: readonly Piece[]
  #at = 0

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces
  }

  template(): readonly Node[] {
    const scope: Scope = { variables: ['$'], depth: 0, checkPath, isDotPod: true }
    const [nodes, ending] = this.#nodes(scope)
    if (ending !== undefined) throw new Fault(`unexpected {% ${ending.word} %}`, this.#offset(-1))
    return nodes
  }

  /** Up to an `end` or `else` that belongs to a block around, or to the end of the template. */
  #nodes(scope: Scope): readonly [readonly Node[], Ending] {
    const nodes: Node[] = []
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if (piece.kind === 'text') nodes.push(piece)
      if (piece.kind !== 'action') continue
      const cursor = new Cursor(piece.tokens, piece.offset)
      const word = keywordOf(piece)
      switch (word) {
        case undefined: {
          const pipe = parsePipe(cursor, scope, 'the action')
          cursor.end('the action')
          nodes.push({ kind: 'output', pipe })
          break
        }
        case 'end':
        case 'else':
          cursor.next()
          return [nodes, { word, cursor }]
        default:
          cursor.next()
          nodes.push(this.#block(word, cursor, scope, piece.offset))
      }
    }
    return [nodes, undefined]
  }

  #block(kind: Block['kind'], cursor: Cursor, outer: Scope, offset: number): Block {
    if (outer.depth >= NESTING) throw new Fault(`nests deeper than ${NESTING} levels`, offset)
    const scope = { ...outer, variables: [...outer.variables], depth: outer.depth + 1 }
    const pipe = parsePipe(cursor, scope, kind)
    cursor.end(kind)
    const inner = { ...scope, variables: [...scope.variables], isDotPod: scope.isDotPod && kind === 'if' }
    const [body, ending] = this.#nodes(inner)
    if (ending === undefined) throw new Fault(`{% ${kind} %} has no {% end %}`, offset)
    if (ending.word === 'end') {
      ending.cursor.end('end')
      return { kind, pipe, body, otherwise: [] }
    }
    return { kind, pipe, body, otherwise: this.#otherwise(kind, ending.cursor, scope, offset) }
  }

  #otherwise(kind: Block['kind'], cursor: Cursor, scope: Scope, offset: number): readonly Node[] {
    if (cursor.take('if')) {
      if (kind !== 'if') throw new Fault(`{% else if %} does not go with {% ${kind} %}`, this.#offset(-1))
      return [this.#block('if', cursor, scope, this.#offset(-1))]
    }
    cursor.end('else')
    const [nodes, ending] = this.#nodes({ ...scope, variables: [...scope.variables] })
    if (ending === undefined) throw new Fault(`{% ${kind} %} has no {% end %}`, offset)
    if (ending.word === 'else') throw new Fault('a second {% else %}', this.#offset(-1))
    ending.cursor.end('end')
    return nodes
  }

  #next(): Piece | undefined {
    return this.#pieces[this.#at++]
  }

  #offset(back: number): number {
    return this.#pieces[this.#at + back]?.offset ?? 0
  }
}

function keywordOf({ tokens }: Action): Block['kind'] | 'end' | 'else' | undefined {
  const [first] = tokens
  if (first?.kind !== 'name') return undefined
  if (UNSUPPORTED.includes(first.text)) throw new Fault(`{% ${first.text} %} is not supported`, first.offset)
  const { text } = first
  return text === 'if' || text === 'with' || text === 'range' || text === 'end' || text === 'else' ? text : undefined
}

function checkPath(path: readonly string[], offset: number): void {
  const fits = READABLE.some(readable => readable.every((name, i) => path[i] === undefined || path[i] === name))
  const isMap = path[0] === 'Annotations' || path[1] === 'Annotations'
  if (fits && (isMap || path.length <= 2)) return
  const readable = READABLE.map(names => `.${names.join('.')}`).join(', ')
  throw new Fault(`${quote(`.${path.join('.')}`)} is not for templates to read; there are ${readable}`, offset)
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
