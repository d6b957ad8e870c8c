import type { Range, YamlDocument } from '../yaml/document.ts'
import type { Columns, FrameSource } from './frame.ts'
import { secretRanges } from './redact.ts'

/** The text of a file as its frames need it. Nothing is worked out before the first finding. */
export class SourceText {
  readonly #text: string
  #lines: readonly string[] | undefined
  #hasAnchors: boolean | undefined
  readonly #secrets = new Map<YamlDocument, ReadonlyMap<number, readonly Columns[]>>()

  constructor(text: string) {
    this.#text = text
  }

  /** The file as one document sees it: its own secrets are known. */
  seenFrom(document: YamlDocument): FrameSource {
    return {
      line: number => this.#line(number),
      secretsOn: number => this.#secretsOf(document).get(number) ?? [],
    }
  }

  #line(number: number): string {
    this.#lines ??= this.#text.split(/\r\n?|\n/)
    return this.#lines[number - 1] ?? ''
  }

  #secretsOf(document: YamlDocument): ReadonlyMap<number, readonly Columns[]> {
    let byLine = this.#secrets.get(document)
    if (byLine === undefined) {
      this.#hasAnchors ??= /[\s,[{]&[^\s,[\]{}]/.test(this.#text)
      byLine = this.#columnsByLine(secretRanges(document, this.#hasAnchors))
      this.#secrets.set(document, byLine)
    }
    return byLine
  }

  #columnsByLine(ranges: readonly Range[]): ReadonlyMap<number, readonly Columns[]> {
    const byLine = new Map<number, Columns[]>()
    for (const { start, end } of ranges) {
      for (let number = start.line; number <= end.line; number++) {
        const line = this.#line(number)
        const from = number === start.line ? start.column : line.length - line.trimStart().length + 1
        const to = number === end.line ? end.column : line.length + 1
        if (to <= from) continue
        const columns = byLine.get(number) ?? []
        columns.push({ start: from, end: to })
        byLine.set(number, columns)
      }
    }
    return new Map([...byLine].map(([number, columns]) => [number, merged(columns)]))
  }
}

/** The same columns, sorted, and those that overlap as one: what an alias brings may be secret twice. */
function merged(columns: readonly Columns[]): readonly Columns[] {
  const result: Columns[] = []
  for (const next of [...columns].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last === undefined || next.start > last.end) result.push(next)
    else result[result.length - 1] = { start: last.start, end: Math.max(last.end, next.end) }
  }
  return result
}
