import { quote } from '../../../admission/text.ts'
import type { Block, Node } from './ast.ts'
import { Cursor, describe } from './cursor.ts'
import { Fault } from './fault.ts'
import { type Action, type Piece, trimmed } from './lexer.ts'
import { NESTING, parsePipe, type Scope } from './pipes.ts'

/** The nodes of a template, and of those that it defines by their names. */
export interface ParsedTemplate {
  readonly nodes: readonly Node[]
  readonly defined: ReadonlyMap<string, readonly Node[]>
}

/** Reads pieces into nodes, after the trim marks have done their work. Throws a Fault. */
export function nodesOf(pieces: readonly Piece[]): ParsedTemplate {
  return new Parser(trimmed(pieces)).template()
}

/** How a list of nodes ended. */
type Ending = { readonly word: 'end' | 'else'; readonly cursor: Cursor; readonly offset: number } | undefined

const KEYWORDS = [
  'if',
  'with',
  'range',
  'end',
  'else',
  'define',
  'block',
  'template',
  'break',
  'continue',
  undefined,
] as const
type Keyword = (typeof KEYWORDS)[number]

function outerScope(depth: number): Scope {
  return { variables: ['$'], depth, ranges: 0 }
}

class Parser {
  readonly #pieces: readonly Piece[]
  readonly #defined = new Map<string, readonly Node[]>()
  #at = 0

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces
  }

  template(): ParsedTemplate {
    const [nodes, ending] = this.#nodes(outerScope(0), true)
    if (ending !== undefined) throw new Fault(`unexpected {% ${ending.word} %}`, ending.offset)
    return { nodes, defined: this.#defined }
  }

  /** Up to an `end` or `else` that belongs to a block around, or to the end of the template. */
  #nodes(scope: Scope, isTop = false): readonly [readonly Node[], Ending] {
    const nodes: Node[] = []
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) {
      if (piece.kind === 'text' && piece.text !== '') nodes.push(piece)
      if (piece.kind !== 'action') continue
      const cursor = new Cursor(piece.tokens, piece.offset)
      const word = keywordOf(piece)
      if (word !== undefined) cursor.next()
      if (word === 'end' || word === 'else') return [nodes, { word, cursor, offset: piece.offset }]
      if (word === 'define' && isTop) this.#define(cursor, scope, piece.offset)
      else nodes.push(this.#node(word, cursor, scope, piece.offset))
    }
    return [nodes, undefined]
  }

  #node(word: Keyword, cursor: Cursor, scope: Scope, offset: number): Node {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#block(word, cursor, scope, offset)
      case 'template':
        return this.#call(cursor, scope, offset)
      case 'block': {
        const name = nameIn(cursor, 'block')
        const pipe = parsePipe(cursor, scope, 'block')
        cursor.end('block')
        this.#body(name, 'block', scope, offset)
        return { kind: 'template', name, pipe, offset }
      }
      case 'break':
      case 'continue':
        cursor.end(word)
        if (scope.ranges === 0) throw new Fault(`{% ${word} %} stands outside of any {% range %}`, offset)
        return { kind: word, offset }
      case undefined: {
        const pipe = parsePipe(cursor, scope, 'the action')
        cursor.end('the action')
        return { kind: 'output', pipe }
      }
      default:
        throw new Fault(`{% ${word} %} can only stand outside of all blocks`, offset)
    }
  }

  #call(cursor: Cursor, scope: Scope, offset: number): Node {
    const name = nameIn(cursor, 'template')
    const pipe = cursor.peek() === undefined ? undefined : parsePipe(cursor, scope, 'template')
    cursor.end('template')
    return { kind: 'template', name, pipe, offset }
  }

  #define(cursor: Cursor, scope: Scope, offset: number): void {
    const name = nameIn(cursor, 'define')
    cursor.end('define')
    this.#body(name, 'define', scope, offset)
  }

  /** What `define` and `block` have up to their `end`: a template of its own, which sees no variable of this one. */
  #body(name: string, word: 'define' | 'block', { depth }: Scope, offset: number): void {
    if (depth >= NESTING) throw new Fault(`nests deeper than ${NESTING} levels`, offset)
    const [nodes, ending] = this.#nodes(outerScope(depth + 1))
    if (ending === undefined) throw new Fault(`{% ${word} %} has no {% end %}`, offset)
    if (ending.word === 'else') throw new Fault(`unexpected {% else %} in {% ${word} %}`, ending.offset)
    ending.cursor.end('end')
    const known = this.#defined.get(name)
    if (known === undefined || isEmpty(known)) this.#defined.set(name, nodes)
    else if (!isEmpty(nodes)) throw new Fault(`there is another template ${quote(name)}`, offset)
  }

  #block(kind: Block['kind'], cursor: Cursor, outer: Scope, offset: number): Block {
    if (outer.depth >= NESTING) throw new Fault(`nests deeper than ${NESTING} levels`, offset)
    const scope = { ...outer, variables: [...outer.variables], depth: outer.depth + 1 }
    const pipe = parsePipe(cursor, scope, kind)
    cursor.end(kind)
    const [body, ending] = this.#nodes(kind === 'range' ? { ...scope, ranges: scope.ranges + 1 } : scope)
    if (ending === undefined) throw new Fault(`{% ${kind} %} has no {% end %}`, offset)
    if (ending.word === 'end') {
      ending.cursor.end('end')
      return { kind, pipe, body, otherwise: [] }
    }
    return { kind, pipe, body, otherwise: this.#otherwise(kind, ending.cursor, scope, offset) }
  }

  #otherwise(kind: Block['kind'], cursor: Cursor, scope: Scope, offset: number): readonly Node[] {
    for (const word of ['if', 'with'] as const) {
      if (!cursor.take(word)) continue
      if (kind !== word) throw new Fault(`{% else ${word} %} does not go with {% ${kind} %}`, this.#offset(-1))
      return [this.#block(word, cursor, scope, this.#offset(-1))]
    }
    cursor.end('else')
    const [nodes, ending] = this.#nodes(scope)
    if (ending === undefined) throw new Fault(`{% ${kind} %} has no {% end %}`, offset)
    if (ending.word === 'else') throw new Fault('a second {% else %}', ending.offset)
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

function keywordOf({ tokens: [first] }: Action): Keyword {
  return first?.kind === 'name' ? KEYWORDS.find(word => word === first.text) : undefined
}

function nameIn(cursor: Cursor, word: string): string {
  const token = cursor.next()
  if (token?.kind === 'string') return token.text
  throw new Fault(`{% ${word} %} takes a name in quotes, not ${describe(token)}`, token?.offset ?? cursor.offset)
}

/** Whether a template is nothing but space: then another one of its name may take its place. */
function isEmpty(nodes: readonly Node[]): boolean {
  return nodes.every(node => node.kind === 'text' && /^\p{White_Space}*$/u.test(node.text))
}
