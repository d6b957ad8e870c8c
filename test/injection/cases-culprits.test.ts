import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digest } from '../../src/cli/documents.ts'
import type { Injection } from '../../src/injection/injection.ts'
import type { InjectionPlan } from '../../src/injection/outcome.ts'
import type { InjectionSet } from '../../src/injection/plan.ts'
import { loadInjections } from '../../src/injection/set.ts'
import { dig, getList, type JsonObject } from '../../src/json/value.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import type { PolicySet } from '../../src/policy/set.ts'
import { inject } from '../../src/review/inject.ts'
import { isolateCulprits } from '../../src/review/isolate.ts'
import { hostPathSet, json, requestFor, setOf, subjectFacts } from '../support/engine.ts'
import { applied, type InjectionSpec, injectionSet, namesIn } from '../support/injection.ts'
import { propertyOptions } from '../support/property.ts'
import { policyText, testCheck } from '../support/reviews.ts'

const OPTIONS = propertyOptions('test/injection/cases-culprits.test.ts', 300)
const container = (name: string, fields: object = {}) => ({ name, image: `${name}:1`, ...fields })
const POD = json({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'checkout', annotations: { 'ask/second': 'true' } },
  spec: { containers: [container('app')] },
})

/** What the pod's author asks for, and a denying policy refuses. */
const CULPRIT: InjectionSpec = {
  volumes: [{ name: 'host', hostPath: { path: '/' } }],
  containers: [container('bad', { volumeMounts: [{ name: 'host', mountPath: '/h' }] })],
}
const AGENT: InjectionSpec = { containers: [container('agent')] }

interface Result {
  readonly kind: string
  readonly results: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
  readonly message?: string
  readonly containers: readonly string[]
  readonly pod: JsonObject
  readonly failures: readonly string[]
}

function injected(set: InjectionSet, policies: PolicySet, pod = POD, hasTime = () => true): Result {
  const context = {
    namespaceLabels: NO_NAMESPACE_LABELS,
    facts: subjectFacts(),
    set: policies,
    injections: set,
    hasTime,
  }
  const { answer, outcomes, proofFailures } = inject(requestFor(pod), context)
  const patched = answer.kind === 'patched' ? applied(pod, answer.patch as Parameters<typeof applied>[1]) : pod
  return {
    kind: answer.kind,
    results: Object.fromEntries(outcomes.map(({ injection, result }) => [injection, result])),
    warnings: answer.warnings,
    ...(answer.kind === 'denied' && { message: answer.message }),
    containers: namesIn(patched, 'containers'),
    pod: patched,
    failures: proofFailures.map(({ injection, invariant }) => `${injection}: ${invariant}`),
  }
}

const HOST_PATH = hostPathSet()

/** A policy that refuses pods for which `isBad` holds, and counts how often it was asked. */
function refusing(isBad: (containers: readonly string[], pod: JsonObject) => boolean) {
  const counter = { asked: 0 }
  const check = testCheck('made-up', ({ object, request }) => {
    counter.asked++
    const pod = (request.object ?? object) as JsonObject
    const message = 'refused for the test'
    return {
      findings: isBad(namesIn(pod, 'containers'), pod)
        ? [{ pointer: '', message, level: 'violation', key: message }]
        : [],
    }
  })
  return { counter, policies: setOf(policyText({ name: 'made-up', check: 'made-up' }), '', { checks: [check] }) }
}

describe('an injection whose patch is not proven', () => {
  test('injection 66: is left out alone, and the warning names it', () => {
    const { kind, results, warnings, containers, failures } = injected(
      injectionSet({ agent: AGENT, bad: CULPRIT, third: { labels: { team: 'x' } } }),
      HOST_PATH,
    )
    expect(results).toEqual({ agent: 'injected', bad: 'proof-failed', third: 'injected' })
    expect([kind, containers, failures]).toEqual(['patched', ['app', 'agent'], ['bad: policies']])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(
      /^injection bad: nothing was injected: the patch was not proven harmless \(policy host-path would refuse the pod: /,
    )
  })

  const DENY = { onFailure: 'Deny' }
  test.each<[what: string, specs: Record<string, InjectionSpec>, kind: string, results: Record<string, string>]>([
    [
      'an innocent one with onFailure: Deny is made',
      { agent: { ...AGENT, ...DENY }, bad: CULPRIT },
      'patched',
      { agent: 'injected', bad: 'proof-failed' },
    ],
    [
      'a culprit with onFailure: Deny refuses the pod',
      { agent: AGENT, bad: { ...CULPRIT, ...DENY } },
      'denied',
      { agent: 'withheld', bad: 'proof-failed' },
    ],
    [
      'of two culprits the one with Deny refuses the pod',
      { agent: AGENT, bad: CULPRIT, worse: { volumes: [{ name: 'var', hostPath: { path: '/var' } }], ...DENY } },
      'denied',
      { agent: 'withheld', bad: 'proof-failed', worse: 'proof-failed' },
    ],
    [
      'several culprits are left out',
      {
        agent: AGENT,
        bad: CULPRIT,
        worse: { volumes: [{ name: 'var', hostPath: { path: '/var' } }] },
        z: { labels: { a: 'b' } },
      },
      'patched',
      { agent: 'injected', bad: 'proof-failed', worse: 'proof-failed', z: 'injected' },
    ],
    [
      'what mounts the volume of a culprit goes with it, and says why',
      {
        agent: AGENT,
        bad: CULPRIT,
        user: { containers: [container('u', { volumeMounts: [{ name: 'host', mountPath: '/u' }] })] },
      },
      'patched',
      { agent: 'injected', bad: 'proof-failed', user: 'missing-volume' },
    ],
    [
      'what mounts the volume of a culprit and says Deny refuses the pod',
      {
        bad: CULPRIT,
        user: { containers: [container('u', { volumeMounts: [{ name: 'host', mountPath: '/u' }] })], ...DENY },
      },
      'denied',
      { bad: 'proof-failed', user: 'missing-volume' },
    ],
    [
      'a culprit that mounts the volume of an innocent one is the one that goes',
      {
        a: {
          containers: [container('u', { volumeMounts: [{ name: 'host', mountPath: '/u' }] })],
          volumes: [{ name: 'v', hostPath: { path: '/' } }],
        },
        b: { volumes: [{ name: 'host', emptyDir: {} }] },
      },
      'patched',
      { a: 'proof-failed', b: 'injected' },
    ],
    [
      'what a culprit stood in the way of is made in its place',
      { bad: CULPRIT, worthy: { containers: [container('bad', { image: 'good:1' })] } },
      'patched',
      { bad: 'proof-failed', worthy: 'injected' },
    ],
    [
      'what a culprit kept from being made may be a culprit itself',
      {
        agent: AGENT,
        bad: CULPRIT,
        worse: {
          containers: [container('bad', { image: 'other:1' })],
          volumes: [{ name: 'var', hostPath: { path: '/var' } }],
        },
      },
      'patched',
      { agent: 'injected', bad: 'proof-failed', worse: 'proof-failed' },
    ],
  ])('injection 66: %s', (_, specs, kind, results) => {
    const result = injected(injectionSet(specs), HOST_PATH)
    expect(result.results).toEqual(results)
    expect(result.kind).toBe(kind)
  })

  test('injection 66: of two that are refused only together, what the pod’s author asked for goes', () => {
    const { policies } = refusing(names => names.includes('agent') && names.includes('asked'))
    const asked = { trigger: { annotation: 'ask/second' }, containers: [container('asked')] }
    for (const name of ['a-before', 'z-behind']) {
      const { results } = injected(injectionSet({ [name]: asked, agent: AGENT }), policies)
      expect(results).toEqual({ [name]: 'proof-failed', agent: 'injected' })
    }
    // Of two that every pod gets, the first by name stays.
    const both = injected(injectionSet({ a: { containers: [container('asked')] }, agent: AGENT }), policies)
    expect(both.results).toEqual({ a: 'injected', agent: 'proof-failed' })
  })

  test('injection 66: mounts that a pod asks for by annotation do not shed another sidecar', () => {
    const generic = {
      sidecarFile: 's.yaml',
      sidecarText: 'containers: [{name: c, image: i}]\n',
      mutationFile: 'm.yaml',
      mutationText: `mutationConfigs:
- {name: m, annotationNamespace: t, annotationTrigger: i, containers: [c], annotationConfig: {volumeMounts: [{name: v, containerRefs: [c]}]}}
`,
      revision: 'r',
    }
    const documents = injectionSet({ agent: AGENT }).documents.map(({ source, file, revision }) => {
      const locate = () => ({ start: { line: 1, column: 1 }, end: { line: 1, column: 1 } })
      return { value: source, file, revision, kinds: ['SidecarInjection'], locate }
    })
    const { set } = loadInjections({ documents, problems: [], generic }, { excludedNamespaces: [], digest })
    const pod = json({
      ...POD,
      metadata: {
        name: 'p',
        annotations: { 't/i': 'true', 't/v': '[{"name":"data","mountPath":"/t","subPath":"x"}]' },
      },
      spec: { containers: [container('app')], volumes: [{ name: 'data', hostPath: { path: '/data/x' } }] },
    })
    const { results, containers } = injected(set, HOST_PATH, pod)
    expect(results).toEqual({ m: 'proof-failed', agent: 'injected' })
    expect(containers).toEqual(['app', 'agent'])
  })

  test('injection 66: the API server asks again, and gets nothing more', () => {
    const set = injectionSet({ agent: AGENT, bad: CULPRIT, third: { env: [{ name: 'A', value: '1' }] } })
    const first = injected(set, HOST_PATH)
    const second = injected(set, HOST_PATH, first.pod)
    expect(second).toMatchObject({ kind: 'allowed', warnings: first.warnings, failures: first.failures })
    expect(second.results).toEqual({ agent: 'complete', bad: 'proof-failed', third: 'complete' })
  })

  test('injection 66: what is left has the patch that it would have without the culprit', () => {
    const others = { agent: AGENT, third: { env: [{ name: 'A', value: '1' }], labels: { team: 'x' } } }
    const alone = injected(injectionSet(others), HOST_PATH)
    expect(injected(injectionSet({ ...others, bad: CULPRIT }), HOST_PATH).pod).toEqual(alone.pod)
  })

  test('injection 66: annotations that do not fit concern only the injection that brings them', () => {
    const pod = json({ ...POD, metadata: { name: 'p', annotations: { k: 'x'.repeat(262_100) } } })
    const long = { annotations: { note: 'y'.repeat(100) } }
    const { results } = injected(injectionSet({ agent: AGENT, long }), HOST_PATH, pod)
    expect(results).toEqual({ agent: 'injected', long: 'annotations-full' })
    // Or an author could shed a sidecar by long annotations of his own.
    const strict = injected(injectionSet({ agent: AGENT, long: { ...long, onFailure: 'Deny' } }), HOST_PATH, pod)
    expect(strict).toMatchObject({ kind: 'denied', results: { agent: 'withheld', long: 'annotations-full' } })
    expect(strict.message).toMatch(/is refused by injection long: nothing was injected: the annotations do not fit/)
  })

  test('injection 66: a mounted volume that is missing refuses the pod under onFailure: Deny', () => {
    const user = {
      containers: [container('u', { volumeMounts: [{ name: 'absent', mountPath: '/u' }] })],
      onFailure: 'Deny',
    }
    expect(injected(injectionSet({ agent: AGENT, user }), HOST_PATH)).toMatchObject({
      kind: 'denied',
      results: { agent: 'withheld', user: 'missing-volume' },
    })
    // It is looked for when all others are made.
    const bringer = { volumes: [{ name: 'absent' }] }
    expect(injected(injectionSet({ user, z: bringer }), HOST_PATH).results).toEqual({ user: 'injected', z: 'injected' })
  })

  test('injection 66: without time to search, what was proven so far is made and the others are left out', () => {
    const specs = { a: AGENT, b: { labels: { b: '' } }, bad: CULPRIT, d: { labels: { d: '' }, onFailure: 'Deny' } }
    let left = 2
    const some = injected(injectionSet({ ...specs, d: { labels: { d: '' } } }), HOST_PATH, POD, () => left-- > 0)
    expect(some.results).toEqual({ a: 'injected', b: 'injected', bad: 'proof-failed', d: 'proof-failed' })
    expect(some.failures).toEqual(['bad: deadline', 'd: deadline'])
    const none = injected(injectionSet(specs), HOST_PATH, POD, () => false)
    expect(none).toMatchObject({ kind: 'denied', results: { a: 'proof-failed', d: 'proof-failed' } })
  })

  test('injection 66: an honest pod costs one proof, and one culprit of ten as many as there are injections and two', () => {
    const specs = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`i${i}`, { containers: [container(`c${i}`)] }]),
    )
    const honest = refusing(() => false)
    expect(injected(injectionSet(specs), honest.policies).kind).toBe('patched')
    expect(honest.counter.asked).toBe(1)
    const one = refusing(names => names.includes('c4'))
    const { results } = injected(injectionSet(specs), one.policies)
    expect(Object.values(results).filter(result => result === 'injected')).toHaveLength(9)
    // Each proof that fails looks at the pod as it came, too: two of them.
    expect(one.counter.asked).toBe(12 + 2)
  })
})

describe('the search', () => {
  const [sample] = injectionSet({ a: AGENT }).injections
  if (sample === undefined) throw new Error('the test needs an injection')
  const named = (name: string): Injection => ({ ...sample, name })
  const planOf = (active: readonly Injection[]): InjectionPlan => ({
    outcomes: active.map(injection => ({ injection, result: 'injected', notes: [] })),
    operations: active.map(({ name }) => ({ op: 'add', path: `/${name}`, value: '' })),
    active,
  })

  test('injection 66: finds exactly the culprits, in any number, within 2n + 1 proofs', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), guilty => {
        const all = guilty.map((_, index) => named(`i${index}`))
        const bad = new Set(all.filter((_, index) => guilty[index]))
        if (bad.size === 0) return
        let proofs = 1
        const { culprits, plan } = isolateCulprits(
          all,
          planOf(all),
          { invariant: 'x', message: '' },
          {
            plan: planOf,
            prove: (_, some) => {
              proofs++
              return some.some(injection => bad.has(injection))
                ? { ok: false, invariant: 'x', message: '' }
                : { ok: true, patched: {} }
            },
            hasTime: () => true,
          },
        )
        expect(new Set(culprits.keys())).toEqual(bad)
        expect(plan.active).toEqual(all.filter(injection => !bad.has(injection)))
        expect(proofs).toBeLessThanOrEqual(all.length + 2)
      }),
      OPTIONS,
    )
  })

  test('injection 66: a proof that fails for reasons of its own leaves nothing unproven in the plan', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 300, maxLength: 300 }),
        fc.integer({ min: 1, max: 12 }),
        (answers, n) => {
          const all = Array.from({ length: n }, (_, index) => named(`i${index}`))
          const proven: (readonly Injection[])[] = [[]]
          let proofs = 1
          const { plan } = isolateCulprits(
            all,
            planOf(all),
            { invariant: 'x', message: '' },
            {
              plan: planOf,
              prove: (_, some) => {
                const ok = answers[proofs++] === true
                if (ok) proven.push(some)
                return ok ? { ok: true, patched: {} } : { ok: false, invariant: 'x', message: '' }
              },
              hasTime: () => true,
            },
          )
          expect(proven).toContainEqual(plan.active)
          expect(proofs).toBeLessThanOrEqual(2 * n + 1)
        },
      ),
      OPTIONS,
    )
  })
})

test('injection 66: the record names only what was made', () => {
  const { pod } = injected(injectionSet({ agent: AGENT, bad: CULPRIT }), HOST_PATH)
  const record = JSON.parse(String(dig(pod, 'metadata', 'annotations', 'portcullis.dev/injected'))) as JsonObject[]
  expect(record.map(({ name }) => name)).toEqual(['agent'])
  expect(getList(dig(pod, 'spec'), 'volumes')).toEqual([])
})
