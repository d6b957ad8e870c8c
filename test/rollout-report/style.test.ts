import { describe, expect, it } from 'vitest'
import { DARK, LIGHT, type Palette, STYLE } from '../../src/rollout-report/style.ts'

/** WCAG 2.2: relative luminance of a colour such as `#0a53a8`. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map(start => Number.parseInt(colour.slice(start, start + 2), 16) / 255)
    .map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

describe.each([
  { name: 'light', palette: LIGHT },
  { name: 'dark', palette: DARK },
])('the $name colours', ({ palette }) => {
  it.each<[keyof Palette, keyof Palette]>([
    ...(['text', 'muted', 'calm', 'good', 'warn', 'bad'] as const).map((text): [keyof Palette, keyof Palette] => [
      text,
      'ground',
    ]),
    ['text', 'raised'],
    ['muted', 'raised'],
    ['on-bar', 'bar'],
  ])('are read: %s on %s has a contrast of 4.5 at least', (text, ground) => {
    expect(contrast(palette[text], palette[ground])).toBeGreaterThanOrEqual(4.5)
  })
})

it('measures contrast as WCAG does', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
})

it('uses no colour that is not of the palette, so that dark is dark everywhere', () => {
  const rules = STYLE.split('\n').filter(line => !line.includes(':root'))
  expect(rules.join('\n')).not.toMatch(/#[0-9a-f]{3,8}\b|\brgb|[: ](?:black|white|red|green|gray)\b(?!-)/)
  const used = new Set([...STYLE.matchAll(/var\(--([a-z-]+)\)/g)].map(([, name]) => name))
  for (const name of used) expect(Object.keys(LIGHT)).toContain(name)
})
