import type { AdmissionRequest } from '../admission/request.ts'
import { shorten } from '../admission/text.ts'
import type { NamespaceTable } from '../policy/match.ts'
import { decodeRecorded } from '../review/recorded.ts'
import { LearnedNamespaces } from './namespaces.ts'
import { withoutMarks } from './redacted.ts'
import { type Example, type LinePlace, MAX_EXAMPLES, MAX_MESSAGE, Run, type RunPorts, type Skip } from './run.ts'
import type { SimulationSets } from './sets.ts'
import type { Difference, StageResult } from './tally.ts'

/** What a rollout would have done to recorded reviews. */
export interface SimulationResult {
  readonly rollout: string
  /** `Kind/name`. */
  readonly target: string
  readonly replaces: string | undefined
  /**
   * `lines`: all that were read. `judged`: those that count. `repeated`: the same request, asked about at several endpoints.
   * `other`: asked at endpoints that are nothing to the target. `unread`: no review, or none that can be judged.
   */
  readonly reviews: Readonly<Record<'lines' | 'judged' | 'repeated' | 'other' | 'unread', number>>
  readonly stages: readonly StageResult[]
  readonly examples: readonly Example[]
  /** The first that could not be read. */
  readonly unread: readonly (LinePlace & { readonly reason: string })[]
  readonly skipped: readonly Skip[]
  readonly notes: readonly string[]
}

/** What a simulation needs beside its sets. */
export interface SimulationPorts extends RunPorts {
  /** The hash of a text. */
  readonly digest: (text: string) => string
  /** The labels of namespaces that the traffic does not tell. */
  readonly namespaces: NamespaceTable
}

/** One request is asked about at several endpoints within a second or two. */
const REMEMBERED = 20_000

type Family = 'mutating' | 'validating'

/** Replays reviews one by one, and keeps counts alone: however long the record is, it takes no more memory. */
export class Simulation {
  readonly #sets: SimulationSets
  readonly #ports: SimulationPorts
  readonly #namespaces: LearnedNamespaces
  readonly #runs: Readonly<Record<Family, Run>>
  readonly #seen = new Set<string>()
  readonly #counts = { lines: 0, repeated: 0, other: 0, unread: 0 }
  readonly #unread: SimulationResult['unread'][number][] = []

  constructor(sets: SimulationSets, ports: SimulationPorts) {
    this.#sets = sets
    this.#ports = ports
    this.#namespaces = new LearnedNamespaces(ports.namespaces)
    this.#runs = { mutating: new Run(sets, ports), validating: new Run(sets, ports) }
  }

  /** Replays the review of a line; never throws. */
  add(bytes: Uint8Array, place: LinePlace): void {
    this.#counts.lines++
    const recorded = decodeRecorded(bytes)
    if (!recorded.ok) {
      this.#fail(place, recorded.reason)
      return
    }
    const { request, endpoint, namespaceLabels } = recorded
    this.#namespaces.learn(request, namespaceLabels)
    const family = familyOf(endpoint)
    if (family === undefined || (family === 'mutating' && this.#sets.rollout.target.kind === 'Policy')) {
      this.#counts.other++
    } else if (family === 'validating' && this.#isRepeated(request)) {
      this.#counts.repeated++
    } else {
      try {
        this.#runs[family].add(withoutMarks(request), place, this.#namespaces)
      } catch (error) {
        this.#fail(place, `it cannot be judged: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }

  /** Counts a line that could not even be taken in. */
  reject(place: LinePlace, reason: string): void {
    this.#counts.lines++
    this.#fail(place, reason)
  }

  result(): SimulationResult {
    const { rollout } = this.#sets
    const { kind, name } = rollout.target
    const { mutating, validating } = this.#runs
    const isPlain = kind === 'Policy' || mutating.judged > 0
    const run = kind !== 'Policy' && mutating.judged > 0 ? mutating : validating
    const unused = kind === 'Policy' || run === validating ? 0 : validating.judged
    const { other, ...counts } = this.#counts
    return {
      rollout: rollout.name,
      target: `${kind}/${name}`,
      replaces: rollout.replaces === undefined ? undefined : `${kind}/${rollout.replaces}`,
      reviews: { ...counts, judged: run.judged, other: other + unused },
      ...run.result(),
      unread: this.#unread,
      notes:
        isPlain || run.judged === 0
          ? []
          : [
              'there is no review of /mutate among them: pods are taken as they were validated, with what was injected then',
            ],
    }
  }

  #fail(place: LinePlace, reason: string): void {
    this.#counts.unread++
    if (this.#unread.length < MAX_EXAMPLES) this.#unread.push({ ...place, reason: shorten(reason, MAX_MESSAGE) })
  }

  /** What denies and what only warns are asked at endpoints of their own: about the same request, under another uid. */
  #isRepeated(request: AdmissionRequest): boolean {
    const key = this.#ports.digest(JSON.stringify({ ...request, uid: '' }))
    if (this.#seen.has(key)) return true
    const [oldest] = this.#seen.size < REMEMBERED ? [] : this.#seen
    if (oldest !== undefined) this.#seen.delete(oldest)
    this.#seen.add(key)
    return false
  }
}

/** Undefined for what is about documents of our own. A review from elsewhere does not say, and is taken as one of a validation. */
function familyOf(endpoint = 'validate'): Family | undefined {
  if (endpoint === 'documents') return undefined
  return endpoint.endsWith('mutate') ? 'mutating' : 'validating'
}

/** Whether anything would be denied that is not now. */
export function deniesMore({ stages }: SimulationResult): boolean {
  return stages.some(({ changes }) => changes.denied > 0)
}

/** A difference, and the stage at which it shows first. */
export interface FirstDifference extends Difference {
  readonly from: string
}

/** The stage at which each difference shows first; what is in no ring shows at the end. */
export function firstDifferences({ stages }: SimulationResult): readonly FirstDifference[] {
  const seen = new Map<string, FirstDifference>()
  for (const { stage, differences } of stages) {
    for (const difference of differences) {
      const { change, namespace, owner, rule } = difference
      const key = JSON.stringify([change, namespace, owner, rule])
      const from = seen.get(key)?.from ?? stage
      // Nothing is left again: the last stage has seen the most.
      seen.set(key, { ...difference, from })
    }
  }
  return [...seen.values()]
}
