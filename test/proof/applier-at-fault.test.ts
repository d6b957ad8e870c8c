import type * as FastJsonPatch from 'fast-json-patch'
import { beforeEach, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../src/json/value.ts'
import { prove } from '../../src/proof/prove.ts'

type Mutable = Record<string, unknown>

/** What the applier does beside its work. */
let damage: (document: Mutable) => void = () => {}

vi.mock('fast-json-patch', async importOriginal => {
  const { default: original } = await importOriginal<{ default: typeof FastJsonPatch }>()
  const applyOperation: typeof original.applyOperation = (document, ...rest) => {
    const result = original.applyOperation(document, ...rest)
    damage(document as Mutable)
    return result
  }
  return { default: { ...original, applyOperation } }
})

const pod: JsonObject = {
  metadata: { labels: { app: 'web', tier: 'front' }, ownerReferences: [{ uid: 'u' }] },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], hostNetwork: false },
}
const patch = [
  { op: 'add', path: '/metadata/labels/team', value: 'payments' },
  { op: 'add', path: '/spec/containers/-', value: { name: 'side' } },
] as const

const labels = (document: Mutable) => (document['metadata'] as Mutable)['labels'] as Mutable
const spec = (document: Mutable) => document['spec'] as Mutable

const DAMAGES: readonly (readonly [string, (document: Mutable) => void, string])[] = [
  ['drops a label', document => delete labels(document)['app'], 'the keys of /metadata/labels are not what they were'],
  [
    'changes a label',
    document => {
      labels(document)['app'] = 'other'
    },
    '/metadata/labels/app is not what it was',
  ],
  [
    'reorders keys',
    document => {
      const { app } = labels(document)
      delete labels(document)['app']
      labels(document)['app'] = app
    },
    'the keys of /metadata/labels are not what they were',
  ],
  [
    'drops a container',
    document => void (spec(document)['containers'] as unknown[]).shift(),
    '/spec/containers/0 is gone or has moved',
  ],
  [
    'reorders containers',
    document => void (spec(document)['containers'] as unknown[]).reverse(),
    '/spec/containers/1 is gone or has moved',
  ],
  [
    'writes an equal container anew',
    document => {
      const containers = spec(document)['containers'] as unknown[]
      containers[0] = { name: 'a' }
    },
    '/spec/containers/0 is gone or has moved',
  ],
  [
    'changes a field beside the patch',
    document => {
      spec(document)['hostNetwork'] = true
    },
    '/spec/hostNetwork is not what it was',
  ],
  [
    'drops a field at the top',
    document => delete document['metadata'],
    'the keys of the document are not what they were',
  ],
]

beforeEach(() => {
  damage = () => {}
})

const proof = () => prove(pod, patch, { replaceable: new Set(), invariants: [] })

it('passes where the applier does its work and nothing else', () => {
  expect(proof()).toMatchObject({ ok: true })
})

it.each(DAMAGES)('an applier that %s is caught: the result is compared, not believed', (_what, does, message) => {
  const before = JSON.stringify(pod)
  let applied = 0
  damage = document => {
    if (++applied === patch.length) does(document)
  }
  expect(proof()).toEqual({ ok: false, invariant: 'retained', message })
  expect(JSON.stringify(pod)).toBe(before)
})
