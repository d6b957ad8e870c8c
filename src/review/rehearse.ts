import type { Injected } from './inject.ts'

/** The same injection where nothing has a consequence: planned and proven, told, and not made. */
export function rehearsed(injected: Injected): Injected {
  const { answer, outcomes } = injected
  const { warnings, auditAnnotations } = answer
  const named = outcomes.filter(({ result }) => result === 'injected').map(({ injection }) => injection)
  const { injected: made, ...annotations } = auditAnnotations
  const told =
    answer.kind === 'denied'
      ? [`would be refused: ${answer.message}`]
      : named.map(injection => `would be injected: ${injection}`)
  return {
    ...injected,
    outcomes: outcomes.map(outcome => (outcome.result === 'injected' ? { ...outcome, result: 'observed' } : outcome)),
    answer: {
      kind: 'allowed',
      warnings: [...told, ...warnings],
      auditAnnotations: { ...annotations, ...(made !== undefined && { 'would-inject': made }) },
    },
  }
}
