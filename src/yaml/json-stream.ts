/**
 * The offsets at which the JSON values at the beginning of `text` end, if its first is an object; as far as they are
 * JSON, and nothing if the first is not. This is what Go's `json.Decoder` reads before kubectl goes over to YAML.
 */
export function jsonStreamEnds(text: string): readonly number[] {
  if (!/^[ \t\r\n]*\{/.test(text)) return []
  if (isJson(text)) return [text.length]
  const ends: number[] = []
  let start = 0
  for (;;) {
    const end = valueEnd(text, start)
    if (end === undefined || !isJson(text.slice(start, end))) return ends
    ends.push(end)
    start = end
  }
}

/** Where the value that begins at `start` would end if it was JSON; undefined if there is not one. */
function valueEnd(text: string, start: number): number | undefined {
  const token = /[ \t\r\n]+|"(?:[^"\\]|\\.)*"|[{}[\]]|[^ \t\r\n"{}[\]]+/y
  token.lastIndex = start
  let depth = 0
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match
    if (found === '{' || found === '[') depth++
    else if (found === '}' || found === ']') depth--
    else if (/^[ \t\r\n]/.test(found)) continue
    if (depth <= 0) return token.lastIndex
  }
  return undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
