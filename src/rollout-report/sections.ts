import { counted } from '../admission/text.ts'
import { foreign, html, type Markup, NOTHING } from './escape.ts'
import type { Blocked, BlockedFacts, GateFacts, ReportFacts } from './model.ts'
import { definitions, table } from './table.ts'
import { machineTime, timeText } from './time.ts'

/** Rows of who would be refused; the rest is counted. */
export const MAX_ROWS = 200
/** Reasons of one of them; a template may break every rule there is. */
const MAX_REASONS = 8

/** What each gate counts, in the words of the documentation. */
const GATES: Readonly<Record<string, string>> = {
  orphanedPods: 'pods that nobody adopts, more than when the stage began',
  podGrowth: 'pods of one owner for each that it wants, of the worst owner',
  denials: 'share of requests that were denied since the stage began',
  wouldBlock: 'workloads of the next stage that could not be rescheduled, scaled or rolled back',
  unready: "share of the stage's pods that were ready and are not",
  injectedRestarts: "share of the stage's injected pods that were restarted",
  errors: 'evaluation errors and failed proofs since the stage began',
  latencyP99: 'how long the slowest hundredth of reviews takes',
}

const PHASES: Readonly<Record<string, readonly [symbol: string, kind: string]>> = {
  Pending: ['…', 'calm'],
  Progressing: ['▶', 'calm'],
  Paused: ['‖', 'warn'],
  RolledBack: ['✕', 'bad'],
  Aborted: ['✕', 'bad'],
  Complete: ['✓', 'good'],
}

const STATES: Readonly<Record<string, readonly [symbol: string, kind: string]>> = {
  ok: ['✓', 'good'],
  breached: ['✕', 'bad'],
  unknown: ['?', 'warn'],
}

/** A word with a sign before it: neither the sign nor the colour says anything that the word does not. */
function badge(word: string, known: typeof STATES): Markup {
  const [symbol, kind] = (Object.hasOwn(known, word) ? known[word] : undefined) ?? ['·', 'calm']
  return html`<span class="badge ${kind}"><span aria-hidden="true">${symbol}</span> ${word}</span>`
}

/** The name, where it stands, why, and what it is about. */
export function heading(facts: ReportFacts): Markup {
  const { name, phase, message, isPaused, target, replaces, stage, since, replicas } = facts
  const going =
    replicas === undefined ? 'not known' : `${replicas.current} of ${replicas.total} go by the present state`
  const at = Date.parse(since ?? '')
  const pairs: [string, string | Markup][] = [
    ['Brings', target],
    ['Replaces', replaces ?? 'nothing'],
    ['Stage', stage === '' ? 'none' : stage],
    ['Since', Number.isNaN(at) ? 'not begun' : time(at)],
    ['Gateways', going],
    ['Where it has not come', facts.elsewhere === 'Off' ? 'it does nothing' : 'it only records'],
    ['On a breach', facts.onBreach === 'Pause' ? 'it stops where it is' : 'it is taken back everywhere'],
  ]
  const paused = isPaused
    ? html` <span class="badge warn"><span aria-hidden="true">‖</span> spec.paused</span>`
    : NOTHING
  return html`<header>
<p class="kind">CanaryRollout</p>
<h1>${foreign(name)}</h1>
<p class="why">${badge(phase, PHASES)}${paused} ${foreign(message)}</p>
${definitions(pairs)}</header>
`
}

/** A time for people and machines. */
export function time(at: number): Markup {
  return html`<time datetime="${machineTime(at)}">${timeText(at)}</time>`
}

/** What the gates say. */
export function gates(all: readonly GateFacts[]): Markup {
  const body =
    all.length === 0
      ? html`<p>It has no gates: nothing but the holds keeps it from going on.</p>
`
      : table({
          id: 'gates-table',
          caption: 'Gates: what was measured last, and what it may be',
          columns: [
            { title: 'Gate' },
            { title: 'Value', kind: 'number' },
            { title: 'Limit', kind: 'number' },
            { title: 'State' },
            { title: 'What it counts', kind: 'wide' },
          ],
          rows: all.map(({ gate, value, limit, state }) => [
            gate,
            value ?? 'not known',
            limit,
            badge(state, STATES),
            (Object.hasOwn(GATES, gate) ? GATES[gate] : undefined) ?? '',
          ]),
        })
  return section('gates', 'Gates', body)
}

/** Who would be refused, owner by owner. */
export function blocked(found: Blocked): Markup {
  const title = 'Who would be refused'
  if (found.kind === 'not-asked')
    return section(
      'blocked',
      title,
      html`<p>${foreign(found.why)}</p>
`,
    )
  const { owners } = found
  if (owners.length === 0)
    return section(
      'blocked',
      title,
      html`<p>Nothing that is in the cluster would be refused.</p>
`,
    )
  const shown = owners.slice(0, MAX_ROWS)
  const rest = owners.length - shown.length
  const more =
    rest === 0
      ? NOTHING
      : html`<p>${counted(rest, 'more owner')} would be refused, and ${rest === 1 ? 'is' : 'are'} not shown.</p>
`
  const body = html`<p>${counted(owners.length, 'owner')} would be refused at the next drain, scale-up or rollback if the target were in force in the whole cluster.</p>
${table({
  id: 'blocked-table',
  caption: 'Owners that would be refused, and why',
  columns: [{ title: 'Owner' }, { title: 'Namespace' }, { title: 'Reached by' }, { title: 'Why', kind: 'wide' }],
  rows: shown.map(owner => [owner.owner, owner.namespace || '(none)', owner.stage ?? 'no stage', reasons(owner)]),
})}${more}`
  return section('blocked', title, body)
}

function reasons({ reasons: all }: BlockedFacts): Markup {
  const rest = all.length - MAX_REASONS
  const items = all
    .slice(0, MAX_REASONS)
    .map(({ via, message }) => html`<li>${via === '' ? '' : html`by its ${foreign(via)}: `}${foreign(message)}</li>`)
  return html`<ul>${items}${rest > 0 ? html`<li>and ${counted(rest, 'more reason')}</li>` : ''}</ul>`
}

/** The revisions by their hashes. */
export function revisions(all: ReportFacts['revisions']): Markup {
  const body = table({
    id: 'revisions-table',
    caption: 'Revisions: the hash of each version of a document',
    columns: [{ title: 'Document' }, { title: 'Revision' }, { title: 'What it is', kind: 'wide' }],
    rows: all.map(({ document, revision, role }) => [
      document,
      revision === undefined ? 'not known' : html`<code>${revision}</code>`,
      role,
    ]),
  })
  return section('revisions', 'Revisions', body)
}

/** The document itself. */
export function specification(yaml: string): Markup {
  return section(
    'specification',
    'Specification',
    html`<pre tabindex="0" role="region" aria-label="The rollout as YAML"><code>${yaml}</code></pre>
`,
  )
}

/** A part of the page under its heading. */
export function section(id: string, title: string, body: Markup): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${body}</section>
`
}
