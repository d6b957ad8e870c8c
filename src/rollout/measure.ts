/** A measure of a gate as people read it: shares as percentages, seconds as milliseconds. */
export function measureText(gate: string, value: number): string {
  const rounded = (of: number) => String(Math.round(of * 100) / 100)
  switch (gate) {
    case 'denials':
    case 'unready':
    case 'injectedRestarts':
      return `${rounded(value * 100)} %`
    case 'latencyP99':
      return `${rounded(value * 1000)} ms`
    default:
      return rounded(value)
  }
}
