import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReportFacts } from '../../src/rollout-report/model.ts'
import { elementsOf, parsePage, textOf } from '../support/html.ts'
import { at, pageOf, reportFacts, STAGE_FACTS, said } from '../support/reports.ts'

/** Texts that have broken pages before. */
const ATTACKS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='x",
  '</title></style></pre></svg><script>x</script>',
  '<!--',
  ']]>',
  '&lt;script&gt;',
  'javascript:alert(1)',
  'a\u202e\u2066b\u0000c\ud800\uffff\u001b[0m',
  '__proto__',
  'constructor',
]

/** A report in which every text of the cluster's is this one. */
function allOf(text: string): ReportFacts {
  return reportFacts({
    name: text,
    phase: text,
    stage: text,
    reason: text,
    message: text,
    since: text,
    target: text,
    replaces: text,
    elsewhere: text,
    onBreach: text,
    revisions: [{ document: text, revision: text, role: text }],
    stages: [{ name: text, reaches: text, hold: text, holdMs: 1000 }],
    gates: [{ gate: text, state: text, value: text, limit: text }],
    history: {
      source: 'events',
      note: text,
      transitions: [{ at: at('08:00:00'), phase: text, stage: text, reason: text, message: text }],
    },
    blocked: {
      kind: 'asked',
      owners: [{ namespace: text, owner: text, stage: text, reasons: [{ via: text, message: text }] }],
    },
    simulation: { rollout: `${text}2`, [text]: text, stages: [{ [text]: text }] },
    yaml: text,
  })
}

const ALLOWED = new Set(
  'html head meta title style body main header p strong h1 h2 bdi span dl div dt dd section figure figcaption svg desc defs pattern rect line text path g table caption thead tbody tr th td time ul li pre code footer'.split(
    ' ',
  ),
)

describe('the page', () => {
  it.each(ATTACKS)('holds nothing but its own elements and attributes where everything says %j', attack => {
    const elements = elementsOf(parsePage(pageOf(allOf(attack))))
    const plain = elementsOf(parsePage(pageOf(allOf('plain'))))
    expect(elements.map(({ tag }) => tag)).toEqual(plain.map(({ tag }) => tag))
    expect(elements.map(({ attributes }) => [...attributes.keys()])).toEqual(
      plain.map(({ attributes }) => [...attributes.keys()]),
    )
  })

  it('is well formed and runs nothing, whatever it is told', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...ATTACKS))
    fc.assert(
      fc.property(text, value => {
        for (const { tag, attributes } of elementsOf(parsePage(pageOf(allOf(value))))) {
          expect(ALLOWED).toContain(tag)
          for (const name of attributes.keys()) expect(name).not.toMatch(/^on|^(?:src|href|style|action|srcset|data)$/i)
        }
      }),
    )
  })

  it('shows a hostile text as it was written', () => {
    const page = parsePage(pageOf({ message: ATTACKS[0] ?? '', yaml: 'a: "</pre><script>"' }))
    expect(textOf(page)).toContain('<script>alert(1)</script>')
    const [pre] = elementsOf(page).filter(({ tag }) => tag === 'pre')
    expect(pre && textOf(pre)).toBe('a: "</pre><script>"')
  })

  it('needs nothing else: its policy allows its own style sheet by its hash, and nothing beside', () => {
    const elements = elementsOf(parsePage(pageOf()))
    const css = elements.filter(({ tag }) => tag === 'style').map(textOf)
    expect(css).toHaveLength(1)
    const hash = createHash('sha256')
      .update(css[0] ?? '')
      .digest('base64')
    const policy = elements.find(({ attributes }) => attributes.get('http-equiv') === 'Content-Security-Policy')
    expect(policy?.attributes.get('content')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    )
    expect(css[0]).not.toMatch(/@import|url\((?!#)|http/)
  })

  it('has unique ids, and refers to none that is not there', () => {
    const elements = elementsOf(parsePage(pageOf({ simulation: { stages: [{ name: 'a', denied: 1 }] } })))
    const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? [])
    expect(ids.length).toBeGreaterThan(10)
    expect(new Set(ids).size).toBe(ids.length)
    const used = elements.flatMap(({ attributes }) => (attributes.get('aria-labelledby') ?? '').split(' '))
    for (const id of used.filter(Boolean)) expect(ids).toContain(id)
  })

  it('has one heading above all, a caption and heads for each table, and a name for each part that scrolls', () => {
    const elements = elementsOf(parsePage(pageOf({ simulation: { stages: [{ name: 'a' }] } })))
    expect(elements.filter(({ tag }) => tag === 'h1').map(textOf)).toEqual(['host-path-2026-11'])
    expect(elements.filter(({ tag }) => tag === 'h2').map(textOf)).toEqual([
      'Stages over time',
      'Gates',
      'Who would be refused',
      'Revisions',
      'Simulation',
      'Specification',
    ])
    const tables = elements.filter(({ tag }) => tag === 'table')
    expect(tables).toHaveLength(6)
    for (const table of tables) {
      const [first] = elementsOf(table)
      expect(first?.tag).toBe('caption')
      const heads = elementsOf(table).filter(({ tag }) => tag === 'th')
      for (const { attributes } of heads) expect(attributes.get('scope')).toMatch(/^(?:col|row)$/)
    }
    for (const { attributes } of elements.filter(({ attributes: own }) => own.has('tabindex')))
      expect(attributes.has('aria-label') || attributes.has('aria-labelledby')).toBe(true)
  })

  it('has as many cells in each row as its table has heads', () => {
    const tables = elementsOf(parsePage(pageOf())).filter(({ tag }) => tag === 'table')
    for (const table of tables) {
      const rows = elementsOf(table).filter(({ tag }) => tag === 'tr')
      const widths = rows.map(row => elementsOf(row).filter(({ tag }) => tag === 'th' || tag === 'td').length)
      expect(new Set(widths).size).toBe(1)
    }
  })

  it('is the same bytes for the same facts, and says when it was made', () => {
    expect(pageOf()).toBe(pageOf())
    expect(pageOf()).toContain('<time datetime="2026-11-03T12:00:00Z">2026-11-03 12:00:00 UTC</time>')
    expect(pageOf({ madeAt: at('13:00:00') })).not.toBe(pageOf())
  })

  it('says in words what it says in colours', () => {
    const text = textOf(parsePage(pageOf()))
    for (const word of ['✕ RolledBack', '✕ breached', '✓ ok', '? unknown', 'not known']) expect(text).toContain(word)
    expect(text).toContain('2 of 3 go by the present state')
  })

  it.each([
    { count: 200, more: undefined },
    { count: 201, more: '1 more owner would be refused, and is not shown.' },
    { count: 1234, more: '1034 more owners would be refused, and are not shown.' },
  ])('shows at most 200 of $count owners, and counts the rest', ({ count, more }) => {
    const owner = { namespace: 'a', owner: 'Pod x', stage: undefined, reasons: [{ via: '', message: 'no' }] }
    const page = parsePage(pageOf({ blocked: { kind: 'asked', owners: Array.from({ length: count }, () => owner) } }))
    expect(textOf(page)).toContain(`${count} owners would be refused at the next drain`)
    expect(textOf(page).match(/Pod x/g)).toHaveLength(200)
    expect(/\d+ more owners? would be refused.*/.exec(textOf(page))?.[0]).toBe(more)
  })

  it.each([
    { name: 'nobody was asked', fields: { blocked: { kind: 'not-asked', why: 'may not look' } }, text: 'may not look' },
    {
      name: 'nobody is refused',
      fields: { blocked: { kind: 'asked', owners: [] } },
      text: 'Nothing that is in the cluster',
    },
    { name: 'there are no gates', fields: { gates: [] }, text: 'It has no gates' },
    {
      name: 'nothing is known of what happened',
      fields: { history: { source: 'present', transitions: [], note: undefined } },
      text: 'Nothing is known of when it did what.',
    },
    {
      name: 'only Events are left',
      fields: {
        history: { source: 'events', transitions: [said('08:00:00', 'Pending', '', 'Waiting')], note: undefined },
      },
      text: 'which a cluster forgets after an hour',
    },
    { name: 'the simulation is no object', fields: { simulation: 7 }, text: 'The simulation says nothing' },
  ] as const)('says so where $name', ({ fields, text }) => {
    expect(textOf(parsePage(pageOf(fields)))).toContain(text)
  })

  it('shows a simulation whose form nobody has told it', () => {
    const simulation = {
      reviews: 120,
      notes: ['one <b>', 'two'],
      stages: [
        { name: 'canary', counts: { denied: 3, allowed: 9 }, samples: [1, 2] },
        { name: 'everywhere', counts: { denied: 30 } },
      ],
    }
    const tables = elementsOf(parsePage(pageOf({ simulation }))).filter(({ tag }) => tag === 'table')
    const rows = tables
      .filter(table => textOf(table).startsWith('\nWhat each stage would have done'))
      .flatMap(table => elementsOf(table).filter(({ tag }) => tag === 'tr'))
      .map(row => elementsOf(row).map(textOf))
    expect(rows).toEqual([
      ['name', 'counts.denied', 'counts.allowed', 'samples'],
      ['canary', '3', '9', '2 in all'],
      ['everywhere', '30', '', ''],
    ])
    expect(pageOf({ simulation })).toContain('<dt>reviews</dt><dd>120</dd>')
    expect(pageOf({ simulation })).toContain('<dt>notes</dt><dd>one &lt;b&gt;; two</dd>')
    expect(pageOf({ simulation })).toContain('<th scope="col" class="number">counts.denied</th>')
  })

  it('says so where the simulation is of another rollout', () => {
    const text = (rollout: string) => textOf(parsePage(pageOf({ simulation: { rollout, stages: [] } })))
    expect(text('other')).toContain('This is the simulation of another rollout: other.')
    expect(text('host-path-2026-11')).not.toContain('another rollout')
  })
})

it('has a stage for each of its rows, those that it never reached too', () => {
  const page = parsePage(pageOf({ stages: STAGE_FACTS }))
  const [table] = elementsOf(page).filter(({ tag }) => tag === 'table')
  const rows = table === undefined ? [] : elementsOf(table).filter(({ tag }) => tag === 'tr')
  expect(
    rows.slice(1).map(row =>
      elementsOf(row)
        .filter(({ tag }) => tag !== 'time')
        .map(textOf),
    ),
  ).toEqual([
    [
      'canary',
      'namespaces with ring=canary',
      '30m',
      '2026-11-03 08:00:10 UTC',
      '2026-11-03 08:30:20 UTC',
      '30 min 10 s',
      'held: quarter followed',
    ],
    [
      'quarter',
      '25 % of all namespaces',
      '2h',
      '2026-11-03 08:30:20 UTC',
      '2026-11-03 09:20:10 UTC',
      '49 min 50 s',
      'breached; rolled back',
    ],
    ['everywhere', 'all namespaces', '24h', 'not reached', '', '', ''],
  ])
})
