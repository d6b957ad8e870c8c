const NAMED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** Whether Go's `unicode.IsPrint` holds: letters, marks, numbers, punctuation, symbols, and the ASCII space. */
export function isPrintable(character: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)
}

/** `strconv.Quote`, or `QuoteToASCII`. `mark` is the quote around it. */
export function goQuote(text: string, isAscii: boolean, mark: '"' | "'" = '"'): string {
  let quoted = mark as string
  for (const character of text) quoted += escaped(character, isAscii, mark)
  return quoted + mark
}

function escaped(character: string, isAscii: boolean, mark: string): string {
  if (character === mark) return `\\${mark}`
  const named = Object.hasOwn(NAMED, character) ? NAMED[character] : undefined
  if (named !== undefined) return named
  const code = character.codePointAt(0) ?? 0
  if (isPrintable(character) && (!isAscii || code < 0x80)) return character
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** `strconv.CanBackquote`: one line without control characters other than tab, and without a backquote. */
export function canBackquote(text: string): boolean {
  return !/[\0-\x08\x0a-\x1f`\x7f\ufeff]/.test(text)
}
