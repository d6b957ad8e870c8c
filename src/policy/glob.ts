/**
 * A pattern in which `*` stands for any run of characters, and everything else for itself. Linear in the text for each
 * star: the parts are searched from left to right and never again.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return text => text === first
  const last = parts.at(-1) ?? ''
  const middle = parts.slice(1, -1)
  return text => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
    const end = text.length - last.length
    let at = first.length
    for (const part of middle) {
      const found = text.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
