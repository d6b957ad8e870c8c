import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { digest } from '../../src/cli/documents.ts'
import type { InjectionResult } from '../../src/injection/outcome.ts'
import { type InjectionPorts, type InjectionSet, planInjections } from '../../src/injection/plan.ts'
import { RECORD_KEY } from '../../src/injection/record.ts'
import { loadInjections } from '../../src/injection/set.ts'
import { type AddOperation, applyPatch } from '../../src/json/patch.ts'
import { getList, getString, isObject, type Json, type JsonObject } from '../../src/json/value.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { NO_ROLLOUT_SOURCES, type RolloutSources } from '../../src/policy/rollout-sources.ts'
import type { PolicySet } from '../../src/policy/set.ts'
import { proveInjection } from '../../src/review/prove.ts'
import { documentsOf, load, requestFor, subjectFacts } from './engine.ts'

/** What a SidecarInjection of a test says in `spec`; without a trigger it is for every pod. */
export type InjectionSpec = Readonly<Record<string, unknown>>

/** A SidecarInjection document; JSON is YAML too. */
export function injectionText(name: string, spec: InjectionSpec): string {
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'SidecarInjection',
    metadata: { name },
    spec: { trigger: { always: true }, ...spec },
  })
}

/** The set of these injections, which must have no fault. */
export function injectionSet(specs: Readonly<Record<string, InjectionSpec>>): InjectionSet {
  const texts = Object.entries(specs).map(([name, spec]) => injectionText(name, spec))
  return injectionSetOf(texts.join('\n---\n'))
}

/** As {@link injectionSet}, from YAML. */
export function injectionSetOf(yaml: string, rollouts: RolloutSources = NO_ROLLOUT_SOURCES): InjectionSet {
  const documents = documentsOf(yaml, ['SidecarInjection'], 'injection.yaml')
  const excludedNamespaces = ['kube-system', 'kube-public', 'kube-node-lease', 'portcullis-system']
  const { set, problems } = loadInjections({ documents, problems: [] }, { excludedNamespaces, digest, rollouts })
  if (problems[0] !== undefined) throw new Error(`${problems[0].pointer}: ${problems[0].message}`)
  return set
}

/** What planning made of a pod. */
export interface Planned {
  readonly operations: readonly AddOperation[]
  /** The paths of the operations, in order. */
  readonly paths: readonly string[]
  /** The pod with the patch, but for the record, which {@link recordOf} reads. */
  readonly pod: JsonObject
  /** The pod with the patch, as the API server gets it. */
  readonly whole: JsonObject
  readonly results: Readonly<Record<string, InjectionResult>>
  /** `name: kind: message` */
  readonly notes: readonly string[]
  readonly denial: string | undefined
}

export interface PlanOptions extends Partial<InjectionPorts> {
  readonly namespace?: string
  /** What the proof asks; no policy unless given. */
  readonly policies?: PolicySet
}

/**
 * Plans, and holds every plan to what must be true of each: it applies, its proof passes, it drops nothing, and planning
 * again adds nothing.
 */
export function plan(pod: JsonObject, set: InjectionSet, options: PlanOptions = {}): Planned {
  const { namespace = 'shop', policies: _, ...ports } = options
  const before = JSON.stringify(pod)
  const { operations, outcomes, denial } = planInjections({ pod, namespace }, set, {
    namespaceLabels: NO_NAMESPACE_LABELS,
    ...ports,
  })
  const whole = applied(pod, operations)
  expect(JSON.stringify(pod), 'planning writes nothing').toBe(before)
  expect(lostIn(pod, whole)).toEqual([])
  expect(proofOf(pod, operations, set, options)).toMatchObject({ ok: true })
  return {
    operations,
    paths: operations.map(({ path }) => path),
    pod: withoutRecord(whole, pod),
    whole,
    results: Object.fromEntries(outcomes.map(({ injection, result }) => [injection.name, result])),
    notes: outcomes.flatMap(({ injection, notes }) =>
      notes.map(({ kind, message }) => `${injection.name}: ${kind}: ${message}`),
    ),
    denial: denial && `${denial.injection.name}: ${denial.message}`,
  }
}

/** The proof of a patch, with no policy but those given. */
export function proofOf(
  pod: JsonObject,
  operations: readonly AddOperation[],
  injections: InjectionSet,
  { namespace = 'shop', policies = load([]).set, ...ports }: PlanOptions = {},
): ReturnType<typeof proveInjection> {
  const request = requestFor({ apiVersion: 'v1', kind: 'Pod' }, { defaultNamespace: namespace })
  const context = { injections, set: policies, namespaceLabels: NO_NAMESPACE_LABELS, facts: subjectFacts(), ...ports }
  return proveInjection({ ...request, object: pod }, pod, operations, context)
}

/** The pod with the patch; the patch must apply. */
export function applied(pod: JsonObject, operations: readonly AddOperation[]): JsonObject {
  const patched = applyPatch(pod, operations)
  if (!patched.ok) throw new Error(patched.message)
  if (!isObject(patched.document)) throw new Error('the patch leaves no object')
  return patched.document
}

/** The record of what was injected; undefined where there is none. */
export function recordOf(pod: JsonObject): Json | undefined {
  const annotations = member(member(pod, 'metadata'), 'annotations')
  const text = getString(annotations, RECORD_KEY)
  return text === undefined ? undefined : (JSON.parse(text) as Json)
}

/** The names of a list of the pod's spec, in order. */
export function namesIn(pod: JsonObject, list: string): readonly string[] {
  return getList(member(pod, 'spec'), list).map(item => getString(item, 'name') ?? '')
}

function member(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** Without the record, and without the map of annotations where it was made for the record alone. */
function withoutRecord(after: JsonObject, before: JsonObject): JsonObject {
  const copy = structuredClone(after) as Record<string, Json>
  const metadata = copy['metadata'] as Record<string, Json> | undefined
  const annotations = metadata?.['annotations'] as Record<string, Json> | undefined
  if (annotations === undefined || annotations === null) return copy
  delete annotations[RECORD_KEY]
  if (Object.keys(annotations).length > 0 || metadata === undefined) return copy
  const earlier = member(member(before, 'metadata'), 'annotations')
  if (earlier === undefined) delete metadata['annotations']
  else metadata['annotations'] = earlier
  return copy
}

/** The places of a pod that a patch may add to; `*` is any index. Everything else has to stay as it is, byte for byte. */
const OPEN =
  /^(?:|\/metadata|\/metadata\/(?:labels|annotations)|\/spec|\/spec\/(?:volumes|imagePullSecrets|containers|initContainers)|\/spec\/(?:containers|initContainers)\/\*(?:\/(?:volumeMounts|env))?)$/

/**
 * What `before` has and `after` lacks, has otherwise or has in another order; written for the tests, with nothing of the
 * proof in it. Null may have become something that was added to: Kubernetes reads null as absent.
 */
export function lostIn(before: Json | undefined, after: Json | undefined, at = ''): readonly string[] {
  if (at === `/metadata/annotations/${RECORD_KEY}`) return []
  if (OPEN.test(at) && before === null && after !== undefined) return []
  if (!OPEN.test(at) || typeof before !== 'object' || before === null) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [`${at} is not what it was`]
  }
  if (typeof after !== 'object' || after === null) return [`${at} is gone`]
  if (Array.isArray(before)) {
    if (!Array.isArray(after)) return [`${at} is no list any more`]
    let next = 0
    for (const element of after as readonly Json[]) {
      if (next < before.length && lostIn(before[next] as Json, element, `${at}/*`).length === 0) next++
    }
    return next === before.length ? [] : [`${at}/${next} is gone, changed or moved`]
  }
  const [old, now] = [before as JsonObject, after as JsonObject]
  const kept = Object.keys(now).filter(key => Object.hasOwn(old, key))
  const keys = Object.keys(old)
  if (JSON.stringify(kept) !== JSON.stringify(keys)) return [`${at} has other keys: ${kept}, not ${keys}`]
  return keys.flatMap(key => lostIn(old[key], now[key], `${at}/${key}`))
}

/** A folder with one file that holds these injections; gone after the run. */
export function injectionFolder(specs: Readonly<Record<string, InjectionSpec>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-injections-'))
  const texts = Object.entries(specs).map(([name, spec]) => injectionText(name, spec))
  writeFileSync(join(folder, 'injections.yaml'), texts.join('\n---\n'))
  return folder
}
