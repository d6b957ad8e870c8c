import type { StageFacts, Transition } from './model.ts'

/** A time in which one stage was the last that the rollout had reached. */
export interface Span {
  readonly stage: string
  readonly begin: number
  /** When it ended; when the report is made where it still lasts. */
  readonly end: number
  readonly isOpen: boolean
  /** How it ended, in words; `''` where it still lasts. */
  readonly outcome: string
  /** When its hold is or was over, counted from its begin; undefined where that is not known. */
  readonly holdEnd: number | undefined
  /** Whether a gate was breached in it. */
  readonly isBreached: boolean
}

/** Something that a person looks for: a breach, a return, an end. */
export interface Mark {
  readonly at: number
  readonly word: string
}

/**
 * The times of the stages, the oldest first: a stage that is begun anew has several.
 *
 * @param now where what still lasts ends; nothing is drawn after it but holds.
 */
export function spansOf(
  transitions: readonly Transition[],
  stages: readonly StageFacts[],
  now: number,
): readonly Span[] {
  const spans: Span[] = []
  let open: { readonly stage: string; readonly begin: number } | undefined
  let isBreached = false
  const close = (end: number, next: Transition | undefined) => {
    if (open === undefined) return
    const holdMs = stages.find(({ name }) => name === open?.stage)?.holdMs
    const holdEnd = holdMs === undefined ? undefined : open.begin + holdMs
    const outcome = next === undefined ? '' : outcomeOf(next, holdEnd)
    spans.push({ ...open, end: Math.max(end, open.begin), isOpen: next === undefined, outcome, holdEnd, isBreached })
    open = undefined
    isBreached = false
  }
  for (const transition of transitions) {
    const { at, reason } = transition
    const stage = stages.some(({ name }) => name === transition.stage) ? transition.stage : ''
    const isAnew = reason === 'StageReached' || reason === 'Resumed'
    if (open !== undefined && reason === 'Breached') isBreached = true
    if (open !== undefined && (stage !== open.stage || isAnew)) close(at, transition)
    if (stage !== '' && open === undefined) open = { stage, begin: at }
  }
  close(now, undefined)
  return spans
}

function outcomeOf({ at, phase, stage, reason }: Transition, holdEnd: number | undefined): string {
  if (phase === 'Complete') return 'held to the end: complete'
  if (phase === 'RolledBack') return 'rolled back'
  if (phase === 'Aborted') return 'aborted'
  if (reason === 'TargetChanged') return 'the target was changed'
  if (reason === 'Resumed') return 'resumed: the hold began anew'
  if (stage === '') return 'left'
  const isEarly = holdEnd !== undefined && at < holdEnd
  return isEarly ? `promoted before its hold was over: ${stage} followed` : `held: ${stage} followed`
}

const WORDS: Readonly<Record<string, string>> = {
  Breached: 'Breach',
  Paused: 'Pause',
  Resumed: 'Resumed',
  TargetChanged: 'Target changed',
  Aborted: 'Aborted',
  Complete: 'Complete',
  WouldBlock: 'Would block',
  Restored: 'Record restored',
}

/** What is marked on the timeline. */
export function marksOf(transitions: readonly Transition[]): readonly Mark[] {
  return transitions.flatMap(({ at, reason, phase }) => {
    const word = Object.hasOwn(WORDS, reason) ? WORDS[reason] : undefined
    if (word === undefined) return []
    return [{ at, word: phase === 'RolledBack' && reason === 'Breached' ? 'Breach, rolled back' : word }]
  })
}
