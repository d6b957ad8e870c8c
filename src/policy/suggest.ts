import { quote } from '../admission/text.ts'

/** ` (did you mean "labels"?)` where one of the allowed words is close to `word`, otherwise nothing. */
export function suggest(word: string, allowed: readonly string[]): string {
  const best = nearest(word, allowed)
  return best === undefined ? '' : ` (did you mean ${quote(best)}?)`
}

/** The allowed word that is closest to `word`; undefined if none is close. */
export function nearest(word: string, allowed: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: string | undefined
  let bestDistance = limit + 1
  // A word this long is no slip of the pen, and comparing it would cost its length squared.
  if (word.length > 64) return undefined
  for (const candidate of allowed) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
