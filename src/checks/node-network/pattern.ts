/** Whether a name is a pattern, as sysctl.d and procps' sysctl take them. */
export function isPattern(name: string): boolean {
  return /[*?[]/.test(name)
}

/**
 * The names that a pattern of dotted parts meets; no wildcard crosses a dot. A class is read as any character: it is there to
 * hide or to name one of a few, and both are worth a look. Never goes back further than to the last star: a pattern may have
 * any number of them, and a text a hundred thousand patterns.
 */
export function firstMet(pattern: string, names: readonly (readonly string[])[]): readonly string[] | undefined {
  const parts = pattern.split('.')
  return names.find(name => name.length === parts.length && name.every((text, at) => meetsPart(parts[at] ?? '', text)))
}

function meetsPart(pattern: string, text: string): boolean {
  let at = 0
  let read = 0
  // Where the pattern goes on behind its last star, and the first character that the star has not taken.
  let star = -1
  let taken = 0
  while (read < text.length) {
    if (pattern[at] === '*') {
      star = ++at
      taken = read
      continue
    }
    const end = endOfToken(pattern, at)
    if (at < pattern.length && (end > at + 1 || pattern[at] === '?' || pattern[at] === text[read])) {
      at = end
      read++
    } else if (star < 0) return false
    else {
      at = star
      read = ++taken
    }
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}

const LONGEST_CLASS = 64

/** Where the character or the class ends that begins at `at`. */
function endOfToken(pattern: string, at: number): number {
  if (pattern[at] !== '[') return at + 1
  const close = pattern.slice(at + 1, at + LONGEST_CLASS + 2).indexOf(']')
  return close < 0 ? at + 1 : at + close + 2
}
