import { html, type Markup, NOTHING } from './escape.ts'
import type { History, ReportFacts, Transition } from './model.ts'
import { section, time } from './sections.ts'
import { marksOf, type Span, spansOf } from './spans.ts'
import { table } from './table.ts'
import { lengthText } from './time.ts'
import { timeline } from './timeline.ts'

/** When each stage began and ended: a drawing, and the same in tables. */
export function stages({ stages: all, history, madeAt }: ReportFacts): Markup {
  const spans = spansOf(history.transitions, all, madeAt)
  const drawing = timeline({ stages: all, spans, marks: marksOf(history.transitions), now: madeAt })
  const figure =
    drawing === NOTHING
      ? html`<p>Nothing is known of when it did what.</p>
`
      : html`<figure>
<div class="scroll" role="region" tabindex="0" aria-label="Timeline">${drawing}</div>
<figcaption>A bar: the stage was the last one that was reached. The line under it: its hold. A hatched bar and a cross: a gate was breached. Diamonds: other changes.</figcaption>
</figure>
`
  return section('stages', 'Stages over time', html`${figure}${stageTable(all, spans)}${changes(history)}`)
}

function stageTable(all: ReportFacts['stages'], spans: readonly Span[]): Markup {
  const rows = all.flatMap(({ name, reaches, hold }) => {
    const own = spans.filter(({ stage }) => stage === name)
    if (own.length === 0) return [[name, reaches, hold, 'not reached', '', '', '']]
    return own.map(span => [
      name,
      reaches,
      hold,
      time(span.begin),
      span.isOpen ? 'lasts' : time(span.end),
      lengthText(span.end - span.begin),
      `${span.isBreached ? 'breached; ' : ''}${span.isOpen ? holdText(span) : span.outcome}`,
    ])
  })
  return table({
    id: 'stages-table',
    caption: 'Stages: when each began and ended',
    columns: [
      { title: 'Stage' },
      { title: 'Reaches', kind: 'wide' },
      { title: 'Hold' },
      { title: 'Began' },
      { title: 'Ended' },
      { title: 'Lasted' },
      { title: 'How it ended', kind: 'wide' },
    ],
    rows,
  })
}

function holdText({ holdEnd, end }: Span): string {
  if (holdEnd === undefined) return ''
  return holdEnd > end ? `its hold is over in ${lengthText(holdEnd - end)}` : 'its hold is over'
}

const SOURCES: Readonly<Record<History['source'], string>> = {
  status: 'From what the rollout remembers in its status.',
  events: 'From Events, which a cluster forgets after an hour or so: what came before them is not here.',
  present: 'Only what is so now is known: neither the status nor Events say what came before.',
}

function changes({ source, transitions, note }: History): Markup {
  const from = html`<p>${SOURCES[source]}${note === undefined ? '' : ` ${note}`}</p>
`
  if (transitions.length === 0) return from
  const row = ({ at, phase, stage, reason, message }: Transition) => [time(at), phase, stage, reason, message]
  return html`${table({
    id: 'changes-table',
    caption: 'Every change of phase, stage or reason that is known',
    columns: [
      { title: 'When' },
      { title: 'Phase' },
      { title: 'Stage' },
      { title: 'Reason' },
      { title: 'What was said', kind: 'wide' },
    ],
    rows: transitions.map(row),
  })}${from}`
}
