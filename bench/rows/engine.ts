import { parseReview } from '../../src/admission/parse.ts'
import { certificateFacts } from '../../src/certs/facts.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { digest, documentSources, readDocuments } from '../../src/cli/documents.ts'
import { NO_INJECTIONS } from '../../src/injection/set.ts'
import type { CompiledPolicy } from '../../src/policy/compile.ts'
import { evaluate } from '../../src/policy/evaluate.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import type { RecordDocument } from '../../src/policy/rollout-record.ts'
import { loadSet, type PolicySet } from '../../src/policy/set.ts'
import { ENDPOINTS } from '../../src/review/path.ts'
import { review } from '../../src/review/review.ts'
import { timePair } from '../pairs.ts'
import { NOTHING_KNOWN, podReview, TYPICAL } from '../reviews.ts'
import type { Row } from '../run.ts'

async function shippedSet(copies: number): Promise<PolicySet> {
  const folder = await readDocuments(
    documentSources({ policies: undefined, exceptions: undefined, 'enable-exception': [] }),
  )
  const documents = folder.documents.flatMap(document =>
    Array.from({ length: copies }, (_, i) => {
      const value = structuredClone(document.value) as { metadata: { name: string } }
      value.metadata.name += `-${i}`
      return { ...document, value }
    }),
  )
  return loadSet({ documents, problems: [] }, { checks: CHECKS, excludedNamespaces: [], digest }).set
}

/** The checks alone, without parsing: one policy, and a hundred of them. */
export async function benchChecks(): Promise<readonly Row[]> {
  const parsed = parseReview(JSON.parse(TYPICAL))
  if (parsed.kind !== 'request') throw new Error('the typical review does not parse')
  const context = { namespaceLabels: NO_NAMESPACE_LABELS, facts: NOTHING_KNOWN, unknownNamespaces: 'apply' } as const
  const one = await shippedSet(1)
  const many = await shippedSet(101)
  const alone = timePair(
    () => evaluate(one, parsed.request, context),
    () => JSON.parse(TYPICAL),
    20,
    2000,
  )
  const scaled = timePair(
    () => evaluate(many, parsed.request, context),
    () => evaluate(one, parsed.request, context),
    20,
    200,
  )
  const perPolicy = (scaled.a - scaled.b) / 100
  const checks = one.policies.reduce((sum, policy) => sum + policy.checks.length, 0)
  const perCheck = one.policies.map((policy): Row => {
    const alone = { ...one, policies: [policy] }
    // What all checks of a request share, such as its pods, is made for the first of them and is no part of the others.
    const silent = policy.checks.map(check => ({ ...check, run: () => ({ findings: [] }) }))
    const none = { ...one, policies: [{ ...policy, checks: silent }] }
    const times = timePair(
      () => evaluate(alone, parsed.request, context),
      () => evaluate(none, parsed.request, context),
      20,
      2000,
    )
    const nanoseconds = (times.a - times.b) / policy.checks.length
    return {
      name: `  ${policy.name}, each of ${policy.checks.length} checks`,
      ours: `${(nanoseconds / 1000).toFixed(2)} µs`,
      yardstick: '2 µs',
      ratio: nanoseconds / 2000,
      aim: '≤ 1',
    }
  })
  return [
    {
      name: 'all shipped policies evaluated',
      ours: `${(alone.a / 1000).toFixed(2)} µs`,
      yardstick: `JSON.parse ${(alone.b / 1000).toFixed(2)} µs`,
      ratio: alone.a / alone.b,
      aim: '≤ 1',
    },
    ...perCheck,
    {
      name: 'each check of a hundred further copies of all policies',
      ours: `${(perPolicy / checks / 1000).toFixed(2)} µs`,
      yardstick: '2 µs',
      ratio: perPolicy / checks / 2000,
      aim: '≤ 1',
    },
  ]
}

/** What a rollout costs every request: each shipped policy is one that a newer version of it replaces stage by stage. */
export async function benchRollout(): Promise<readonly Row[]> {
  const parsed = parseReview(JSON.parse(TYPICAL))
  if (parsed.kind !== 'request') throw new Error('the typical review does not parse')
  const folder = await readDocuments(
    documentSources({ policies: undefined, exceptions: undefined, 'enable-exception': [] }),
  )
  const staged = folder.documents.map((document): (typeof folder.documents)[number] => {
    const value = structuredClone(document.value) as { metadata: { name: string }; spec: { staged?: boolean } }
    value.metadata.name += '-next'
    value.spec.staged = true
    return { ...document, value, revision: 'next' }
  })
  const records = folder.documents.map(({ value }, index): RecordDocument => {
    const { name } = (value as { metadata: { name: string } }).metadata
    return {
      kind: 'RolloutRecord',
      number: 1,
      rollout: `rollout-${index}`,
      uid: `uid-${index}`,
      target: { kind: 'Policy', name: `${name}-next` },
      replaces: name,
      elsewhere: 'Audit',
      stages: [
        { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '1h' },
        { name: 'quarter', percent: 25, hold: '1h' },
        { name: 'everywhere', hold: '1h' },
      ],
      status: { phase: 'Progressing', revision: 'next', stage: 1, since: 0, older: [] },
    }
  })
  const options = { checks: CHECKS, excludedNamespaces: [], digest }
  const documents = [...folder.documents, ...staged]
  const plain = loadSet({ documents: folder.documents, problems: [] }, options).set
  const rolled = loadSet({ documents, problems: [] }, { ...options, rollouts: { records, revisions: [] } }).set
  const context = {
    namespaceLabels: { labelsOf: () => ({ team: 'shop' }) },
    facts: NOTHING_KNOWN,
    unknownNamespaces: 'apply',
    // What only watches is asked on another endpoint.
    selects: (policy: CompiledPolicy) => policy.placement?.role !== 'shadow',
  } as const
  const times = timePair(
    () => evaluate(rolled, parsed.request, context),
    () => evaluate(plain, parsed.request, context),
    20,
    2000,
  )
  return [
    {
      name: `all ${folder.documents.length} shipped policies, each of them in a rollout`,
      ours: `${(times.a / 1000).toFixed(2)} µs`,
      yardstick: `without ${(times.b / 1000).toFixed(2)} µs`,
      ratio: times.a / times.b,
      aim: '≤ 2',
    },
  ]
}

/** Bytes in, answer out, for a pod of 1.5 MB and one with ten times a thousand variables. */
export async function benchLargePod(): Promise<readonly Row[]> {
  const set = await shippedSet(1)
  const ports = { now: () => 0, monotonic: () => 0, readCertificates: certificateFacts }
  const context = { set, injections: NO_INJECTIONS, namespaceLabels: NO_NAMESPACE_LABELS, ...ports }
  const shapes = [
    { name: 'a pod of 1.5 MB', text: podReview({ containers: 1, variables: 0, argument: 1_500_000 }) },
    { name: 'a pod of 10,000 variables', text: podReview({ containers: 10, variables: 1000, argument: 0 }) },
    { name: 'a pod of 40,000 variables', text: podReview({ containers: 10, variables: 4000, argument: 0 }) },
  ]
  return shapes.map(({ name, text }) => {
    const body = Buffer.from(text)
    const ours = () => review({ ...ENDPOINTS.validate, body, deadline: Number.POSITIVE_INFINITY }, context)
    const times = timePair(ours, () => JSON.parse(body.toString('utf8')), 10, 10)
    return {
      name: `${name}, bytes to answer`,
      ours: `${(times.a / 1e6).toFixed(2)} ms`,
      yardstick: `JSON.parse ${(times.b / 1e6).toFixed(2)} ms`,
      ratio: times.a / times.b,
      aim: '≤ 2',
    }
  })
}
