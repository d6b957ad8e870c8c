/** How often a property is tried, and from which seed. */
export interface PropertyOptions {
  readonly numRuns: number
  readonly seed: number
}

/**
 * Runs and seed of the properties of a file, printed once: `PORTCULLIS_PROPERTY_RUNS` has the nightly suite try more of
 * them, `PORTCULLIS_PROPERTY_SEED` repeats a run.
 */
export function propertyOptions(file: string, runs = 1000): PropertyOptions {
  const numRuns = readNumber('PORTCULLIS_PROPERTY_RUNS') ?? runs
  const seed = readNumber('PORTCULLIS_PROPERTY_SEED') ?? Math.floor(Math.random() * 0x7fffffff)
  console.info(`${file}: ${numRuns} runs, PORTCULLIS_PROPERTY_SEED=${seed}`)
  return { numRuns, seed }
}

function readNumber(name: string): number | undefined {
  const text = process.env[name]
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (!Number.isInteger(value)) throw new Error(`${name} must be a whole number, not "${text}"`)
  return value
}
