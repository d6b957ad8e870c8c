/**
 * Lets the first `limit` distinct values through and calls every later one `other`: a metric's label must not grow
 * with what clients make up.
 */
export function boundedLabels(limit: number): (value: string) => string {
  const known = new Set<string>()
  return value => {
    if (known.has(value)) return value
    if (known.size >= limit) return 'other'
    known.add(value)
    return value
  }
}
