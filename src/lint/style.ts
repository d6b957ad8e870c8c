/** How parts of a text are set off on a terminal. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
  blue(text: string): string
}

const paint = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`

/** The sixteen colours that every terminal has. */
export const COLORED: Style = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  yellow: paint(33, 39),
  blue: paint(34, 39),
}

const same = (text: string) => text

/** Plain text. */
export const PLAIN: Style = { bold: same, dim: same, red: same, yellow: same, blue: same }
