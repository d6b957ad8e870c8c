const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `2026-11-03 14:05:09 UTC`. */
export function timeText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** The same for machines: `2026-11-03T14:05:09Z`. */
export function machineTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}

/** The two largest units: `2 d 4 h`, `31 min`, `12 s`. */
export function lengthText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / SECOND))
  const units: readonly [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const first = units.findIndex(([count]) => count > 0)
  if (first < 0) return '0 s'
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

/** Steps that a person reads an axis by. */
const STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map(count => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map(count => count * MINUTE),
  ...[1, 2, 3, 6, 12].map(count => count * HOUR),
  ...[1, 2, 7, 14, 28, 91, 364].map(count => count * DAY),
]

/** A mark on a time axis. */
export interface Tick {
  readonly at: number
  readonly text: string
}

/** Round times from `from` to `to`, `most` at most but for spans of centuries. */
export function ticksOf(from: number, to: number, most: number): readonly Tick[] {
  const step = STEPS.find(candidate => (to - from) / candidate <= most) ?? Math.ceil((to - from) / most)
  const ticks: Tick[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const iso = new Date(at).toISOString()
    const isMidnight = at % DAY === 0
    const text = step >= DAY || isMidnight ? iso.slice(0, 10) : iso.slice(11, step < MINUTE ? 19 : 16)
    ticks.push({ at, text })
  }
  return ticks
}
