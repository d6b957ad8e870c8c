import { Fault } from './fault.ts'
import type { Token } from './lexer.ts'

/** The tokens of one action, read from the left. */
export class Cursor {
  readonly #tokens: readonly Token[]
  readonly #offset: number
  #at = 0

  /** @param offset where the action begins. */
  constructor(tokens: readonly Token[], offset: number) {
    this.#tokens = tokens
    this.#offset = offset
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead]
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++]
  }

  /** The offset of the next token, or of the action at its end. */
  get offset(): number {
    return this.peek()?.offset ?? this.#offset
  }

  /** Whether the next token is the punctuation or name `text`. */
  isAt(text: string): boolean {
    const token = this.peek()
    return token !== undefined && (token.kind === 'punctuation' || token.kind === 'name') && token.text === text
  }

  /** Takes the punctuation or name `text` if it is next. */
  take(text: string): boolean {
    const isIt = this.isAt(text)
    if (isIt) this.#at++
    return isIt
  }

  end(context: string): void {
    const token = this.peek()
    if (token !== undefined) throw new Fault(`unexpected ${describe(token)} in ${context}`, token.offset)
  }
}

/** A token as messages name it. */
export function describe(token: Token | undefined): string {
  if (token === undefined) return 'the end of the action'
  if (token.kind === 'string') return 'a string'
  if (token.kind === 'number') return 'a number'
  return JSON.stringify(token.kind === 'field' ? `.${token.text}` : token.text)
}
