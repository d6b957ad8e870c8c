import type { Injection } from '../injection/injection.ts'
import type { InjectionOutcome, InjectionPlan } from '../injection/outcome.ts'
import type { JsonObject } from '../json/value.ts'
import type { BrokenInvariant } from './facts.ts'
import type { InjectionProof } from './prove.ts'

/** Plans and proves some of the injections of a set, as if the set had no others. */
export interface Trials {
  plan(injections: readonly Injection[]): InjectionPlan
  prove(plan: InjectionPlan, injections: readonly Injection[]): InjectionProof
  /** Whether another injection may be tried. */
  hasTime(): boolean
}

/** A plan whose patch is proven, and the injections that were left out of it. */
export interface Isolated {
  /** The outcomes are those of all injections; of those that were left out, the outcome before they were. */
  readonly plan: InjectionPlan
  /** The pod with the patch; undefined if nothing is left to add, or if the plan denies the pod. */
  readonly patched: JsonObject | undefined
  readonly culprits: ReadonlyMap<Injection, BrokenInvariant>
}

const OUT_OF_TIME: BrokenInvariant = {
  invariant: 'deadline',
  message: 'the time ran out before it could be proven without the injection that is at fault',
}

/**
 * Finds the injections because of which a patch was not proven, and makes the others. Tries one injection after the other beside
 * those that were proven: the one with which the proof fails is left out. So of two that are harmful only together the
 * second goes, and those that every pod gets are tried first: what the pod's author asked for must not displace them.
 *
 * Of n active injections: at most 2n + 1 proofs, the first one included, and 3n + 1 plans beside those that the proofs make. Only an
 * injection that an earlier culprit kept from being made costs a further round, so n + 2 proofs are usual.
 *
 * @param whole the plan of all injections, whose patch was not proven.
 */
export function isolateCulprits(
  all: readonly Injection[],
  whole: InjectionPlan,
  failure: BrokenInvariant,
  trials: Trials,
): Isolated {
  const search = new Search(all, trials)
  const [only, ...others] = whole.active
  if (only !== undefined && others.length === 0) search.culprits.set(only, failure)
  let plan = whole
  let broken = failure
  while (search.decide(plan)) {
    const rest = all.filter(injection => !search.culprits.has(injection))
    plan = trials.plan(rest)
    if (plan.denial !== undefined || plan.operations.length === 0) return search.result(whole, plan, undefined)
    const proof = trials.prove(plan, rest)
    if (proof.ok) return search.result(whole, plan, proof.patched)
    broken = proof
  }
  return search.onlyProven(whole, plan, broken)
}

class Search {
  readonly culprits = new Map<Injection, BrokenInvariant>()
  readonly #all: readonly Injection[]
  readonly #trials: Trials
  readonly #proven = new Set<Injection>()
  /** Those that wait for one that is out: they can do no harm, and the next plan says why. */
  readonly #waiting = new Set<Injection>()
  #best: { readonly plan: InjectionPlan; readonly patched: JsonObject } | undefined

  constructor(all: readonly Injection[], trials: Trials) {
    this.#all = all
    this.#trials = trials
  }

  /** Decides about the injections that a plan makes. Returns false if there was nothing to decide, or no time. */
  decide({ active }: InjectionPlan): boolean {
    const isDecided = (injection: Injection) =>
      this.#proven.has(injection) || this.culprits.has(injection) || this.#waiting.has(injection)
    if (active.every(injection => this.#proven.has(injection) || this.#waiting.has(injection))) return false
    const undecided = active.filter(injection => !isDecided(injection))
    const isForAll = ({ trigger }: Injection) => trigger.kind === 'always'
    const early = [...undecided.filter(isForAll), ...undecided.filter(injection => !isForAll(injection))]
    // Once more in the order of the plan: there each one comes behind what it needs.
    for (const injection of [...early, ...undecided]) {
      if (isDecided(injection)) continue
      if (!this.#trials.hasTime()) return false
      this.#try(injection)
    }
    for (const injection of undecided) if (!isDecided(injection)) this.#waiting.add(injection)
    return true
  }

  #try(injection: Injection): void {
    const some = this.#all.filter(each => each === injection || this.#proven.has(each))
    const plan = this.#trials.plan(some)
    if (plan.denial !== undefined || !plan.active.includes(injection)) return
    const proof = plan.operations.length === 0 ? undefined : this.#trials.prove(plan, some)
    if (proof?.ok === false) {
      this.culprits.set(injection, { ...proof })
      return
    }
    this.#proven.add(injection)
    if (proof !== undefined) this.#best = { plan, patched: proof.patched }
  }

  /** The plan of all but the culprits. */
  result(whole: InjectionPlan, plan: InjectionPlan, patched: JsonObject | undefined): Isolated {
    return { plan: { ...plan, outcomes: merged(whole, plan) }, patched, culprits: this.culprits }
  }

  /** The plan of those that were proven beside each other; all others that would add something are out. */
  onlyProven(whole: InjectionPlan, last: InjectionPlan, failure: BrokenInvariant): Isolated {
    const why = this.#trials.hasTime() ? failure : OUT_OF_TIME
    for (const injection of [...whole.active, ...last.active]) {
      if (!this.#proven.has(injection) && !this.culprits.has(injection)) this.culprits.set(injection, why)
    }
    const plan = this.#best?.plan ?? { outcomes: [], operations: [], active: [] }
    return {
      plan: { ...plan, outcomes: merged(whole, last, plan) },
      patched: this.#best?.patched,
      culprits: this.culprits,
    }
  }
}

/** The outcome of each injection of the first plan, as the last plan that has it says it. */
function merged(first: InjectionPlan, ...later: readonly InjectionPlan[]): readonly InjectionOutcome[] {
  const latest = new Map(later.flatMap(({ outcomes }) => outcomes.map(outcome => [outcome.injection, outcome])))
  return first.outcomes.map(outcome => latest.get(outcome.injection) ?? outcome)
}
