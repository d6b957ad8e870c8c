import { counted, oneLine } from '../../admission/text.ts'
import { type FirstDifference, firstDifferences, type SimulationResult } from '../../simulation/simulate.ts'
import { CHANGES, type Change, type StageResult } from '../../simulation/tally.ts'
import { table } from './view.ts'

/** Rows of one kind of difference; JSON has them all. */
const MAX_ROWS = 30

/** What a simulation says, for a person: a line for each stage, and what changes for whom. */
export function simulationText(result: SimulationResult): string {
  const { rollout, target, replaces, reviews, stages, skipped, notes } = result
  const what = `${rollout}: ${target}${replaces === undefined ? '' : `, which replaces ${replaces}`}`
  const parts = [
    `${oneLine(what)}\n${readText(reviews)}\n`,
    table(stageRows(stages, target.startsWith('SidecarInjection/'))),
    ...(Object.keys(CHANGES) as Change[]).flatMap(change => changeText(change, firstDifferences(result))),
    exampleText(result),
    section(
      'Skipped, which is not passed',
      skipped.map(({ reason, reviews: times }) => [`${times}×`, reason]),
    ),
    ...notes.map(note => `Note: ${note}.\n`),
    ungroupedText(stages),
    `${verdictText(stages, reviews.judged)}\n`,
  ]
  return parts.filter(part => part !== '').join('\n')
}

function readText({ lines, judged, repeated, other, unread }: SimulationResult['reviews']): string {
  const rest = [
    repeated > 0 ? `${repeated} are the same requests at another endpoint` : '',
    other > 0 ? `${other} are of endpoints that it does not concern` : '',
    unread > 0 ? `${unread} could not be read` : '',
  ].filter(part => part !== '')
  return [`${counted(lines, 'review')}: ${judged} judged`, ...rest].join(', ')
}

function stageRows(stages: readonly StageResult[], isInjection: boolean): readonly (readonly string[])[] {
  const head = ['STAGE', 'NAMESPACES', 'REVIEWS', 'DENIED', 'NEWLY DENIED', 'NO LONGER', 'WARNED', 'NEWLY WARNED']
  const rows = stages.map(({ stage, namespaces, reviews, denied, warned, patched, skipped, changes }) => [
    stage,
    ...[namespaces, reviews, denied, changes.denied, changes.allowed, warned, changes.warned].map(String),
    ...(isInjection ? [patched, changes.patched].map(String) : []),
    String(skipped),
  ])
  return [[...head, ...(isInjection ? ['PATCHED', 'NEWLY PATCHED'] : []), 'SKIPPED'], ...rows]
}

function changeText(change: Change, differences: readonly FirstDifference[]): readonly string[] {
  const own = differences.filter(difference => difference.change === change)
  if (own.length === 0) return []
  const rows = own
    .slice(0, MAX_ROWS)
    .map(({ from, namespace, owner, rule, reviews }) => [from, namespace || '-', owner, rule, String(reviews)])
  const more = own.length > MAX_ROWS ? `  and ${own.length - MAX_ROWS} more; -o json has them all\n` : ''
  const title = CHANGES[change]
  return [`${section(capital(title), [['FROM STAGE', 'NAMESPACE', 'OWNER', 'RULE', 'REVIEWS'], ...rows])}${more}`]
}

function exampleText({ examples }: SimulationResult): string {
  if (examples.length === 0) return ''
  const lines = examples.slice(0, 5).map(({ file, line, object, rule, message }) => {
    return `  ${oneLine(`${file}:${line}: ${object}`)}\n    ${oneLine(`${rule}: ${message}`)}\n`
  })
  return `For example:\n${lines.join('')}`
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  return `${title}:\n${table(rows.map(([first = '', ...rest]) => [`  ${oneLine(first)}`, ...rest.map(oneLine)]))}`
}

function ungroupedText(stages: readonly StageResult[]): string {
  const ungrouped = Math.max(0, ...stages.map(stage => stage.ungrouped))
  return ungrouped === 0 ? '' : `${counted(ungrouped, 'difference')} of further owners are counted and not listed.\n`
}

function verdictText(stages: readonly StageResult[], judged: number): string {
  // Of nothing that was looked at nothing is said.
  if (judged === 0) return 'No review was judged: this says nothing about the rollout.'
  const first = stages.find(({ changes }) => changes.denied > 0)
  const all = stages.at(-1)?.changes.denied ?? 0
  return first === undefined
    ? 'Nothing would be denied that is not now.'
    : `${counted(all, 'review')} would be denied that ${all === 1 ? 'is' : 'are'} not now, from stage ${first.stage} on.`
}

function capital(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`
}
