import { describe, expect, it } from 'vitest'
import { INJECTABLE_KINDS } from '../../src/workload/kinds.ts'
import { judge, requestFor, shippedHostPath } from '../support/engine.ts'
import {
  DENIED_SOURCES,
  HARMLESS_SOURCES,
  HOST_PATH_CASES,
  persistentVolume,
  specWithHostPath,
  specWithVolume,
  WORKLOADS,
} from '../support/host-path-cases.ts'

const set = await shippedHostPath()
/** Refused or not; a verdict that is no verdict about the object (an error, something skipped) fails the test. */
function verdictOn(manifest: unknown): 'allow' | 'deny' {
  const decision = judge(set, requestFor(manifest))
  expect(decision).toMatchObject({ errors: [], ignoredErrors: [], skipped: [] })
  return decision.allowed ? 'allow' : 'deny'
}

const CASES = HOST_PATH_CASES.map(entry => ({ ...entry, shown: JSON.stringify(entry.path) }))

it('has an object for every kind that makes pods of a template as it is', () => {
  expect(Object.keys(WORKLOADS).sort()).toEqual([...new Set(INJECTABLE_KINDS.map(({ kind }) => kind))].sort())
})

it('reads a table with both verdicts', () => {
  expect(HOST_PATH_CASES.filter(({ verdict }) => verdict === 'deny')).toHaveLength(66)
  expect(HOST_PATH_CASES.filter(({ verdict }) => verdict === 'allow')).toHaveLength(13)
})

describe.each(Object.entries(WORKLOADS))('%s', (_kind, around) => {
  it.each(CASES)('$id: $verdict of $shown, mounted', ({ path, verdict }) => {
    expect(verdictOn(around(specWithHostPath(path, 'mounted')))).toBe(verdict)
  })

  it.each(CASES)('$id: $verdict of $shown, unmounted', ({ path, verdict }) => {
    expect(verdictOn(around(specWithHostPath(path, 'unmounted')))).toBe(verdict)
  })

  it.each(HARMLESS_SOURCES)('never refuses the source %s', source => {
    expect(verdictOn(around(specWithVolume({ [source]: {} })))).toBe('allow')
  })

  it.each(DENIED_SOURCES)('refuses the source %s', source => {
    expect(verdictOn(around(specWithVolume({ [source]: {} })))).toBe('deny')
  })
})

describe.each(['hostPath', 'local'] as const)('PersistentVolume spec.%s', source => {
  it.each(CASES)('$id: $verdict of $shown', ({ path, verdict }) => {
    expect(verdictOn(persistentVolume(source, path))).toBe(verdict)
  })
})
