import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rollout } from '../../src/cli/rollout.ts'
import type { SimulationResult } from '../../src/simulation/simulate.ts'
import { startTestGateway } from '../support/gateway.ts'
import { testIo } from '../support/io.ts'
import { hostPathPod, plainPod, reviewOf } from '../support/reviews.ts'
import { policyOf, rolloutText } from '../support/simulation.ts'

const OLD = policyOf('old', 'host-namespaces')
const NEW = policyOf('new', 'privileged', { staged: true })
const PRIVILEGED = {
  ...plainPod({ labels: { password: 'x' } }),
  spec: {
    containers: [
      { name: 'app', image: 'a', securityContext: { privileged: true }, env: [{ name: 'A', value: 'hunter2' }] },
    ],
  },
}
const NAMESPACE = (name: string, labels: object) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-simulate-'))
  write('rollout.yaml', [rolloutText(), NEW].join('\n---\n'))
  write('old.yaml', OLD)
  write('namespaces.yaml', [NAMESPACE('shop', { ring: 'canary' }), NAMESPACE('far', {})].join('\n---\n'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
const record = (...reviews: readonly unknown[]) => reviews.map(review => `${JSON.stringify(review)}\n`).join('')

async function run(argv: readonly string[], stdin = '') {
  const test = testIo({ cwd: folder, stdin })
  const code = await rollout.run(['simulate', ...argv], test.io)
  return { code, out: test.out(), err: test.err() }
}
const ORDINARY = [
  'rollout.yaml',
  '--traffic',
  'reviews.ndjson',
  '--baseline',
  'old.yaml',
  '--namespaces',
  'namespaces.yaml',
]

describe('portcullis rollout simulate', () => {
  it('shows a line for each stage and what is new, and exits 1 where something would be denied', async () => {
    write('reviews.ndjson', record(reviewOf(PRIVILEGED), reviewOf(plainPod(), { name: 'b' })))
    const { code, out, err } = await run(ORDINARY)
    expect(err).toBe('')
    expect(out).toBe(`roll: Policy/new, which replaces Policy/old
2 reviews: 2 judged

STAGE       NAMESPACES  REVIEWS  DENIED  NEWLY DENIED  NO LONGER  WARNED  NEWLY WARNED  SKIPPED
canary      1           2        1       1             0          0       0             0
half        1           2        1       1             0          0       0             0
everywhere  1           2        1       1             0          0       0             0
complete    1           2        1       1             0          0       0             0

Newly denied:
  FROM STAGE  NAMESPACE  OWNER         RULE            REVIEWS
  canary      shop       Pod/checkout  new/privileged  1

For example:
  reviews.ndjson:1: Pod "shop/checkout"
    new/privileged: container "app" is privileged: it has every capability and every device of the node

1 review would be denied that is not now, from stage canary on.
`)
    expect(code).toBe(1)
  })

  it('exits 0 where nothing new would be denied', async () => {
    write('reviews.ndjson', record(reviewOf(plainPod())))
    const { code, out } = await run(ORDINARY)
    expect(out).toContain('Nothing would be denied that is not now.\n')
    expect(code).toBe(0)
  })

  it('reads the standard input, and writes JSON', async () => {
    const [file = '', , , ...rest] = ORDINARY
    const { code, out } = await run([file, '--traffic', '-', ...rest, '-o', 'json'], record(reviewOf(PRIVILEGED)))
    const result = JSON.parse(out) as SimulationResult
    expect(result.stages.map(({ stage, denied }) => [stage, denied])).toEqual([
      ['canary', 1],
      ['half', 1],
      ['everywhere', 1],
      ['complete', 1],
    ])
    expect(result.examples[0]).toMatchObject({ file: '(standard input)', line: 1, rule: 'new/privileged' })
    expect(code).toBe(1)
  })

  it('compares with the policies that ship unless told otherwise', async () => {
    write('rollout.yaml', [rolloutText({ replaces: 'host-path' }), NEW].join('\n---\n'))
    write('reviews.ndjson', record(reviewOf(hostPathPod('/'))))
    const { code, out } = await run(['rollout.yaml', '--traffic', 'reviews.ndjson', '--namespaces', 'namespaces.yaml'])
    expect(out).toContain('host-path/host-path')
    expect(out).toContain('No longer denied:')
    expect(code).toBe(0)
  })

  it('tells each line that cannot be read, and judges the others', async () => {
    write('reviews.ndjson', `{"request"\n${record(reviewOf(PRIVILEGED))}`)
    const { code, out, err } = await run(ORDINARY)
    expect(err).toMatch(/^portcullis rollout simulate: reviews\.ndjson:1: the body is not one JSON value: .*\n$/)
    expect(out).toContain('2 reviews: 1 judged, 1 could not be read\n')
    expect(code).toBe(1)
  })

  it('says what it could not know', async () => {
    write('reviews.ndjson', record(reviewOf(PRIVILEGED, { namespace: 'nobody-knows' })))
    const { out } = await run(ORDINARY)
    expect(out).toMatch(
      /Skipped, which is not passed:\n {2}1× {2}whether stage canary has reached namespace nobody-knows/,
    )
  })

  it('keeps what a manifest says from reaching the terminal raw', async () => {
    const review = reviewOf({ ...PRIVILEGED, metadata: { name: '\u001b[31mred' } }, { name: '\u001b[31mred' })
    write('reviews.ndjson', record(review))
    for (const format of ['text', 'json']) {
      const { out } = await run([...ORDINARY, '-o', format])
      expect(out).toContain('red')
      expect(out).not.toContain('\u001b')
    }
  })

  const faults: readonly { name: string; argv: readonly string[]; says: RegExp }[] = [
    { name: 'no file', argv: [], says: /name a rollout and recorded reviews/ },
    { name: 'no traffic', argv: ['rollout.yaml'], says: /name a rollout and recorded reviews/ },
    {
      name: 'a file that is not there',
      argv: ['nope.yaml', '--traffic', 'reviews.ndjson'],
      says: /FILE .*nope\.yaml: no such file/,
    },
    {
      name: 'traffic that is not there',
      argv: ['rollout.yaml', '--traffic', 'nope.ndjson', '--baseline', 'old.yaml'],
      says: /--traffic nope\.ndjson: there is no such file/,
    },
    {
      name: 'a baseline that is not there',
      argv: ['rollout.yaml', '--traffic', 'reviews.ndjson', '--baseline', 'nope'],
      says: /--baseline .*nope: no such file or folder/,
    },
    {
      name: 'something to replace that is nowhere',
      argv: ['rollout.yaml', '--traffic', 'reviews.ndjson'],
      says: /rollout\.yaml:1:\d+: \/spec\/replaces: there is no Policy "old"/,
    },
    {
      name: 'namespaces that are none',
      argv: [...ORDINARY.slice(0, -1), 'old.yaml'],
      says: /old\.yaml:1:\d+: \/kind: must be a Namespace/,
    },
    {
      name: 'traffic without a review',
      argv: ORDINARY,
      says: /--traffic holds no review that is anything to Policy\/new/,
    },
  ]
  for (const { name, argv, says } of faults) {
    it(`exits 2 for ${name}`, async () => {
      write('reviews.ndjson', '\n')
      const { code, err } = await run(argv)
      expect(err).toMatch(says)
      expect(code).toBe(2)
    })
  }
})

it('what a gateway has recorded is simulated, secrets and all left out', async () => {
  const file = join(folder, 'reviews.ndjson')
  const gateway = await startTestGateway({
    policies: join(folder, 'old.yaml'),
    namespaces: { shop: { ring: 'canary' }, far: {} },
    traffic: { file, maxSize: 1024 * 1024, sample: 1 },
  })
  for (const namespace of ['shop', 'far']) {
    // As an API server does: whoever denies and whoever warns is asked apart, under uids of their own.
    await gateway.ask('/validate', reviewOf(PRIVILEGED, { uid: `${namespace}-1`, namespace }))
    await gateway.ask('/observe', reviewOf(PRIVILEGED, { uid: `${namespace}-2`, namespace }))
    await gateway.ask(
      '/validate',
      reviewOf({ ...plainPod(), spec: { hostNetwork: true, containers: [] } }, { uid: `${namespace}-3`, namespace }),
    )
  }
  await gateway.stop()
  expect(readFileSync(file, 'utf8')).not.toContain('hunter2')
  const { code, out } = await run([
    'rollout.yaml',
    '--traffic',
    'reviews.ndjson',
    '--baseline',
    'old.yaml',
    '-o',
    'json',
  ])
  const { reviews, stages, skipped } = JSON.parse(out) as SimulationResult
  expect(reviews).toEqual({ lines: 6, judged: 4, repeated: 2, other: 0, unread: 0 })
  expect(skipped).toEqual([])
  expect(stages[0]).toMatchObject({
    stage: 'canary',
    namespaces: 1,
    reviews: 2,
    denied: 1,
    changes: { denied: 1, allowed: 1 },
  })
  expect(stages.at(-1)).toMatchObject({ namespaces: 2, reviews: 4, denied: 2, changes: { denied: 2, allowed: 2 } })
  expect(code).toBe(1)
})
