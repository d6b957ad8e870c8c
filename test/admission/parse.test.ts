import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeObject, parseReview } from '../../src/admission/parse.ts'
import type { AdmissionRequest } from '../../src/admission/request.ts'
import type { Json } from '../../src/json/value.ts'
import { requestFor } from '../support/engine.ts'
import { plainPod, reviewOf } from '../support/reviews.ts'

const REVIEWS = fileURLToPath(new URL('../data/admission-reviews', import.meta.url))
const json = (value: unknown): Json => JSON.parse(JSON.stringify(value))
const REVIEW = reviewOf(plainPod())
const UID = '705ab4f5-6393-11e8-b7cc-42010a800002'

/** The review with some of its request's fields replaced; undefined leaves one out. */
function parseWith(request: Readonly<Record<string, unknown>>, review: Readonly<Record<string, unknown>> = {}) {
  const whole = json(REVIEW) as { readonly request: object }
  return parseReview(json({ ...whole, ...review, request: { ...whole.request, ...request } }))
}

describe('parseReview', () => {
  it('reads every field of a request', () => {
    const oldObject = plainPod({ labels: { a: 'b' } })
    const review = reviewOf(plainPod(), { operation: 'UPDATE', subResource: 'status', dryRun: true, oldObject })
    expect(parseReview(json(review))).toEqual({
      kind: 'request',
      identity: { uid: UID, apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
      request: {
        uid: UID,
        operation: 'UPDATE',
        kind: { group: '', version: 'v1', kind: 'Pod' },
        resource: { group: '', version: 'v1', resource: 'pods' },
        subResource: 'status',
        requestKind: { group: '', version: 'v1', kind: 'Pod' },
        requestResource: { group: '', version: 'v1', resource: 'pods' },
        name: 'checkout',
        namespace: 'shop',
        userInfo: { username: 'kubernetes-admin', uid: '', groups: ['system:authenticated'] },
        dryRun: true,
        object: plainPod(),
        oldObject,
      },
    })
  })

  it('takes what is left out for empty', () => {
    const left = [
      'subResource',
      'name',
      'namespace',
      'userInfo',
      'dryRun',
      'oldObject',
      'requestKind',
      'requestResource',
    ]
    const parsed = parseWith(Object.fromEntries(left.map(field => [field, undefined])))
    expect(parsed).toMatchObject({
      kind: 'request',
      request: {
        subResource: '',
        name: '',
        namespace: '',
        userInfo: { username: '', uid: '', groups: [] },
        dryRun: false,
        oldObject: null,
        requestKind: { group: '', version: 'v1', kind: 'Pod' },
        requestResource: { group: '', version: 'v1', resource: 'pods' },
      },
    })
  })

  it('leaves alone what it does not know', () => {
    expect(parseWith({ somethingNew: 1, requestSubResource: 'x' }).kind).toBe('request')
  })

  it('keeps what the client asked for apart from what was converted', () => {
    const requestKind = { group: 'extensions', version: 'v1beta1', kind: 'Pod' }
    expect(parseWith({ requestKind })).toMatchObject({ request: { requestKind, kind: { group: '' } } })
  })

  it('has an object of null for a deletion alone', () => {
    expect(parseWith({ operation: 'DELETE', object: null, oldObject: plainPod() }).kind).toBe('request')
  })

  it('passes over groups that are no text', () => {
    expect(parseWith({ userInfo: { username: 'a', groups: ['b', 1, null] } })).toMatchObject({
      request: { userInfo: { groups: ['b'] } },
    })
  })

  it.each<[what: string, request: object, reason: string]>([
    [
      'no operation',
      { operation: undefined },
      'request.operation must be one of CREATE, UPDATE, DELETE, CONNECT, not ""',
    ],
    [
      'a new operation',
      { operation: 'PATCH' },
      'request.operation must be one of CREATE, UPDATE, DELETE, CONNECT, not "PATCH"',
    ],
    ['no kind', { kind: undefined }, 'request.kind must name group, version and kind'],
    ['half a kind', { kind: { group: '', kind: 'Pod' } }, 'request.kind must name group, version and kind'],
    [
      'an empty kind',
      { kind: { group: '', version: 'v1', kind: '' } },
      'request.kind must name group, version and kind',
    ],
    ['no resource', { resource: undefined }, 'request.resource must name group, version and resource'],
    ['no object', { object: null }, 'request.object is missing from a CREATE'],
    ['a CONNECT without options', { operation: 'CONNECT', object: null }, 'request.object is missing from a CONNECT'],
    ['an object that is text', { object: 'pod' }, 'request.object and request.oldObject must be objects or null'],
    ['an object that is a list', { object: [] }, 'request.object and request.oldObject must be objects or null'],
    [
      'an old object that is text',
      { oldObject: 'pod' },
      'request.object and request.oldObject must be objects or null',
    ],
  ])('refuses %s, and can say so', (_what, request, reason) => {
    expect(parseWith({ ...request })).toEqual({
      kind: 'refused',
      identity: { uid: UID, apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
      reason,
    })
  })

  it.each([
    [{ apiVersion: 'admission.k8s.io/v1beta1' }, '"AdmissionReview" of "admission.k8s.io/v1beta1"'],
    [{ kind: 'ConversionReview' }, '"ConversionReview" of "admission.k8s.io/v1"'],
  ])('refuses another review, in its own words: %j', (review, got) => {
    expect(parseWith({}, review)).toEqual({
      kind: 'refused',
      identity: { uid: UID, apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', ...review },
      reason: `this gateway answers AdmissionReview of admission.k8s.io/v1, not ${got}: set admissionReviewVersions: [v1] in the webhook configuration`,
    })
  })

  it.each<Json>([
    null,
    [],
    'review',
    {},
    { request: null },
    { request: {} },
    { request: { uid: '' } },
    { request: { uid: 5 } },
    { request: [{ uid: 'a' }] },
    JSON.parse('{"__proto__": {"request": {"uid": "a"}}}'),
  ])('has nothing to answer to in %j', review => {
    expect(parseReview(review)).toEqual({
      kind: 'unanswerable',
      reason: 'the body is no AdmissionReview: it has no request.uid',
    })
  })

  it('never throws', () => {
    const key = fc.constantFrom('request', 'uid', 'kind', 'apiVersion', 'object', 'operation', 'userInfo', 'groups')
    const { value } = fc.letrec<{ value: Json }>(tie => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(null, 1, true, 'a', 'AdmissionReview', 'admission.k8s.io/v1', 'CREATE'),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(key, tie('value'), { maxKeys: 5 }),
      ),
    }))
    fc.assert(
      fc.property(value, review => void parseReview(review)),
      { numRuns: 2000 },
    )
  })
})

describe('what a real API server sent', () => {
  const names = readdirSync(REVIEWS).filter(name => name.endsWith('.json'))

  it.each(names)('%s is a request, or of a version that is not answered', name => {
    const review: Json = JSON.parse(readFileSync(`${REVIEWS}/${name}`, 'utf8'))
    const raw = review as unknown as { apiVersion: string; request: AdmissionRequest }
    const parsed = parseReview(review)
    if (raw.apiVersion !== 'admission.k8s.io/v1') {
      expect(parsed.kind).toBe('refused')
      return
    }
    const { uid, operation, kind, resource, object, oldObject } = raw.request
    expect(parsed).toMatchObject({ kind: 'request', request: { uid, operation, kind, resource, object, oldObject } })
  })
})

describe('describeObject', () => {
  const pod = (metadata: object) => requestFor({ apiVersion: 'v1', kind: 'Pod', metadata })

  it.each<[request: AdmissionRequest, text: string]>([
    [pod({ name: 'checkout' }), 'Pod "shop/checkout"'],
    [pod({ generateName: 'task-' }), 'Pod "shop/task-…"'],
    [pod({}), 'Pod "shop/(without a name)"'],
    [{ ...pod({ name: 'a' }), object: null, name: '' }, 'Pod "shop/(without a name)"'],
    [{ ...pod({ name: 'a' }), name: '', object: null, oldObject: { metadata: { name: 'b' } } }, 'Pod "shop/b"'],
    [requestFor({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'worker-1' } }), 'Node "worker-1"'],
    [requestFor({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }), 'Namespace "shop"'],
    [pod({ name: 'a\u001b[2J"\n' }), 'Pod "shop/a\\u001b[2J\\"\\u000a"'],
  ])('%#: %s', (request, text) => {
    expect(describeObject(request)).toBe(text)
  })
})
