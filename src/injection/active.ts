import type { Additions, Injection } from './injection.ts'
import type { InjectionNote, InjectionPlan, InjectionResult } from './outcome.ts'
import type { InjectionRecord, RecordDraft } from './record.ts'

/** Results that `onFailure` is about: the pod is one of the injection's, and would go without it. */
export const FAILURES: ReadonlySet<InjectionResult | undefined> = new Set([
  'render-failed',
  'missing-volume',
  'annotations-full',
])

/** Notes about what the pod has otherwise than the injection says. */
const KEPT: ReadonlySet<InjectionNote['kind']> = new Set([
  'conflict',
  'label-kept',
  'annotation-kept',
  'selector-label',
])

/** Said if no container gets the variables and mounts. */
export const NO_TARGET: InjectionNote = {
  kind: 'no-container',
  message: 'its variables and mounts went into no container: the pod has none that they are for',
}

/** An injection that is being made, with what it has to say about it. */
export interface ActiveInjection {
  readonly injection: Injection
  readonly additions: Additions
  /** What an earlier call recorded; it may be forged. */
  readonly recorded: InjectionRecord | undefined
  readonly record: RecordDraft
  readonly notes: InjectionNote[]
  /** Its containers are left out, because they would keep the pod alive. */
  readonly isPartial: boolean
}

/** What became of an injection that is made. */
export function resultOf(
  { injection, record, notes, isPartial }: ActiveInjection,
  denial: InjectionPlan['denial'],
): InjectionResult {
  if (denial?.injection === injection) return 'conflict'
  if (!record.isEmpty && denial !== undefined) return 'withheld'
  if (isPartial) return 'partial'
  if (!record.isEmpty) return 'injected'
  if (notes.includes(NO_TARGET)) return 'no-container'
  return notes.some(({ kind }) => KEPT.has(kind)) ? 'kept' : 'complete'
}
