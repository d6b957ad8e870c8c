import { readFileSync } from 'node:fs'
import fastJsonPatch from 'fast-json-patch'
import { describe, expect, it } from 'vitest'
import { applyPatch, parsePatch } from '../../src/json/patch.ts'
import type { Json } from '../../src/json/value.ts'

interface Case {
  readonly comment?: string
  readonly doc: Json
  readonly patch: Json
  readonly expected?: Json
  readonly error?: string
  readonly disabled?: boolean
}

/** Where fast-json-patch is known not to do what the suite demands, and why. */
const knownDifferences: Readonly<Record<string, string>> = {
  'tests.json 84: test with bad array number that has leading zeros': 'its test reads the element 0 at /00',
  'tests.json 85: test with bad array number that has leading zeros': 'its test reads the element 1 at /01',
}

type Outcome = { readonly document: Json } | 'error'

function ours({ doc, patch }: Case): Outcome {
  const parsed = parsePatch(patch)
  const result = parsed.ok ? applyPatch(doc, parsed.operations) : parsed
  return result.ok ? { document: result.document } : 'error'
}

function theirs({ doc, patch }: Case): Outcome {
  try {
    const operations = structuredClone(patch) as unknown as Parameters<typeof fastJsonPatch.applyPatch>[1]
    return { document: fastJsonPatch.applyPatch(structuredClone(doc), operations, true).newDocument as Json }
  } catch {
    return 'error'
  }
}

function demanded({ doc, expected, error }: Case): Outcome {
  return error === undefined ? { document: expected === undefined ? doc : expected } : 'error'
}

describe.each(['tests.json', 'spec_tests.json'])('json-patch-tests %s', file => {
  const cases = JSON.parse(readFileSync(new URL(`../data/json-patch-tests/${file}`, import.meta.url), 'utf8')) as Case[]
  const named = cases
    .filter(test => test.disabled !== true)
    .map((test, index) => ({
      test,
      name: `${file} ${index}: ${test.comment ?? test.error ?? JSON.stringify(test.patch)}`,
    }))

  it.each(named)('$name', ({ test }) => {
    const before = structuredClone(test)
    expect(ours(test)).toEqual(demanded(test))
    expect(test).toEqual(before)
  })

  it('is what fast-json-patch does too, but for the known differences', () => {
    const differences = named.filter(({ test }) => {
      const outcome = theirs(test)
      return JSON.stringify(sorted(outcome)) !== JSON.stringify(sorted(demanded(test)))
    })
    const known = Object.keys(knownDifferences).filter(name => name.startsWith(`${file} `))
    expect(differences.map(({ name }) => name)).toEqual(known)
  })
})

/** With the members of objects in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => [key, sorted(member)])
}
