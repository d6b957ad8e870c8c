import { compareText, shorten } from '../../admission/text.ts'
import { dig, getString, type JsonObject } from '../../json/value.ts'
import { findingsOf } from '../../policy/decide.ts'
import { controllerOf } from '../../workload/owner.ts'
import type { JudgedObject } from '../judge-object.ts'

/** What became of one policy and one object, in the words of the reports. */
export const RESULTS = ['fail', 'error', 'warn', 'skip', 'pass'] as const
export type Result = (typeof RESULTS)[number]

/** The object that an entry is about. */
export interface ResourceReference {
  readonly apiVersion: string
  readonly kind: string
  /** `''` where it has none. */
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** One line of a report. */
export interface AuditEntry {
  readonly result: Exclude<Result, 'pass'>
  readonly check: string
  readonly message: string
  readonly properties: Readonly<Record<string, string>>
  readonly resource: ResourceReference
}

/** What one policy has to say about one namespace; `''` holds what is in none. */
export interface PolicyFindings {
  readonly policy: string
  readonly namespace: string
  /** How many of each there are, also of those that are not among the entries. */
  readonly summary: Readonly<Record<Result, number>>
  /** The worst first. */
  readonly entries: readonly AuditEntry[]
}

/** Bounds of what is kept: a cluster in which everything is wrong does not end the process that says so. */
export interface FindingLimits {
  /** Entries of one policy and namespace. */
  readonly perReport: number
  /** Entries of all together; beyond it the first few of each are kept. */
  readonly total: number
}

const LIMITS: FindingLimits = { perReport: 100, total: 25_000 }
/** Enough to see what it is about. */
const FEW = 5
const MAX_MESSAGE = 1024

type Draft = { policy: string; namespace: string; summary: Record<Result, number>; entries: AuditEntry[] }

/** Collects what an audit finds, within bounds. */
export class Findings {
  readonly #limits: FindingLimits
  readonly #drafts = new Map<string, Draft>()
  /** By uid of the objects that may own others. */
  readonly #said = new Map<string, ReadonlySet<string>>()
  #kept = 0

  constructor(limits: FindingLimits = LIMITS) {
    this.#limits = limits
  }

  /**
   * Adds what `policies` said about an object. What its controller's template has too is not said again: a thousand pods of one
   * template are one thing to mend. So owners have to come first.
   *
   * @returns the policies that had something to say.
   */
  add(
    object: JsonObject,
    { decision }: Pick<JudgedObject, 'decision'>,
    policies: Iterable<string>,
  ): ReadonlySet<string> {
    const owner = controllerOf(object)
    const saidOfOwner = owner && this.#said.get(owner.uid)
    const said = new Set<string>()
    const spoke = new Set<string>()
    const resource = referenceOf(object)
    for (const { policy, key, ...entry } of entriesOf(decision)) {
      spoke.add(policy)
      const name = JSON.stringify([policy, entry.check, key])
      said.add(name)
      if (saidOfOwner?.has(name) !== true) this.#put(policy, { ...entry, resource })
    }
    for (const policy of policies) if (!spoke.has(policy)) this.#draft(policy, resource.namespace).summary.pass++
    if (said.size > 0 && resource.kind !== 'Pod' && resource.uid !== '')
      this.#said.set(resource.uid, new Set([...said, ...(this.#said.get(resource.uid) ?? [])]))
    return spoke
  }

  /** Adds `count` objects in the namespace of `object` of which these policies had nothing to say. */
  addPasses(object: JsonObject, policies: Iterable<string>, count: number): void {
    if (count === 0) return
    const { namespace } = referenceOf(object)
    for (const policy of policies) this.#draft(policy, namespace).summary.pass += count
  }

  /** Counts `count` further objects in the namespace of `object` of which the same is said; they have no entries. */
  addAlike(object: JsonObject, { decision }: Pick<JudgedObject, 'decision'>, count: number): void {
    if (count === 0) return
    const { namespace } = referenceOf(object)
    for (const { policy, result } of entriesOf(decision)) this.#draft(policy, namespace).summary[result] += count
  }

  /** Everything, by policy and namespace. */
  all(): readonly PolicyFindings[] {
    return [...this.#drafts.values()]
      .map(draft => ({ ...draft, entries: draft.entries.toSorted(compareEntries) }))
      .toSorted((a, b) => compareText(a.policy, b.policy) || compareText(a.namespace, b.namespace))
  }

  #put(policy: string, entry: AuditEntry): void {
    const draft = this.#draft(policy, entry.resource.namespace)
    draft.summary[entry.result]++
    const room = this.#kept < this.#limits.total ? this.#limits.perReport : FEW
    // What was skipped is told by a few: it is the same reason for all of a kind.
    const limit = entry.result === 'skip' ? Math.min(room, FEW) : room
    const before = entry.result === 'skip' ? draft.entries.filter(({ result }) => result === 'skip') : draft.entries
    if (before.length >= limit) return
    draft.entries.push(entry)
    this.#kept++
  }

  #draft(policy: string, namespace: string): Draft {
    const key = JSON.stringify([policy, namespace])
    const draft = this.#drafts.get(key) ?? {
      policy,
      namespace,
      summary: { fail: 0, error: 0, warn: 0, skip: 0, pass: 0 },
      entries: [],
    }
    this.#drafts.set(key, draft)
    return draft
  }
}

type Said = Omit<AuditEntry, 'resource'> & { readonly policy: string; readonly key: string }

/** What a policy denies has failed; what it only warns of or records is a warning. */
function* entriesOf(decision: JudgedObject['decision']): Generator<Said> {
  for (const { policy, check, finding, action } of findingsOf(decision)) {
    const { pointer, message, hint, key } = finding
    const result = action === 'Deny' ? 'fail' : 'warn'
    const properties = { pointer, ...(hint !== undefined && { hint: shorten(hint, MAX_MESSAGE) }) }
    yield { policy, check, result, key, message: shorten(message, MAX_MESSAGE), properties }
  }
  for (const { policy, check, message } of [...decision.errors, ...decision.ignoredErrors])
    yield { policy, check, result: 'error', key: message, message: shorten(message, MAX_MESSAGE), properties: {} }
  for (const { policy, check, finding, exception, reason } of decision.exempt) {
    const message = shorten(`exempt by ${exception} (${reason}): ${finding.message}`, MAX_MESSAGE)
    yield { policy, check, result: 'skip', key: finding.key, message, properties: { exception } }
  }
  for (const { policy, check, message } of decision.skipped)
    yield { policy, check, result: 'skip', key: message, message: shorten(message, MAX_MESSAGE), properties: {} }
}

function referenceOf(object: JsonObject): ResourceReference {
  const metadata = dig(object, 'metadata')
  return {
    apiVersion: getString(object, 'apiVersion') ?? '',
    kind: getString(object, 'kind') ?? '',
    namespace: getString(metadata, 'namespace') ?? '',
    name: getString(metadata, 'name') ?? '',
    uid: getString(metadata, 'uid') ?? '',
  }
}

function compareEntries(a: AuditEntry, b: AuditEntry): number {
  return (
    RESULTS.indexOf(a.result) - RESULTS.indexOf(b.result) ||
    compareText(a.resource.kind, b.resource.kind) ||
    compareText(a.resource.name, b.resource.name) ||
    compareText(a.check, b.check) ||
    compareText(a.properties['pointer'] ?? '', b.properties['pointer'] ?? '')
  )
}
