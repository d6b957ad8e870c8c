import { describeObject } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { shorten } from '../admission/text.ts'
import type { CertificateReader } from '../checks/check.ts'
import { dig, getString } from '../json/value.ts'
import { type NamespaceLabels, placeOf } from '../policy/match.ts'
import type { Place } from '../rollout/record.ts'
import { controllerOf } from '../workload/owner.ts'
import { reachedAt } from './reach.ts'
import type { SimulationSets, StageSets } from './sets.ts'
import { type StageResult, StageTally, type Subject } from './tally.ts'
import { type Verdict, type VerdictContext, verdictOf } from './verdict.ts'

/** Where a line stands. */
export interface LinePlace {
  readonly file: string
  /** From 1 on. */
  readonly line: number
}

/** A review that would be denied and is not now. */
export interface Example extends LinePlace {
  readonly stage: string
  readonly object: string
  readonly rule: string
  readonly message: string
}

/** Why something was skipped, and how often, over all stages. */
export interface Skip {
  readonly reason: string
  readonly reviews: number
}

/** What judging needs beside the sets. */
export interface RunPorts {
  readonly readCertificates: CertificateReader
  /** Milliseconds since 1970, for dates in documents. */
  readonly now: number
}

/** Of each kind of example. */
export const MAX_EXAMPLES = 20
export const MAX_MESSAGE = 256

/** The reviews of one kind of webhook. */
export class Run {
  judged = 0
  readonly #sets: SimulationSets
  readonly #ports: RunPorts
  readonly #tallies: readonly { readonly stage: StageSets; readonly tally: StageTally }[]
  readonly #examples: Example[] = []
  readonly #skipped = new Map<string, number>()

  constructor(sets: SimulationSets, ports: RunPorts) {
    this.#sets = sets
    this.#ports = ports
    const { target, replaces } = sets.rollout
    const versions = [target.name, replaces]
    // A warning of the version before is no other one than the same warning of the next.
    const canonical = (rule: string) => {
      const slash = rule.indexOf('/')
      return slash >= 0 && versions.includes(rule.slice(0, slash)) ? rule.slice(slash) : rule
    }
    this.#tallies = sets.stages.map(stage => ({ stage, tally: new StageTally(stage.name, canonical) }))
  }

  add(request: AdmissionRequest, line: LinePlace, namespaceLabels: NamespaceLabels): void {
    const { rollout, present } = this.#sets
    const context: VerdictContext = { ...this.#ports, target: rollout.target, namespaceLabels }
    const place = placeOf(request, namespaceLabels)
    const subject = subjectOf(request, place)
    const before = verdictOf(request, present, context)
    const complete = this.#sets.stages.at(-1)
    this.judged++
    let isShown = false
    for (const { stage, tally } of this.#tallies) {
      const reached = reachedAt(rollout.spec, place, stage.index)
      if (reached === 'no') continue
      if (reached === 'unknown') {
        tally.skip()
        this.#skip(
          `whether stage ${stage.name} has reached namespace ${subject.namespace} depends on its labels, which are not known here`,
        )
        continue
      }
      // By whichever stage it was reached: what is in force there is what is in force at the end.
      const sets = reached === 'certain' ? (complete ?? stage) : stage
      const after = verdictOf(request, sets, context)
      for (const reason of new Set(after.skipped)) this.#skip(reason)
      const changes = tally.add(subject, before, after)
      if (isShown) continue
      isShown = this.#show(changes, after, request, line, stage.name)
    }
  }

  result(): {
    readonly stages: readonly StageResult[]
    readonly examples: readonly Example[]
    readonly skipped: readonly Skip[]
  } {
    const skipped = [...this.#skipped].map(([reason, reviews]) => ({ reason, reviews }))
    return {
      stages: this.#tallies.map(({ tally }) => tally.result()),
      examples: this.#examples,
      skipped: skipped.sort((a, b) => b.reviews - a.reviews),
    }
  }

  #show(
    changes: ReturnType<StageTally['add']>,
    after: Verdict,
    request: AdmissionRequest,
    line: LinePlace,
    stage: string,
  ): boolean {
    const rule = changes.find(([change]) => change === 'denied')?.[1]
    if (rule === undefined) return false
    const message = shorten(after.denied.get(rule) ?? '', MAX_MESSAGE)
    if (this.#examples.length < MAX_EXAMPLES)
      this.#examples.push({ ...line, stage, object: describeObject(request), rule, message })
    return true
  }

  #skip(reason: string): void {
    // Reasons name namespaces: past so many of them the rest is one.
    const known = this.#skipped.has(reason) || this.#skipped.size < MAX_EXAMPLES ? reason : 'for other reasons'
    this.#skipped.set(known, (this.#skipped.get(known) ?? 0) + 1)
  }
}

function subjectOf({ kind, name, object, oldObject }: AdmissionRequest, place: Place): Subject {
  const present = object ?? oldObject
  const owner = controllerOf(present)
  const metadata = dig(present ?? undefined, 'metadata')
  const prefix = getString(metadata, 'generateName')
  const own = prefix ? `${prefix}…` : name || getString(metadata, 'name') || '(without a name)'
  return {
    namespace: place === 'cluster' ? '' : place.name,
    owner: owner === undefined ? `${kind.kind}/${own}` : `${owner.kind}/${owner.name}`,
  }
}
