import { describe, expect, it } from 'vitest'
import { compareText } from '../../src/admission/text.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { digest } from '../../src/cli/documents.ts'
import type { Problem, SourceDocument } from '../../src/policy/problems.ts'
import { describeProblem } from '../../src/policy/problems.ts'
import { type LoadedSet, loadSet, type PolicySet } from '../../src/policy/set.ts'
import { documentsOf } from '../support/engine.ts'

/** A policy, faulty where `spec` says so. */
function policyText(name: unknown, spec: object = {}): string {
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: { validationActions: ['Deny'], checks: [{ check: 'host-path' }], ...spec },
  })
}
const exceptionText = (name: string, spec: object = {}) =>
  JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: { name },
    spec: { policies: ['a'], reason: 'because', ...spec },
  })

const KINDS = ['Policy', 'PolicyException']

/** Loads files (a name and its text) on top of a set in force. */
function load(
  files: Readonly<Record<string, string>>,
  previous?: PolicySet,
  problems: readonly Problem[] = [],
  excludedNamespaces: readonly string[] = [],
): LoadedSet {
  const documents: SourceDocument[] = Object.entries(files).flatMap(([file, text]) => documentsOf(text, KINDS, file))
  return loadSet(
    { documents, problems },
    { checks: CHECKS, excludedNamespaces, digest, ...(previous !== undefined && { previous }) },
  )
}

const names = ({ set }: LoadedSet) => [...set.policies, ...set.exceptions].map(({ kind, name }) => `${kind}/${name}`)
const actionsOf = ({ set }: LoadedSet, name: string) => set.policies.find(policy => policy.name === name)?.actions
const unreadable = (file: string): Problem => ({ file, line: 1, column: 1, pointer: '', message: 'cannot be read' })
const WRONG = { validationActions: ['Explode'] }
const GOOD = { 'p/a.yaml': policyText('a'), 'p/b.yaml': policyText('b'), 'p/e.yaml': exceptionText('e') }

describe('loadSet', () => {
  it('sorts by name, whatever the files are called', () => {
    const loaded = load({ 'z.yaml': policyText('a'), 'a.yaml': policyText('z'), 'm.yaml': policyText('a.b') })
    expect(names(loaded)).toEqual(['Policy/a', 'Policy/a.b', 'Policy/z'])
    expect(loaded).toMatchObject({ problems: [], warnings: [], stale: [] })
  })

  it('lets the others go live when one does not compile', () => {
    const loaded = load({ ...GOOD, 'p/b.yaml': policyText('b', WRONG) })
    expect(names(loaded)).toEqual(['Policy/a', 'PolicyException/e'])
    expect(loaded.stale).toEqual([])
    expect(loaded.problems).toHaveLength(1)
  })

  it('keeps the last good revision of one that does not compile, and says so', () => {
    const before = load(GOOD)
    const broken = {
      ...GOOD,
      'p/a.yaml': policyText('a', { validationActions: ['Warn'] }),
      'p/b.yaml': policyText('b', WRONG),
    }
    const after = load(broken, before.set)
    expect(names(after)).toEqual(['Policy/a', 'Policy/b', 'PolicyException/e'])
    expect(actionsOf(after, 'a')).toEqual(['Warn'])
    expect(actionsOf(after, 'b')).toEqual(['Deny'])
    expect(after.stale).toEqual(['Policy/b'])
    expect(after.set.policies[1]).toBe(before.set.policies[1])
  })

  it('keeps it for as long as it takes, and takes the next good one', () => {
    const broken = { ...GOOD, 'p/b.yaml': policyText('b', WRONG) }
    const twice = load(broken, load(broken, load(GOOD).set).set)
    expect(twice.stale).toEqual(['Policy/b'])
    const mended = load({ ...GOOD, 'p/b.yaml': policyText('b', { validationActions: ['Warn'] }) }, twice.set)
    expect(actionsOf(mended, 'b')).toEqual(['Warn'])
    expect(mended.stale).toEqual([])
  })

  it('drops what is gone', () => {
    const { 'p/b.yaml': _gone, ...rest } = GOOD
    const after = load(rest, load(GOOD).set)
    expect(names(after)).toEqual(['Policy/a', 'PolicyException/e'])
    expect(after.stale).toEqual([])
  })

  it('keeps what was in a file that cannot be read at present', () => {
    const { 'p/b.yaml': _unreadable, ...rest } = GOOD
    const after = load(rest, load(GOOD).set, [unreadable('p/b.yaml')])
    expect(names(after)).toEqual(names(load(GOOD)))
    expect(after.stale).toEqual(['Policy/b'])
  })

  it.each(['p', 'p/'])('keeps what was in a folder that cannot be read at present: %s', folder => {
    const after = load({}, load(GOOD).set, [unreadable(folder)])
    expect(names(after)).toEqual(names(load(GOOD)))
    expect(after.stale).toEqual(['Policy/a', 'Policy/b', 'PolicyException/e'])
  })

  it('does not keep what was in another folder', () => {
    const both = { ...GOOD, 'p2/c.yaml': policyText('c') }
    expect(names(load({}, load(both).set, [unreadable('p')]))).toEqual(['Policy/a', 'Policy/b', 'PolicyException/e'])
  })

  it.each([
    ['a name that is none', policyText('B!')],
    ['no name', policyText(undefined)],
    ['a kind that is none', policyText('b').replace('"Policy"', '"Polcy"')],
    ['no kind', '{}'],
    ['another kind', policyText('b').replace('"Policy"', '"ConfigMap"')],
    ['another name, and faults', policyText('c', WRONG)],
    ['a text that is no object', '"b"'],
  ])('keeps what a file held while it holds something with %s', (_what, text) => {
    const after = load({ ...GOOD, 'p/b.yaml': text }, load(GOOD).set)
    expect(names(after)).toEqual(names(load(GOOD)))
    expect(after.stale).toEqual(['Policy/b'])
    expect(after.problems.length).toBeGreaterThan(0)
  })

  it('replaces what was renamed without a fault', () => {
    const after = load({ ...GOOD, 'p/b.yaml': policyText('c') }, load(GOOD).set)
    expect(names(after)).toEqual(['Policy/a', 'Policy/c', 'PolicyException/e'])
  })

  it('keeps a policy that moved into another file', () => {
    const { 'p/b.yaml': text = '', ...rest } = GOOD
    const after = load({ ...rest, 'p/moved.yaml': text }, load(GOOD).set)
    expect(names(after)).toEqual(names(load(GOOD)))
    expect(after.stale).toEqual([])
  })

  it('keeps the last good revision of an exception too', () => {
    const after = load({ ...GOOD, 'p/e.yaml': exceptionText('e', { reason: '' }) }, load(GOOD).set)
    expect(after.stale).toEqual(['PolicyException/e'])
  })

  it('takes the first of two documents of one name, and names both files', () => {
    const loaded = load({ 'a.yaml': policyText('a'), 'b.yaml': policyText('a', { validationActions: ['Warn'] }) })
    expect(actionsOf(loaded, 'a')).toEqual(['Deny'])
    expect(loaded.problems.map(describeProblem)).toEqual([
      'b.yaml:1:76: /metadata/name: Policy/a is defined already in a.yaml: names are unique; this second one is left out',
    ])
  })

  it('knows a policy and an exception of one name apart', () => {
    expect(names(load({ 'a.yaml': policyText('a'), 'b.yaml': exceptionText('a') }))).toEqual([
      'Policy/a',
      'PolicyException/a',
    ])
  })

  it('hands over the faults of the folder, before its own', () => {
    const { problems } = load({ 'b.yaml': policyText('b', WRONG) }, undefined, [unreadable('a.yaml')])
    expect(problems.map(({ file }) => file)).toEqual(['a.yaml', 'b.yaml'])
  })
})

describe('the hash of a set', () => {
  const hash = (...parameters: Parameters<typeof load>) => load(...parameters).set.hash

  it('is equal for equal documents, in any order and in any file', () => {
    expect(hash({ 'a.yaml': policyText('a'), 'b.yaml': policyText('b') })).toBe(
      hash({ 'x.yaml': policyText('b'), 'y.yaml': policyText('a') }),
    )
    expect(hash(GOOD)).toMatch(/^[0-9a-f]{12}$/)
  })

  it('differs with anything that decides a verdict', () => {
    const hashes = [
      hash(GOOD),
      hash({ ...GOOD, 'p/a.yaml': policyText('a', { validationActions: ['Warn'] }) }),
      hash({ ...GOOD, 'p/e.yaml': exceptionText('e', { paths: ['/etc'] }) }),
      hash({ 'p/a.yaml': policyText('a') }),
      hash(GOOD, undefined, [], ['kube-system']),
      hash(GOOD, undefined, [], ['kube-system', 'monitoring']),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  it('does not depend on the order of the excluded namespaces', () => {
    expect(hash(GOOD, undefined, [], ['a', 'b'])).toBe(hash(GOOD, undefined, [], ['b', 'a']))
  })

  it('is that of the revision in force', () => {
    const before = load(GOOD)
    expect(load({ ...GOOD, 'p/b.yaml': policyText('b', WRONG) }, before.set).set.hash).toBe(before.set.hash)
  })
})

describe('compareText', () => {
  it('compares code units, not the words of a language', () => {
    expect(['b', 'Z', 'a', 'é', 'aa', 'a'].sort(compareText)).toEqual(['Z', 'a', 'a', 'aa', 'b', 'é'])
  })
})
