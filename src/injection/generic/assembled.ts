import type { Position } from '../../yaml/document.ts'

interface Segment {
  /** Where it begins in the assembled text. */
  readonly start: number
  /** Where it comes from in the source. */
  readonly offset: number
  /** Whether it is a copy: then each of its characters has its own place. */
  readonly isCopy: boolean
}

/** A text put together from stretches of a source, which knows where each of its places comes from. */
export class Assembled {
  readonly #segments: Segment[] = []
  readonly #parts: string[] = []
  #length = 0
  #text: string | undefined
  #lineStarts: readonly number[] | undefined

  /** A stretch of the source that begins at `offset`. */
  copy(text: string, offset: number): void {
    this.#add(text, offset, true)
  }

  /** What stands for the stretch of the source at `offset`. */
  replace(text: string, offset: number): void {
    this.#add(text, offset, false)
  }

  get text(): string {
    this.#text ??= this.#parts.join('')
    return this.#text
  }

  /** The offset in the source of a place in the assembled text. */
  sourceOffset(position: Position): number {
    const at = this.offsetOf(position)
    let low = 0
    let high = this.#segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#segments[middle]?.start ?? 0) <= at) low = middle
      else high = middle - 1
    }
    const segment = this.#segments[low]
    if (segment === undefined) return 0
    return segment.isCopy ? segment.offset + at - segment.start : segment.offset
  }

  /** The offset in the assembled text. */
  offsetOf({ line, column }: Position): number {
    this.#lineStarts ??= lineStarts(this.text)
    return (this.#lineStarts[line - 1] ?? this.#length) + column - 1
  }

  #add(text: string, offset: number, isCopy: boolean): void {
    if (text === '') return
    this.#segments.push({ start: this.#length, offset, isCopy })
    this.#parts.push(text)
    this.#length += text.length
    this.#text = undefined
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (const match of text.matchAll(/\r\n?|\n/g)) starts.push(match.index + match[0].length)
  return starts
}
