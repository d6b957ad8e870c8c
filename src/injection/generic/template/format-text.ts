import { type Flags, padded, paddingFor } from './flags.ts'
import { canBackquote, goQuote } from './quote.ts'

/** A string as `fmt` writes it; undefined for a verb that does not take strings. */
export function formatText(text: string, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
      return flags.sharpV ? quoted(text, flags) : padded(cut(text, flags), flags)
    case 's':
      return padded(cut(text, flags), flags)
    case 'q':
      return quoted(text, flags)
    case 'x':
    case 'X':
      return hexadecimal(text, verb === 'X', flags)
    default:
      return undefined
  }
}

/** The first characters of a text, as many as the precision says. */
function cut(text: string, { precision }: Flags): string {
  if (precision === undefined || precision >= text.length) return text
  // No character is longer than two code units.
  return [...text.slice(0, 2 * precision)].slice(0, precision).join('')
}

function quoted(text: string, flags: Flags): string {
  const kept = cut(text, flags)
  const isRaw = flags.sharp && canBackquote(kept)
  return padded(isRaw ? `\`${kept}\`` : goQuote(kept, flags.plus), flags)
}

/** The bytes of a text in hexadecimal. The precision counts bytes here. */
function hexadecimal(text: string, isUpper: boolean, flags: Flags): string {
  const bytes = new TextEncoder().encode(text)
  const shown = [...bytes.subarray(0, flags.precision ?? bytes.length)]
  if (shown.length === 0) return paddingFor(0, flags)
  const prefix = flags.sharp ? '0x' : ''
  const digits = shown.map(byte => byte.toString(16).padStart(2, '0'))
  const joined = flags.space ? digits.map(digit => prefix + digit).join(' ') : prefix + digits.join('')
  const written = isUpper ? joined.toUpperCase() : joined
  const padding = paddingFor(written.length, flags)
  return flags.minus ? written + padding : padding + written
}
