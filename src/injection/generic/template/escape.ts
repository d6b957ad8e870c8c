import { isPrintable } from './quote.ts'

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\uFFFD',
}

/** As Go's `html`. */
export function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, character => HTML[character] ?? character)
}

const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}

/** As Go's `js`. */
export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\0-\x1f]|[^\0-\x7f]/gu, character => {
    const named = Object.hasOwn(JS, character) ? JS[character] : undefined
    if (named !== undefined) return named
    const code = character.codePointAt(0) ?? 0
    if (code >= 0x80 && isPrintable(character)) return character
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
  })
}

/** As Go's `urlquery`: bytes other than letters, digits, `-`, `.`, `_` and `~` in hexadecimal, a space as `+`. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
