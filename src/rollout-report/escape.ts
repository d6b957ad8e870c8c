import { printable } from '../admission/text.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * A text as the content of an element or of a quoted attribute: no character of it can end either. What reorders or hides what a
 * person reads, and what no page may hold (control characters, half surrogate pairs, noncharacters), is written as `\u202e`.
 */
export function escapeHtml(text: string): string {
  return printable(text)
    .replace(/\p{Noncharacter_Code_Point}/gu, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"']/g, character => ENTITIES[character] ?? '')
}

/** Text that is markup already. Only this module makes it, so that a string cannot pass for it. */
export class Markup {
  readonly text: string
  /** Keeps an object of the same shape from being taken for one. */
  readonly #isMarkup = true

  private constructor(text: string) {
    this.text = text
  }

  /**
   * The tag of a template: its own text stands as it is written, and everything that is put into it is escaped unless it is markup
   * itself. Lists are joined.
   */
  static html(this: void, texts: TemplateStringsArray, ...values: readonly Part[]): Markup {
    return new Markup(texts.reduce((before, text, index) => `${before}${textOf(values[index - 1] ?? '')}${text}`))
  }

  /** Style sheets and nothing else: there entities mean nothing. A text that could end the element is refused. */
  static style(this: void, css: string): Markup {
    if (/[<>&]/.test(css)) throw new Error('a style sheet must not hold <, > or &')
    return new Markup(`<style>${css}</style>`)
  }

  static is(value: unknown): value is Markup {
    return typeof value === 'object' && value !== null && #isMarkup in value
  }
}

/** What can stand in a template of {@link html}. */
export type Part = string | number | Markup | readonly Part[]

function textOf(part: Part): string {
  if (Markup.is(part)) return part.text
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return part.map(textOf).join('')
}

export const { html, style } = Markup

/** Nothing. */
export const NOTHING = html``

/** A text of the cluster's within a sentence: its direction is its own, and changes nothing around it. */
export function foreign(text: string): Markup {
  return html`<bdi>${text}</bdi>`
}
