/**
 * Any value as indented JSON that is safe on a terminal: what `JSON.stringify` leaves raw in strings (C1 controls, marks
 * that reorder or hide) is escaped. Whoever parses it gets the same value.
 */
export function inertJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escapeUnits)}\n`
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}
