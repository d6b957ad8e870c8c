import { mayAdd } from '../injection/outcome.ts'
import type { Injected } from './inject.ts'

/** The same injection where nothing has a consequence: planned and proven, told, and not made. */
export function rehearsed(injected: Injected): Injected {
  const { answer, outcomes } = injected
  const { warnings, auditAnnotations } = answer
  const { injected: made, ...annotations } = auditAnnotations
  const told =
    answer.kind === 'denied'
      ? [`would be refused: ${answer.message}`]
      : outcomes.flatMap(({ injection, result }) => {
          if (answer.kind !== 'patched' || !mayAdd(result)) return []
          return [`would be injected: ${injection}${result === 'partial' ? ', without its containers' : ''}`]
        })
  return {
    ...injected,
    outcomes: outcomes.map(outcome => (mayAdd(outcome.result) ? { ...outcome, result: 'observed' } : outcome)),
    answer: {
      kind: 'allowed',
      warnings: [...told, ...warnings],
      auditAnnotations: { ...annotations, ...(made !== undefined && { 'would-inject': made }) },
    },
  }
}
