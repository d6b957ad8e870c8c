import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Answer, boundWarnings, type Denial, encodeAnswer } from '../../src/admission/answer.ts'

const IDENTITY = { uid: '705ab4f5', apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }
const QUIET = { warnings: [], auditAnnotations: {} }

function responseTo(answer: Answer): Record<string, unknown> {
  const review = JSON.parse(encodeAnswer(IDENTITY, answer))
  expect(review).toMatchObject({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' })
  return review.response
}

describe('encodeAnswer', () => {
  it('says yes in as few words as there are', () => {
    expect(encodeAnswer(IDENTITY, { kind: 'allowed', ...QUIET })).toBe(
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"705ab4f5","allowed":true}}',
    )
  })

  it.each<[code: Denial['code'], reason: string]>([
    [400, 'BadRequest'],
    [403, 'Forbidden'],
    [413, 'RequestEntityTooLarge'],
    [500, 'InternalError'],
    [504, 'Timeout'],
  ])('says no with %d %s', (code, reason) => {
    expect(responseTo({ kind: 'denied', code, message: 'no', ...QUIET })).toEqual({
      uid: '705ab4f5',
      allowed: false,
      status: { metadata: {}, status: 'Failure', message: 'no', reason, code },
    })
  })

  it('tells a client that is one too many when to come again', () => {
    expect(responseTo({ kind: 'denied', code: 429, message: 'busy', ...QUIET })['status']).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'busy',
      reason: 'TooManyRequests',
      details: { retryAfterSeconds: 1 },
      code: 429,
    })
  })

  it('keeps the lines of a message, and nothing else that a terminal acts on', () => {
    const denied = responseTo({ kind: 'denied', code: 403, message: 'one\ntwo\u001b[2J\r', ...QUIET })
    expect(denied['status']).toMatchObject({ message: 'one\ntwo\\u001b[2J\\u000d' })
  })

  it('carries a patch as base64 of UTF-8', () => {
    const patch = [{ op: 'add', path: '/metadata/labels/größe', value: '😀'.repeat(5000) }] as const
    const response = responseTo({ kind: 'patched', patch, ...QUIET })
    expect(response).toMatchObject({ allowed: true, patchType: 'JSONPatch' })
    expect(JSON.parse(Buffer.from(String(response['patch']), 'base64').toString())).toEqual(patch)
  })

  it('leaves out annotations that say nothing, and bounds the others', () => {
    const annotate = (auditAnnotations: Record<string, string>) =>
      responseTo({ kind: 'allowed', warnings: [], auditAnnotations })['auditAnnotations']
    expect(annotate({})).toBeUndefined()
    expect(annotate({ a: '' })).toBeUndefined()
    expect(annotate({ a: 'b\u0000', c: '' })).toEqual({ a: 'b\\u0000' })
    expect(annotate({ a: 'x'.repeat(5000) })).toEqual({ a: `${'x'.repeat(4095)}…` })
  })

  it('is the same text for the same answer', () => {
    const answer: Answer = {
      kind: 'denied',
      code: 403,
      message: 'no',
      warnings: ['b', 'a'],
      auditAnnotations: { z: '1', a: '2' },
    }
    expect(encodeAnswer(IDENTITY, answer)).toBe(encodeAnswer(IDENTITY, structuredClone(answer)))
  })

  it('answers to the uid that asked, whatever is in it', () => {
    const review = JSON.parse(encodeAnswer({ ...IDENTITY, uid: 'a"\u2028\n' }, { kind: 'allowed', ...QUIET }))
    expect(review.response.uid).toBe('a"\u2028\n')
  })
})

describe('boundWarnings', () => {
  it.each<[warnings: readonly string[], expected: readonly string[]]>([
    [[], []],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [
      ['a', 'b', 'a'],
      ['a', 'b'],
    ],
    [['Warning: a', 'warning:a'], ['a']],
    [['a\nb\u001b'], ['a\\u000ab\\u001b']],
    [['x'.repeat(300)], [`${'x'.repeat(255)}…`]],
  ])('%j', (warnings, expected) => {
    expect(boundWarnings(warnings)).toEqual(expected)
  })

  it('shows what kube-apiserver shows, and counts the rest', () => {
    const many = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(250)}`)
    const shown = boundWarnings(many)
    expect(shown.slice(0, -1)).toEqual(many.slice(0, shown.length - 1))
    expect(shown.at(-1)).toBe(`and ${100 - (shown.length - 1)} more warnings`)
  })

  it('does not say "1 more warnings"', () => {
    const filling = Array.from({ length: 16 }, (_, index) => `${index} `.padEnd(250, 'x'))
    expect(boundWarnings([...filling, 'y'.repeat(200)]).at(-1)).toBe('and 1 more warning')
  })

  it('keeps within 256 characters each and 4,096 in all, and loses none uncounted', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { maxLength: 60 }), warnings => {
        const shown = boundWarnings(warnings)
        expect(shown.filter(warning => warning.length > 256)).toEqual([])
        expect(shown.join('').length).toBeLessThanOrEqual(4096)
        if (warnings.length > 0) expect(shown.length).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
  })
})
