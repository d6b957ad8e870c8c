import { type RequestOptions, requestOfManifest } from '../../src/admission/manifest.ts'
import type { AdmissionRequest } from '../../src/admission/request.ts'
import { certificateFacts } from '../../src/certs/facts.ts'
import type { SubjectFacts } from '../../src/checks/check.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { digest, readDocuments, SHIPPED_POLICIES } from '../../src/cli/documents.ts'
import { isObject, type Json, type JsonObject } from '../../src/json/value.ts'
import { type Decision, decide } from '../../src/policy/decide.ts'
import { evaluate } from '../../src/policy/evaluate.ts'
import { type NamespaceLabels, NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import type { SourceDocument } from '../../src/policy/problems.ts'
import { type LoadedSet, type LoadOptions, loadSet, type PolicySet } from '../../src/policy/set.ts'
import { parseYaml } from '../../src/yaml/parse.ts'

/** A test's object as JSON: what is undefined goes, as it would on the wire. */
export function json(value: unknown): JsonObject {
  const copy: Json = JSON.parse(JSON.stringify(value))
  if (!isObject(copy)) throw new Error('a test needs an object here')
  return copy
}

/** What may differ between requests; `oldObject` makes an update. */
export interface RequestFields extends Partial<Omit<RequestOptions, 'oldObject'>> {
  readonly oldObject?: unknown
}

/** The request that brings `manifest`, by an ordinary user, to namespace `shop` unless it says otherwise. */
export function requestFor(manifest: unknown, { oldObject, ...fields }: RequestFields = {}): AdmissionRequest {
  const request = requestOfManifest(json(manifest), {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
    defaultNamespace: 'shop',
    subResource: '',
    userInfo: { username: 'kubernetes-admin', uid: '', groups: ['system:authenticated'] },
    dryRun: false,
    oldObject: oldObject === undefined ? null : json(oldObject),
    ...fields,
  })
  if (request === undefined) throw new Error('a test needs a manifest with apiVersion and kind')
  return request
}

/** Documents out of one YAML text, as a folder's reader would hand them over. */
export function documentsOf(
  text: string,
  kinds: readonly string[] = ['Policy'],
  file = 'policy.yaml',
): SourceDocument[] {
  const { documents, problems } = parseYaml(text)
  if (problems[0] !== undefined) throw new Error(problems[0].message)
  return documents.map(document => ({
    file,
    value: document.value,
    kinds,
    revision: digest(JSON.stringify(document.value)).slice(0, 12),
    locate: (pointer, part) => document.locate(pointer, part),
  }))
}

const OPTIONS: LoadOptions = { checks: CHECKS, excludedNamespaces: ['kube-system'], digest }

/** Loads documents that may be faulty. */
export function load(documents: readonly SourceDocument[], options: Partial<LoadOptions> = {}): LoadedSet {
  return loadSet({ documents, problems: [] }, { ...OPTIONS, ...options })
}

/** Loads policies and exceptions that must have no fault. */
export function setOf(policies: string, exceptions = '', options: Partial<LoadOptions> = {}): PolicySet {
  const documents = [
    ...documentsOf(policies, ['Policy'], 'policy.yaml'),
    ...documentsOf(exceptions, ['PolicyException'], 'exception.yaml'),
  ]
  const { set, problems } = load(documents, options)
  if (problems[0] !== undefined) throw new Error(`${problems[0].pointer}: ${problems[0].message}`)
  return set
}

/** The shipped host-path policy, read from its file. */
export async function shippedHostPath(): Promise<PolicySet> {
  const folder = await readDocuments([{ path: `${SHIPPED_POLICIES}/host-path.yaml`, kinds: ['Policy'] }])
  const { set, problems } = loadSet(folder, OPTIONS)
  if (problems[0] !== undefined) throw new Error(problems[0].message)
  return set
}

/** A policy of the host-path check with these params; the set is made of it alone. */
export function hostPathSet(params: unknown = {}, spec: Readonly<Record<string, unknown>> = {}): PolicySet {
  return setOf(
    JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name: 'host-path' },
      spec: { validationActions: ['Deny'], ...spec, checks: [{ check: 'host-path', params }] },
    }),
  )
}

export interface JudgeOptions {
  readonly namespaceLabels?: NamespaceLabels
  /** Milliseconds since 1970. */
  readonly now?: number
  readonly facts?: Partial<SubjectFacts>
}

/** The time of tests that do not care. */
const NOW = Date.UTC(2026, 0, 1)

/** What the ports know where a test says nothing else: nothing. */
export function subjectFacts(facts: Partial<SubjectFacts> = {}): SubjectFacts {
  const nothing = { now: NOW, owner: undefined, isSelectedOn: () => false, seen: 'alone', origin: '' } as const
  return { ...nothing, readCertificates: certificateFacts, ...facts }
}

/** Evaluates and decides, as every caller does. */
export function judge(set: PolicySet, request: AdmissionRequest, options: JudgeOptions = {}): Decision {
  const namespaceLabels = options.namespaceLabels ?? NO_NAMESPACE_LABELS
  const facts = subjectFacts({ now: options.now ?? NOW, ...options.facts })
  const { results } = evaluate(set, request, { namespaceLabels, facts, unknownNamespaces: 'apply' })
  return decide(results, set, request, { namespaceLabels, now: facts.now })
}

/** What a decision denies, as `pointer: message`. */
export function denialsOf(decision: Decision): readonly string[] {
  return decision.denials.map(({ finding }) => `${finding.pointer}: ${finding.message}`)
}

/** What a decision warns of, as `pointer: message`. */
export function warningsOf(decision: Decision): readonly string[] {
  return decision.warnings.map(({ finding }) => `${finding.pointer}: ${finding.message}`)
}
