import { counted } from '../admission/text.ts'
import { get, isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import { foreign, html, type Markup, NOTHING } from './escape.ts'
import { section } from './sections.ts'
import { definitions, table } from './table.ts'

/** What fits on a page; the rest is counted. */
const [MAX_COLUMNS, MAX_ROWS] = [16, 50]
/** Sentences of a list that are shown; of more of them their number. */
const MAX_SENTENCES = 5

/**
 * What a simulation printed: its numbers and words as they stand, and its stages as a table, a column for each number or word of them.
 * Nothing is known of its form but that it is JSON.
 *
 * @param name the rollout's; what was printed of another is shown, and said to be another's.
 */
export function simulation(printed: Json | undefined, name: string): Markup {
  if (printed === undefined) return NOTHING
  const facts = isObject(printed) ? leavesOf(printed) : []
  const stages = (isList(printed) ? printed : stagesIn(printed)).filter(isObject)
  if (facts.length === 0 && stages.length === 0)
    return section(
      'simulation',
      'Simulation',
      html`<p>The simulation says nothing that can be shown.</p>
`,
    )
  const of = get(printed, 'rollout')
  const other =
    typeof of !== 'string' || of === name
      ? NOTHING
      : html`<p><strong>This is the simulation of another rollout: ${foreign(of)}.</strong></p>
`
  const known = facts.slice(0, MAX_ROWS)
  return section(
    'simulation',
    'Simulation',
    html`${other}<p>What recorded reviews would have met, stage by stage; nothing of it was asked of the cluster.</p>
${known.length === 0 ? '' : definitions(known)}${stages.length === 0 ? '' : stageTable(stages)}`,
  )
}

function stagesIn(printed: Json): readonly Json[] {
  const stages = get(printed, 'stages')
  return isList(stages) ? stages : []
}

function stageTable(all: readonly JsonObject[]): Markup {
  const rows = all.slice(0, MAX_ROWS).map(stage => new Map(leavesOf(stage)))
  const keys = [...new Set(rows.flatMap(row => [...row.keys()]))]
  const titles = keys.slice(0, MAX_COLUMNS)
  const left = [
    ...(keys.length > titles.length ? [counted(keys.length - titles.length, 'column')] : []),
    ...(all.length > rows.length ? [counted(all.length - rows.length, 'stage')] : []),
  ]
  return html`${table({
    id: 'simulation-table',
    caption: 'What each stage would have done',
    columns: titles.map(title => ({ title, ...(rows.every(row => isCount(row.get(title))) && { kind: 'number' }) })),
    rows: rows.map(row => titles.map(title => row.get(title) ?? '')),
  })}${
    left.length === 0
      ? ''
      : html`<p>Left out: ${left.join(', ')}.</p>
`
  }`
}

/** The numbers and words of an object, and of the objects directly in it; of a list its length. */
function leavesOf(object: JsonObject): readonly (readonly [string, string])[] {
  return Object.entries(object).flatMap(([key, value]) => {
    if (!isObject(value)) return leaf(key, value)
    return Object.entries(value).flatMap(([inner, part]) => leaf(`${key}.${inner}`, part))
  })
}

function leaf(key: string, value: Json): readonly (readonly [string, string])[] {
  if (key === 'stages' || value === null || isObject(value)) return []
  return [[key, isList(value) ? listText(value) : String(value)]]
}

function listText(list: readonly Json[]): string {
  const isShort = list.length > 0 && list.length <= MAX_SENTENCES && list.every(item => typeof item === 'string')
  return isShort ? list.join('; ') : `${list.length} in all`
}

function isCount(text = ''): boolean {
  return /^-?[\d.]*$/.test(text)
}
