import type { Json } from '../json/value.ts'

/** Everything that a report says of a rollout; nothing of it is trusted. */
export interface ReportFacts {
  /** When it is made, in milliseconds since 1970. */
  readonly madeAt: number
  readonly name: string
  readonly phase: string
  /** The last stage that it has reached; `''` before the first. */
  readonly stage: string
  /** A word for machines, and a sentence for people. */
  readonly reason: string
  readonly message: string
  /** RFC 3339; undefined before it began. */
  readonly since: string | undefined
  readonly isPaused: boolean
  /** `Policy host-path-v2`. */
  readonly target: string
  readonly replaces: string | undefined
  readonly elsewhere: string
  readonly onBreach: string
  readonly revisions: readonly Revision[]
  readonly replicas: { readonly total: number; readonly current: number } | undefined
  readonly stages: readonly StageFacts[]
  readonly gates: readonly GateFacts[]
  readonly history: History
  readonly blocked: Blocked
  /** What `portcullis rollout simulate -o json` printed; undefined where it is not asked for. */
  readonly simulation: Json | undefined
  /** The rollout as a person applies it. */
  readonly yaml: string
}

/** A revision of a document, and what it is to the rollout. */
export interface Revision {
  readonly document: string
  /** Undefined where it is not known. */
  readonly revision: string | undefined
  readonly role: string
}

export interface StageFacts {
  readonly name: string
  /** In words. */
  readonly reaches: string
  /** As it is written, such as `2h`. */
  readonly hold: string
  /** Undefined where it cannot be read. */
  readonly holdMs: number | undefined
}

export interface GateFacts {
  readonly gate: string
  /** `ok`, `breached`, `unknown`, or `not asked` where it has said nothing yet. */
  readonly state: string
  readonly value: string | undefined
  readonly limit: string
}

/** One change of where a rollout stands. */
export interface Transition {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly phase: string
  /** The last stage that it had reached; `''` before the first. */
  readonly stage: string
  readonly reason: string
  readonly message: string
}

/** What happened so far, and how that is known. */
export interface History {
  readonly source: 'status' | 'events' | 'present'
  readonly transitions: readonly Transition[]
  /** What is missing, and why. */
  readonly note: string | undefined
}

/** Who would be refused if the target were in force everywhere. */
export type Blocked =
  | { readonly kind: 'asked'; readonly owners: readonly BlockedFacts[] }
  /** A sentence that says why nobody was asked. */
  | { readonly kind: 'not-asked'; readonly why: string }

export interface BlockedFacts {
  /** `''` where it has none. */
  readonly namespace: string
  /** `Deployment web`. */
  readonly owner: string
  /** The stage that reaches its namespace; undefined where none does, or where it is not known. */
  readonly stage: string | undefined
  readonly reasons: readonly { readonly via: string; readonly message: string }[]
}
