/** What glob(3) reads as one character of a name: a class, or a character. */
const TOKENS = /\[[^\]]{0,64}\]|[\s\S]/g

/** Whether a name is a pattern, as sysctl.d and procps' sysctl take them. */
export function isPattern(name: string): boolean {
  return /[*?[]/.test(name)
}

/**
 * Whether a pattern meets a dotted name; no wildcard crosses a dot. A class is read as any character: it is there to hide
 * or to name one of a few, and both are worth a look. Never backtracks: a pattern may have any number of stars.
 */
export function meets(pattern: string, name: string): boolean {
  const [patterns, parts] = [pattern.split('.'), name.split('.')]
  return patterns.length === parts.length && patterns.every((part, index) => meetsPart(part, parts[index] ?? ''))
}

function meetsPart(pattern: string, text: string): boolean {
  // How much of the text the pattern so far can have met.
  let ends = [0]
  for (const token of pattern.match(TOKENS) ?? []) {
    if (token === '*') {
      const from = ends[0] ?? 0
      ends = Array.from({ length: text.length - from + 1 }, (_, index) => from + index)
    } else {
      const isAny = token === '?' || token.length > 1
      ends = ends.filter(end => end < text.length && (isAny || text[end] === token)).map(end => end + 1)
    }
    if (ends.length === 0) return false
  }
  return ends.includes(text.length)
}
