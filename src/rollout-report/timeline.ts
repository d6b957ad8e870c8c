import { shorten } from '../admission/text.ts'
import { html, type Markup, NOTHING, type Part } from './escape.ts'
import type { StageFacts } from './model.ts'
import type { Mark, Span } from './spans.ts'
import { lengthText, machineTime, ticksOf } from './time.ts'

/** What is drawn, all in milliseconds since 1970. */
export interface TimelineFacts {
  readonly stages: readonly Pick<StageFacts, 'name' | 'hold'>[]
  readonly spans: readonly Span[]
  readonly marks: readonly Mark[]
  /** When the report is made; drawn where a stage still lasts. */
  readonly now: number
}

/** In units of the drawing; its text is 14 high. */
const WIDTH = 1000
const LEFT = 166
const RIGHT = 976
const LANE = 46
const BAR = 22
const LEVEL = 22
const AXIS = 42
/** Of a letter, a little more than most have: a text that seems to fit does. */
const LETTER = 7.6
/** Rows of words above the lanes; what finds no place in them is a line without a word, and stands in the table. */
const LEVELS = 6

/** The stages over time, a lane for each; nothing where no time is known. It says nothing that the tables do not say in words. */
export function timeline(facts: TimelineFacts): Markup {
  const range = rangeOf(facts)
  if (range === undefined) return NOTHING
  const x = (at: number) => round(LEFT + ((at - range.from) / (range.to - range.from)) * (RIGHT - LEFT))
  const labels = placed(facts.marks, x)
  const top = 10 + LEVEL * Math.max(0, ...labels.map(({ level }) => level + 1))
  const bottom = top + LANE * facts.stages.length
  const lanes = facts.stages.map((stage, index) => lane(stage, top + LANE * index, facts.spans, x))
  return html`<svg class="timeline" role="img" aria-labelledby="timeline-title timeline-description" viewBox="0 0 ${WIDTH} ${bottom + AXIS}" xmlns="http://www.w3.org/2000/svg">
<title id="timeline-title">The stages over time</title>
<desc id="timeline-description">${describe(facts)} The table below says the same with every time.</desc>
<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="8" height="8"/><line class="hatch-line" x1="0" y1="0" x2="0" y2="8"/></pattern></defs>
${ticks(range, x, top, bottom)}${lanes.map(({ shapes }) => shapes)}${nowLine(facts, x, top, bottom)}${labels.map(label => markLine(label, bottom))}${labels.map(markWord)}${lanes.map(({ words }) => words)}</svg>`
}

interface Range {
  /** When the first thing happened; the drawing begins a little before. */
  readonly first: number
  readonly from: number
  readonly to: number
}

type Scale = (at: number) => number

/** From the first to the last thing that is known; a hold that still runs is drawn to its end. */
function rangeOf({ spans, marks, now }: TimelineFacts): Range | undefined {
  const times = [...spans.flatMap(({ begin, end }) => [begin, end]), ...marks.map(({ at }) => at)]
  if (times.length === 0) return undefined
  const open = spans.filter(({ isOpen }) => isOpen)
  const ends = open.flatMap(({ holdEnd }) => [now, holdEnd ?? now])
  const from = Math.min(...times)
  const to = Math.max(from + 1000, ...times, ...ends)
  const margin = (to - from) / 50
  return { first: from, from: from - margin, to: to + margin }
}

function describe({ stages, spans }: TimelineFacts): string {
  const reached = stages.filter(({ name }) => spans.some(({ stage }) => stage === name)).length
  const breached = spans.filter(({ isBreached }) => isBreached).map(({ stage }) => stage)
  const breaches = breached.length === 0 ? 'No stage was breached.' : `Breached in ${breached.join(', ')}.`
  return `${reached} of ${stages.length} stages reached. ${breaches}`
}

function ticks(range: Range, x: Scale, top: number, bottom: number): Markup {
  const marks = ticksOf(range.from, range.to, 7).map(({ at, text }) => {
    const position = x(at)
    return html`<line class="grid" x1="${position}" y1="${top}" x2="${position}" y2="${bottom}"/><text class="tick" text-anchor="middle" x="${position}" y="${bottom + 20}">${text}</text>
`
  })
  return html`${marks}<text class="tick" x="0" y="${bottom + 20}">UTC, ${new Date(range.first).toISOString().slice(0, 10)}</text>
`
}

interface Lane {
  readonly shapes: Markup
  /** Drawn above everything: a word that a line crosses cannot be read. */
  readonly words: Markup
}

function lane({ name, hold }: Pick<StageFacts, 'name' | 'hold'>, y: number, all: readonly Span[], x: Scale): Lane {
  const own = all.filter(({ stage }) => stage === name)
  const bars = own.map((span, index) => bar(span, index === 0, own[index + 1], y, x))
  const isReached = own.length > 0 ? '' : ', not reached'
  return {
    shapes: html`<line class="grid" x1="0" y1="${y}" x2="${RIGHT}" y2="${y}"/>
<text class="name" x="0" y="${y + 20}">${shorten(name, 18)}</text><text class="tick" x="0" y="${y + 37}">hold ${shorten(hold, 9)}${isReached}</text>
${bars.map(({ shapes }) => shapes)}`,
    words: html`${bars.map(({ words }) => words)}`,
  }
}

function bar(span: Span, isFirst: boolean, after: Span | undefined, y: number, x: Scale): Lane {
  const { begin, end, isOpen, isBreached, holdEnd } = span
  const left = x(begin)
  const width = Math.max(3, round(x(end) - left))
  const kind = isBreached ? 'bar breached' : isOpen ? 'bar open' : 'bar'
  const nextLeft = after === undefined ? RIGHT : x(after.begin)
  const holdWidth = holdEnd === undefined ? 0 : round(Math.min(x(holdEnd), nextLeft) - left)
  const rail =
    holdWidth < 1
      ? NOTHING
      : html`<rect class="hold" x="${left}" y="${y + 10 + BAR}" width="${holdWidth}" height="5"/>
`
  return {
    shapes: html`<rect class="${kind}" x="${left}" y="${y + 9}" width="${width}" height="${BAR}"><title>${span.stage}: ${machineTime(begin)} to ${isOpen ? 'now' : machineTime(end)}</title></rect>
${rail}`,
    words: words(span, { left, right: left + width, isFirst, nextLeft }, y + 25),
  }
}

/** How long it was: in the bar, or beside it, or nowhere where there is no room; the table has it. */
function words(
  { begin, end, isBreached, isOpen }: Span,
  { left, right, isFirst, nextLeft }: { left: number; right: number; isFirst: boolean; nextLeft: number },
  y: number,
): Markup {
  const text = `${lengthText(end - begin)}${isBreached ? ', breached' : ''}${isOpen ? ', so far' : ''}`
  const needed = text.length * LETTER + 12
  if (right - left >= needed && !isBreached)
    return html`<text class="inside" x="${left + 8}" y="${y}">${text}</text>
`
  if (nextLeft - right >= needed)
    return html`<text x="${round(right + 6)}" y="${y}">${text}</text>
`
  // Before any other bar the room is another's.
  if (!isFirst || left - LEFT < needed) return NOTHING
  return html`<text x="${round(left - 6)}" y="${y}" text-anchor="end">${text}</text>
`
}

function nowLine({ spans, now }: TimelineFacts, x: Scale, top: number, bottom: number): Part {
  if (!spans.some(({ isOpen }) => isOpen)) return ''
  return html`<line class="now" x1="${x(now)}" y1="${top - 4}" x2="${x(now)}" y2="${bottom}"/><text class="tick" text-anchor="middle" x="${x(now)}" y="${bottom + 37}">report</text>
`
}

interface Label extends Mark {
  readonly x: number
  /** The row of its word, from above; LEVELS where it has none. */
  readonly level: number
  readonly isBefore: boolean
}

/** Finds each word a row in which it covers no other. */
function placed(marks: readonly Mark[], x: Scale): readonly Label[] {
  const rows: { readonly from: number; readonly to: number }[][] = Array.from({ length: LEVELS }, () => [])
  return marks.map(known => {
    const at = x(known.at)
    const width = known.word.length * LETTER + 18
    const isBefore = at + width > WIDTH
    const [from, to] = isBefore ? [at - width, at + 8] : [at - 8, at + width]
    const level = rows.findIndex(row => row.every(other => to < other.from || from > other.to))
    rows[level]?.push({ from, to })
    return { ...known, x: at, level: level < 0 ? LEVELS : level, isBefore }
  })
}

function markLine({ x, word, level }: Label, bottom: number): Markup {
  return html`<line class="${isBad(word) ? 'mark bad' : 'mark'}" x1="${x}" y1="${heightOf(level) + 6}" x2="${x}" y2="${bottom}"/>
`
}

function markWord({ x, word, level, isBefore }: Label): Markup {
  const y = heightOf(level)
  const shape = isBad(word)
    ? html`<path class="cross" d="M${round(x - 5)} ${y - 5}L${round(x + 5)} ${y + 5}M${round(x + 5)} ${y - 5}L${round(x - 5)} ${y + 5}"/>`
    : html`<path class="diamond" d="M${x} ${y - 6}L${round(x + 6)} ${y}L${x} ${y + 6}L${round(x - 6)} ${y}Z"/>`
  const [anchor, at] = isBefore ? ['end', round(x - 11)] : ['start', round(x + 11)]
  const text = level >= LEVELS ? NOTHING : html`<text x="${at}" y="${y + 5}" text-anchor="${anchor}">${word}</text>`
  return html`<g>${shape}${text}</g>
`
}

function isBad(word: string): boolean {
  return word.startsWith('Breach')
}

/** Where the sign of a mark is; without a word it stands at the very top. */
function heightOf(level: number): number {
  return level >= LEVELS ? 6 : 14 + LEVEL * level
}

function round(of: number): number {
  return Math.round(of * 10) / 10
}
