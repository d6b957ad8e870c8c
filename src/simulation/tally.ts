import { compareText } from '../admission/text.ts'
import type { Verdict } from './verdict.ts'

/** What becomes of a review that did not become of it before. */
export const CHANGES = {
  denied: 'newly denied',
  allowed: 'no longer denied',
  warned: 'newly warned',
  unwarned: 'no longer warned',
  patched: 'newly patched',
  unpatched: 'no longer patched',
} as const
export type Change = keyof typeof CHANGES

/** Reviews of one owner to which the same happens by the same rule. */
export interface Difference {
  readonly change: Change
  /** `''` for what is in none. */
  readonly namespace: string
  /** `Kind/name` of the controller; without one `Kind/prefix…` or `Kind/name` of the object itself. */
  readonly owner: string
  readonly rule: string
  readonly reviews: number
}

/** What a stage does, in numbers of reviews. */
export interface StageResult {
  readonly stage: string
  /** That were reached and asked for something. */
  readonly namespaces: number
  /** Of what was reached. */
  readonly reviews: number
  readonly denied: number
  readonly warned: number
  readonly patched: number
  /** About which the target could not say anything, or of which nobody knows whether they are reached. */
  readonly skipped: number
  /** Each review once for each change, by however many rules. */
  readonly changes: Readonly<Record<Change, number>>
  readonly differences: readonly Difference[]
  /** Reviews whose groups are too many to be told one by one. */
  readonly ungrouped: number
}

/** More groups than anybody reads; what comes on top is only counted. */
const MAX_GROUPS = 5000

/** Whose review it is. */
export interface Subject {
  readonly namespace: string
  readonly owner: string
}

/** Counts what one stage does. */
export class StageTally {
  readonly #stage: string
  readonly #canonical: (rule: string) => string
  readonly #namespaces = new Set<string>()
  readonly #groups = new Map<string, Omit<Difference, 'reviews'> & { reviews: number }>()
  readonly #counts = { reviews: 0, denied: 0, warned: 0, patched: 0, skipped: 0, ungrouped: 0 }
  readonly #changes: Record<Change, number> = {
    denied: 0,
    allowed: 0,
    warned: 0,
    unwarned: 0,
    patched: 0,
    unpatched: 0,
  }

  /** @param canonical gives rules that stand for each other the same name: those of the target, and of what it replaces. */
  constructor(stage: string, canonical: (rule: string) => string) {
    this.#stage = stage
    this.#canonical = canonical
  }

  skip(): void {
    this.#counts.skipped++
  }

  /** @returns the changes that it makes, with the rules that make them. */
  add(subject: Subject, before: Verdict, after: Verdict): readonly (readonly [Change, string])[] {
    const counts = this.#counts
    counts.reviews++
    if (subject.namespace !== '') this.#namespaces.add(subject.namespace)
    if (after.denied.size > 0) counts.denied++
    else if (after.warned.size > 0) counts.warned++
    if (after.patched.size > 0) counts.patched++
    if (after.skipped.length > 0) counts.skipped++
    const made = this.#changesOf(before, after)
    for (const change of new Set(made.map(([change]) => change))) this.#changes[change]++
    for (const [change, rule] of made) this.#group(change, subject, rule)
    return made
  }

  result(): StageResult {
    const { ungrouped, ...counts } = this.#counts
    return {
      stage: this.#stage,
      namespaces: this.#namespaces.size,
      ...counts,
      changes: { ...this.#changes },
      differences: [...this.#groups.values()].sort(byWeight),
      ungrouped,
    }
  }

  #changesOf(before: Verdict, after: Verdict): readonly (readonly [Change, string])[] {
    const made: (readonly [Change, string])[] = []
    const isDenied = after.denied.size > 0
    const wasDenied = before.denied.size > 0
    const add = (change: Change, rules: Iterable<string>) => {
      for (const rule of rules) made.push([change, rule])
    }
    if (isDenied && !wasDenied) add('denied', after.denied.keys())
    if (wasDenied && !isDenied) add('allowed', before.denied.keys())
    // What is denied is not looked at for its warnings, before or after.
    if (!isDenied) add('warned', this.#without(after.warned, before.warned))
    if (!isDenied && !wasDenied) add('unwarned', this.#without(before.warned, after.warned))
    // Another version of a sidecar is another sidecar: here nothing stands for anything else.
    add(
      'patched',
      [...after.patched.keys()].filter(rule => !before.patched.has(rule)),
    )
    if (!isDenied)
      add(
        'unpatched',
        [...before.patched.keys()].filter(rule => !after.patched.has(rule)),
      )
    return made
  }

  #without(rules: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): readonly string[] {
    const known = new Set([...others.keys()].map(this.#canonical))
    return [...rules.keys()].filter(rule => !known.has(this.#canonical(rule)))
  }

  #group(change: Change, { namespace, owner }: Subject, rule: string): void {
    const key = JSON.stringify([change, namespace, owner, rule])
    const group = this.#groups.get(key)
    if (group !== undefined) group.reviews++
    else if (this.#groups.size < MAX_GROUPS) this.#groups.set(key, { change, namespace, owner, rule, reviews: 1 })
    else this.#counts.ungrouped++
  }
}

const ORDER = Object.keys(CHANGES)

function byWeight(a: Difference, b: Difference): number {
  return (
    ORDER.indexOf(a.change) - ORDER.indexOf(b.change) ||
    b.reviews - a.reviews ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.owner, b.owner) ||
    compareText(a.rule, b.rule)
  )
}
