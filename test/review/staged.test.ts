import { describe, expect, it } from 'vitest'
import { NO_INJECTIONS } from '../../src/injection/set.ts'
import { ENDPOINTS, type EndpointName } from '../../src/review/path.ts'
import { review } from '../../src/review/review.ts'
import type { Reviewed } from '../../src/review/unjudged.ts'
import { contextOf, fromPortable, type Snapshot, toPortable } from '../../src/server/snapshot.ts'
import { documentsOf, setOf } from '../support/engine.ts'
import { injectionSetOf, injectionText } from '../support/injection.ts'
import { reviewOf } from '../support/reviews.ts'
import { recordOf, rolloutSources } from '../support/rollouts.ts'

const policy = (name: string, check: string, spec: object = {}) =>
  JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: { validationActions: ['Deny'], checks: [{ check }], ...spec },
  })
const revisionOf = (text: string, kind = 'Policy') => documentsOf(text, [kind])[0]?.revision ?? ''
const OLD = policy('old', 'host-namespaces')
const NEW = policy('new', 'privileged', { staged: true })
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'shop' },
  spec: { hostNetwork: true, containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] },
}
const CANARY = { canary: { ring: 'canary' }, shop: {} }

/** @param ticks how often it may look at the clock until the time for an answer is over. */
async function ask(
  snapshot: Snapshot,
  endpoint: EndpointName,
  pod: object,
  namespace: string,
  ticks = Number.POSITIVE_INFINITY,
) {
  const body = new TextEncoder().encode(JSON.stringify(reviewOf(pod, { namespace })))
  let now = 0
  const input = { ...ENDPOINTS[endpoint], body, deadline: ticks }
  const reviewed: Reviewed = await review(input, contextOf(snapshot, { now: () => 0, monotonic: () => now++ }))
  const { response } = JSON.parse(reviewed.body.toString()) as { response: Record<string, unknown> }
  return {
    ...reviewed,
    response: response as {
      allowed: boolean
      patch?: string
      auditAnnotations: Record<string, string>
      warnings?: string[]
    },
  }
}

describe('a policy that is being rolled out', () => {
  const rollouts = rolloutSources([recordOf({ revision: revisionOf(NEW), stage: 0 })])
  const snapshot: Snapshot = {
    set: setOf([NEW, OLD].join('\n---\n'), '', { rollouts }),
    injections: NO_INJECTIONS,
    namespaces: CANARY,
    isBraked: false,
  }

  it('denies where it has come, and says by which rollout', async () => {
    const { response, facts } = await ask(snapshot, 'validate', POD, 'canary')
    expect(response.allowed).toBe(false)
    expect(response.auditAnnotations['rollouts']).toBe(`new@${revisionOf(NEW)} in force by roll`)
    expect(facts.rollouts).toEqual([
      { rollout: 'roll', record: 1, role: 'target', version: `new@${revisionOf(NEW)}`, result: 'violated' },
    ])
  })

  it('is told of a review that it was asked about and that could not be judged in time', async () => {
    const results = new Set<string>()
    for (let ticks = 0; ticks < 12; ticks++) {
      const { facts } = await ask(snapshot, 'validate', POD, 'canary', ticks)
      results.add(`${facts.code} ${facts.rollouts.map(({ role, result }) => `${role} ${result}`).join()}`)
    }
    // Before its turn came, since then, and in time.
    expect([...results]).toEqual(['504 ', '504 target error', '403 target violated'])
  })

  it('watches elsewhere where nothing can be blocked, for the audit log alone', async () => {
    const denied = await ask(snapshot, 'validate', POD, 'shop')
    expect(denied.response.allowed).toBe(false)
    expect(denied.facts.rollouts.map(({ role, result }) => `${role} ${result}`)).toEqual(['replaced violated'])
    const { response, facts } = await ask(snapshot, 'observe', POD, 'shop')
    expect(response.allowed).toBe(true)
    expect(response.warnings ?? []).toEqual([])
    expect(response.auditAnnotations['staged']).toMatch(/^new\/privileged at .*privileged/)
    expect(facts.rollouts.map(({ role, result }) => `${role} ${result}`)).toEqual(['shadow violated'])
    expect(facts.decisions).toEqual([{ policy: 'new', action: 'Staged' }])
  })

  it('decides alike in the thread that judges large requests', async () => {
    const other = fromPortable(structuredClone(toPortable(snapshot)))
    expect(other.set.hash).toBe(snapshot.set.hash)
    for (const namespace of ['canary', 'shop', 'nobody-knows'])
      for (const endpoint of ['validate', 'observe'] as const) {
        const here = await ask(snapshot, endpoint, POD, namespace)
        const there = await ask(other, endpoint, POD, namespace)
        expect(there.response).toEqual(here.response)
      }
  })
})

describe('an injection that is being rolled out', () => {
  const sidecar = (name: string, spec: object = {}) =>
    injectionText(name, { containers: [{ name: `${name}-proxy`, image: 'proxy' }], ...spec })
  const NEXT = sidecar('next', { staged: true })
  const BEFORE = sidecar('before')
  const record = recordOf(
    { revision: revisionOf(NEXT, 'SidecarInjection') },
    { target: { kind: 'SidecarInjection', name: 'next' }, replaces: 'before' },
  )
  const snapshotOf = (texts: readonly string[]): Snapshot => ({
    set: setOf(OLD),
    injections: injectionSetOf(texts.join('\n---\n'), rolloutSources([record])),
    namespaces: CANARY,
    isBraked: false,
  })
  const snapshot = snapshotOf([NEXT, BEFORE])
  const plain = { ...POD, spec: { containers: [{ name: 'a', image: 'a' }] } }
  const containersIn = ({ response }: Awaited<ReturnType<typeof ask>>) => {
    const patch = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString() || '[]') as {
      value: { name?: string }
    }[]
    return patch.flatMap(({ value }) => value.name ?? [])
  }
  const resultsOf = ({ facts }: Awaited<ReturnType<typeof ask>>) =>
    facts.injections.map(({ injection, result }) => `${injection} ${result}`).toSorted()

  it('is made where it has come, in place of what it replaces', async () => {
    const asked = await ask(snapshot, 'mutate', plain, 'canary')
    expect(containersIn(asked)).toEqual(['next-proxy'])
    expect(resultsOf(asked)).toEqual(['before other-stage', 'next injected'])
    expect(asked.facts.rollouts.map(({ role, result }) => `${role} ${result}`)).toEqual(['target passed'])
  })

  it('is told of a pod that it was planned for too late', async () => {
    const { facts } = await ask(snapshot, 'mutate', plain, 'canary', 0)
    expect(facts.code).toBe(504)
    expect(facts.rollouts.map(({ role, result }) => `${role} ${result}`)).toEqual(['target error'])
  })

  it('is planned, proven and summarised elsewhere, and not made', async () => {
    const asked = await ask(snapshot, 'mutate', plain, 'shop')
    expect(containersIn(asked)).toEqual(['before-proxy'])
    expect(resultsOf(asked)).toEqual(['before injected', 'next other-stage', 'next staged'])
    expect(asked.response.auditAnnotations['staged']).toMatch(/^next@\w+: \d operations?: .*\/spec\/containers\/-/)
    expect(asked.response.auditAnnotations['rollouts']).toMatch(
      /^before@\w+ in force by roll; next@\w+ watched by roll$/,
    )
    expect(asked.response.warnings ?? []).toEqual([])
  })

  it('is not made where nobody knows the ring, nor what it replaces', async () => {
    const asked = await ask(snapshot, 'mutate', plain, 'nobody-knows')
    expect(containersIn(asked)).toEqual([])
    expect(resultsOf(asked)).toEqual(['before unknown-namespace', 'next unknown-namespace'])
    expect(asked.facts.unknownNamespaces.map(({ name }) => name).toSorted()).toEqual(['before', 'next'])
  })

  it('that would clash with the pod harms nothing where it has not come', async () => {
    const clashing = sidecar('next', { staged: true, onConflict: 'Deny', containers: [{ name: 'a', image: 'other' }] })
    const asked = await ask(snapshotOf([clashing, BEFORE]), 'mutate', plain, 'shop')
    expect(asked.response.allowed).toBe(true)
    expect(containersIn(asked)).toEqual(['before-proxy'])
    expect(asked.facts.rollouts.map(({ role, result }) => `${role} ${result}`)).toContain('shadow violated')
  })

  it('decides alike in the thread that judges large requests', async () => {
    const other = fromPortable(structuredClone(toPortable(snapshot)))
    for (const namespace of ['canary', 'shop', 'nobody-knows'])
      expect((await ask(other, 'mutate', plain, namespace)).response).toEqual(
        (await ask(snapshot, 'mutate', plain, namespace)).response,
      )
  })
})
