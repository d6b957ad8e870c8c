import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeReview } from '../../src/cli/review/encode.ts'
import { decodeReview } from '../../src/review/decode.ts'

const REVIEWS = join(import.meta.dirname, '../data/admission-reviews')

/** JavaScript's numbers do not hold every int64, and nothing but v1 is ever written here. */
const LEFT_OUT = /int64|v1beta1|customresource/
const names = readdirSync(REVIEWS).filter(name => name.endsWith('.json') && !LEFT_OUT.test(name))

/** A recorded review without what no manifest tells: the user's `extra`, and all but kind and version of the options. */
function withoutUnknown(text: string): string {
  const options = /"options":(null|\{"kind":"(\w+)","apiVersion":"[\w./]+").*$/s
  return text
    .replace(/,"extra":\{"authentication[^}]*\}/, '')
    .replace(options, (_, head: string) => `"options":${head}${head === 'null' ? '' : '}'}}}\n`)
}

describe('encodeReview', () => {
  it('is compared with enough of what a real API server sent', () => {
    expect(names.length).toBeGreaterThan(90)
  })

  it.each(names)('writes %s byte for byte as kube-apiserver did', name => {
    const bytes = readFileSync(join(REVIEWS, name))
    const parsed = decodeReview(bytes)
    if (parsed.kind !== 'request') throw new Error(`${name} is no request`)
    const recorded = withoutUnknown(bytes.toString('utf8'))
    // A patch has its own options kind; which one was meant cannot be told from a manifest.
    expect(encodeReview(parsed.request)).toBe(recorded.replace('{"kind":"PatchOptions"', '{"kind":"UpdateOptions"'))
  })

  it('escapes what Go escapes, and nothing else', () => {
    const parsed = decodeReview(readFileSync(join(REVIEWS, 'pod-create-minimal.mutating.json')))
    if (parsed.kind !== 'request') throw new Error('no request')
    const text = encodeReview({ ...parsed.request, object: { a: '<>&\u2028\u2029é😀\u007f"\\' } })
    expect(text).toContain('"object":{"a":"\\u003c\\u003e\\u0026\\u2028\\u2029é😀\u007f\\"\\\\"}')
  })

  it('leaves out what is empty', () => {
    const parsed = decodeReview(readFileSync(join(REVIEWS, 'pod-create-minimal.mutating.json')))
    if (parsed.kind !== 'request') throw new Error('no request')
    const text = encodeReview({ ...parsed.request, name: '', userInfo: { username: '', uid: '', groups: [] } })
    expect(text).toContain('"namespace":"shop","operation":"CREATE","userInfo":{},"object":')
  })
})
