/** The flags, width and precision of one verb of a format. */
export interface Flags {
  plus: boolean
  minus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  /** `%+v` and `%#v`. */
  plusV: boolean
  sharpV: boolean
  width: number | undefined
  precision: number | undefined
}

export function noFlags(): Flags {
  return {
    plus: false,
    minus: false,
    sharp: false,
    space: false,
    zero: false,
    plusV: false,
    sharpV: false,
    width: undefined,
    precision: undefined,
  }
}

/** The number of characters, counted as Go counts runes. */
export function runesIn(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** The padding that a text of `length` runes needs. */
export function paddingFor(length: number, { width = 0, zero, minus }: Flags): string {
  return (zero && !minus ? '0' : ' ').repeat(Math.max(0, width - length))
}

/** A text padded to its width. */
export function padded(text: string, flags: Flags): string {
  if (flags.width === undefined || flags.width === 0) return text
  const padding = paddingFor(runesIn(text), flags)
  return flags.minus ? text + padding : padding + text
}
