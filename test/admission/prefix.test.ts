import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { identityFromPrefix } from '../../src/admission/prefix.ts'

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../data/admission-reviews/${name}`, import.meta.url)), 'utf8')

const V1 = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }
const uidOf = (text: string) => identityFromPrefix(text)?.uid

describe('a recorded review, cut anywhere', () => {
  it.each([
    'pod-create-generatename.mutating.json',
    'deployment-update-image.mutating.json',
    'namespace-delete.validating.json',
    'persistentvolume-local-create.mutating.json',
    'pod-attach.validating.json',
  ])('has its own uid or none: %s', name => {
    const text = read(name)
    const { uid, kind } = JSON.parse(text).request
    expect(kind.kind).toBeTypeOf('string')
    const known = text.indexOf(uid) + uid.length + 1
    for (let length = 0; length <= Math.min(text.length, known + 3000); length++) {
      expect(identityFromPrefix(text.slice(0, length))).toEqual(length < known ? undefined : { uid, ...V1 })
    }
    expect(identityFromPrefix(text)).toEqual({ uid, ...V1 })
  })

  it('has its own version, which may be one that is not answered', () => {
    const text = read('pod-create-review-v1beta1.validating.json')
    const { uid } = JSON.parse(text).request
    expect(identityFromPrefix(text.slice(0, 400))).toEqual({ ...V1, uid, apiVersion: 'admission.k8s.io/v1beta1' })
  })
})

describe('request.uid', () => {
  it.each<[what: string, text: string, uid: string | undefined]>([
    ['is where it belongs', '{"request":{"uid":"right"}}', 'right'],
    ['is cut off', '{"request":{"uid":"righ', undefined],
    ['is whole before its quote is followed by anything', '{"request":{"uid":"right"', 'right'],
    ['comes before the version', '{"request":{"uid":"right","object":{', 'right'],
    ['comes after other members', '{"a":[1,{"b":null}],"request":{"kind":{"kind":"Pod"},"uid":"right"', 'right'],
    ['stands among white space', '{\n\t"request" :\r\n { "uid" : "right" }}', 'right'],
    ['is escaped', '{"request":{"uid":"\\u0072ight"}}', 'right'],
    ['has an escaped name', '{"request":{"\\u0075id":"right"}}', 'right'],
    ['has a quote in it', '{"request":{"uid":"ri\\"ght"}}', 'ri"ght'],
    ['is empty', '{"request":{"uid":""}}', undefined],
    ['is a number', '{"request":{"uid":5}}', undefined],
    ['is null, and something else is text', '{"request":{"uid":null,"name":"wrong"}}', undefined],
    ['is an object', '{"request":{"uid":{"uid":"wrong"}}}', undefined],
    ['is a list', '{"request":{"uid":["wrong"]}}', undefined],
    ['is too long to be one', `{"request":{"uid":"${'x'.repeat(2000)}"}}`, undefined],
    ['is no JSON text', '{"request":{"uid":"a\nb"}}', undefined],
    ['is written twice: the last counts, as for JSON.parse', '{"request":{"uid":"wrong","uid":"right"}}', 'right'],
    ['is at the top', '{"uid":"wrong"}', undefined],
    ['is in the object', '{"request":{"object":{"uid":"wrong","metadata":{"uid":"wrong"}}}}', undefined],
    ['is in a request in the object', '{"request":{"object":{"request":{"uid":"wrong"}}}}', undefined],
    ['is in a request in a list', '{"request":[{"uid":"wrong"}]}', undefined],
    ['is a name in a list, which is no JSON', '{"request":["uid":"wrong"]}', undefined],
    ['is in a list of requests', '[{"request":{"uid":"wrong"}}]', undefined],
    ['is in another member', '{"other":{"uid":"wrong"},"x":{"request":{"uid":"wrong"}}}', undefined],
    ['is in a text', '{"a":"{\\"request\\":{\\"uid\\":\\"wrong\\"}}"}', undefined],
    ['is a value, not a name', '{"request":{"name":"uid","x":"wrong"}}', undefined],
    ['comes after what it must not be mistaken for', '{"request":{"userInfo":{"uid":"wrong"},"uid":"right"}}', 'right'],
    [
      'comes after an object that is full of others',
      '{"request":{"object":{"a":[{"uid":"wrong"}]},"uid":"right"',
      'right',
    ],
    ['comes after escapes', '{"a\\"b\\\\":"\\\\","request":{"uid":"right"}}', 'right'],
  ])('%s', (_what, text, uid) => {
    expect(uidOf(text)).toBe(uid)
  })

  it.each(['', '{', '[', '"', '\\', 'null', '}}}}', ']]]]', '\u0000', '{"request"', '{"request":', '{"request":{'])(
    'is not in %j',
    text => {
      expect(identityFromPrefix(text)).toBeUndefined()
    },
  )
})

describe('apiVersion and kind', () => {
  it('are those of the review, not those of the object', () => {
    const text = '{"request":{"uid":"a","object":{"apiVersion":"v1","kind":"Pod"}},"kind":"K","apiVersion":"a/v2"}'
    expect(identityFromPrefix(text)).toEqual({ uid: 'a', kind: 'K', apiVersion: 'a/v2' })
  })

  it('are the usual ones where they are not reached', () => {
    expect(identityFromPrefix('{"request":{"uid":"a","kind":{"kind":"Pod","apiVersion":"v1"}')).toEqual({
      uid: 'a',
      ...V1,
    })
  })
})

describe('laws', () => {
  const key = fc.constantFrom('uid', 'request', 'kind', 'apiVersion', 'a', '__proto__', '"', '\\')
  const { json } = fc.letrec(tie => ({
    json: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('uid', 'x', '', 'a"b', 'a\\', '{"request":{"uid":"x"}}'),
      fc.integer(),
      fc.constant(null),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.array(fc.tuple(key, tie('json')), { maxLength: 4 }).map(entries => Object.fromEntries(entries)),
    ),
  }))
  /** What JSON.parse finds there. */
  function uidIn(value: unknown): string | undefined {
    const own = (of: unknown, name: string): unknown =>
      typeof of === 'object' && of !== null && !Array.isArray(of) && Object.hasOwn(of, name)
        ? (of as Record<string, unknown>)[name]
        : undefined
    const uid = own(own(value, 'request'), 'uid')
    return typeof uid === 'string' && uid !== '' ? uid : undefined
  }

  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 2), (value, indent) => {
        expect(uidOf(JSON.stringify(value, undefined, indent))).toBe(uidIn(value))
      }),
      { numRuns: 5000 },
    )
  })

  it('reads nothing else however it is cut', () => {
    fc.assert(
      fc.property(json, fc.nat(), (value, at) => {
        const text = JSON.stringify(value)
        const found = uidOf(text.slice(0, at % (text.length + 1)))
        if (found !== undefined) expect(found).toBe(uidIn(value))
      }),
      { numRuns: 5000 },
    )
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => void identityFromPrefix(text)))
    const noise = fc.array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'uid', 'request', ' '), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(noise, parts => void identityFromPrefix(parts.join(''))),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['opening brackets', '['.repeat(1_000_000)],
    ['closing brackets', '}'.repeat(1_000_000)],
    ['quotes', '"'.repeat(1_000_000)],
    ['escapes', `"${'\\'.repeat(1_000_000)}`],
    ['one endless text', `{"a":"${'x'.repeat(1_000_000)}`],
    ['white space', `{"request"${' '.repeat(1_000_000)}:{"uid":"a"}}`],
    ['names', '"a" :'.repeat(200_000)],
  ])('does not take long for %s', (_what, text) => {
    const started = performance.now()
    identityFromPrefix(text)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
