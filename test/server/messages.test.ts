import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { hostPathPod, plainPod, policyFolder, reviewOf, testCheck } from '../support/reviews.ts'

let gateway: TestGateway
beforeAll(async () => {
  // Says what the annotation `say` of the object tells it to, as often as `times` tells.
  const says = testCheck('says', ({ object }) => {
    const { annotations } = object['metadata'] as { annotations: { say: string; times?: string; numbered?: string } }
    const findings = Array.from({ length: Number(annotations.times ?? 1) }, (_, i) => ({
      pointer: '/metadata/annotations/say',
      message: annotations.numbered ? `${i} ${annotations.say}` : annotations.say,
      hint: `${annotations.say} not${annotations.numbered ? ` ${i}` : ''}`,
      level: 'violation' as const,
      key: String(i),
    }))
    return { findings }
  })
  gateway = await startTestGateway({
    checks: [...CHECKS, says],
    policies: policyFolder(
      { name: 'host-path' },
      { name: 'says', check: 'says' },
      { name: 'whispers', check: 'says', actions: ['Warn', 'Audit'] },
    ),
  })
})
afterAll(() => gateway.stop())

function saying(say: string, times = 1, isNumbered = true) {
  return plainPod({ annotations: { say, times: String(times), ...(isNumbered && { numbered: 'yes' }) } })
}

async function denial(object: unknown, fields = {}): Promise<string> {
  const { response } = await gateway.ask('/validate', reviewOf(object, fields))
  expect(response.allowed).toBe(false)
  return response.status?.message ?? ''
}

async function warnings(object: unknown): Promise<readonly string[]> {
  return (await gateway.ask('/observe', reviewOf(object))).response.warnings ?? []
}

describe('P09 one message holds all violations', () => {
  test('P09 of several policies, with the policy before each', async () => {
    const pod = hostPathPod('/', { annotations: { say: 'this is wrong too' } })
    const message = await denial(pod)
    expect(message).toMatch(/^Pod "shop\/checkout" is refused by policies host-path, says:\n- host-path: volume "host"/)
    expect(message).toContain('\n- says: this is wrong too (at /metadata/annotations/say)\n')
  })
  test('P09 twenty findings, then the number of the others', async () => {
    const message = await denial(saying('x', 50))
    expect(message.match(/^- /gm)).toHaveLength(20)
    expect(message).toContain('\nand 30 more\n')
  })
  test('P09 twenty findings and no other: nothing is counted', async () => {
    const message = await denial(saying('x', 20))
    expect(message.match(/^- /gm)).toHaveLength(20)
    expect(message).not.toContain('more')
  })
  for (const [name, text] of [
    ['ASCII', 'x'.repeat(1900)],
    ['three bytes for each character', '\u20ac'.repeat(1900)],
    ['emoji', '\u{1f600}'.repeat(1000)],
    ['control characters, six bytes each once they are written', '\u001b'.repeat(1900)],
  ] as const) {
    test(`P09 8 KiB in all, heading and hints too: ${name}`, async () => {
      const message = await denial(saying(text, 19), { name: 'n'.repeat(253), namespace: text.slice(0, 500) })
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(8192)
      const shown = message.match(/^- /gm)?.length ?? 0
      expect(shown).toBeGreaterThan(0)
      expect(message).toContain(`\nand ${19 - shown} more\n`)
      expect(message).toMatch(/\nInstead: /)
    })
  }
})

describe('P10 warnings are what kube-apiserver shows', () => {
  test('P10 no control characters', async () => {
    const [warning] = await warnings(saying('a\nb\tc\u001b[31md\u007fe\u0085f\u0000g', 1, false))
    expect(warning).toBe('whispers: a\\u000ab\\u0009c\\u001b[31md\\u007fe\\u0085f\\u0000g')
  })
  test('P10 at most 256 characters each', async () => {
    const shown = await warnings(saying('\u{1f600}'.repeat(300)))
    expect(shown[0]?.length).toBeLessThanOrEqual(256)
    expect(shown[0]).toMatch(/^whispers: 0 .*…$/)
    expect(shown[0]?.isWellFormed()).toBe(true)
  })
  test('P10 at most 4,096 characters in all; the others are counted', async () => {
    const shown = await warnings(saying('x'.repeat(300), 100))
    expect(shown.join('').length).toBeLessThanOrEqual(4096)
    expect(shown.at(-1)).toBe(`and ${100 - (shown.length - 1)} more warnings`)
  })
  test('P10 no duplicates', async () => {
    expect(await warnings(saying('again and again', 30, false))).toEqual(['whispers: again and again'])
  })
  test('P10 no prefix: kubectl writes "Warning:" itself', async () => {
    const { response } = await gateway.ask('/observe', reviewOf(plainPod({ annotations: {} }), { apiVersion: 'v9' }))
    for (const warning of [...(response.warnings ?? []), ...(await warnings(saying('x')))])
      expect(warning).not.toMatch(/^warning/i)
  })
})

test('P11 the keys of audit annotations are bare qualified names', async () => {
  const seen = new Set<string>()
  for (const path of ['validate', 'observe', 'mutate'])
    for (const object of [hostPathPod('/', { annotations: { say: 'x' } }), saying('x'), null, { kind: 'Pod' }]) {
      const { response } = await gateway.ask(`/${path}`, reviewOf(object))
      for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) {
        seen.add(key)
        expect(key).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/)
        expect(typeof value).toBe('string')
        expect(Buffer.byteLength(value)).toBeLessThanOrEqual(3 * 4096)
      }
    }
  expect([...seen].sort()).toEqual(['audited', 'denied', 'policy-set', 'unjudged', 'warned'])
})

test('P16a no answer carries a control character but newline, whatever a manifest holds', async () => {
  const nasty = `x\u001b]0;owned\u0007\u0000\u0008\r\u009b31m\u202e\u2028\u200bz`
  const volume = { name: nasty, hostPath: { path: `/etc/${nasty}` } }
  const object = {
    ...plainPod({ name: nasty, annotations: { say: nasty, numbered: 'yes' } }),
    spec: {
      containers: [{ name: nasty, image: nasty, volumeMounts: [{ name: nasty, mountPath: nasty }] }],
      volumes: [volume],
    },
  }
  const fields = [
    { name: nasty, namespace: nasty },
    { kind: nasty, resource: 'pods' },
    { operation: nasty },
    { apiVersion: nasty },
    { reviewKind: nasty },
  ]
  let messages = 0
  for (const path of ['validate', 'observe'])
    for (const field of fields) {
      const { response } = await gateway.ask(`/${path}`, reviewOf(object, field))
      const texts = [
        response.status?.message ?? '',
        ...(response.warnings ?? []),
        ...Object.values(response.auditAnnotations ?? {}),
      ]
      messages += texts.filter(text => text.includes('x\\u001b]0;owned')).length
      for (const text of texts) expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202e\u2028\u2029]/u)
    }
  expect(messages).toBeGreaterThan(5)
})

describe('P18 an object without a name is still identified', () => {
  test('P18 by what its generated name begins with', async () => {
    const message = await denial(
      hostPathPod('/', { name: undefined, generateName: 'checkout-', annotations: { say: 'x' } }),
      { name: '' },
    )
    expect(message).toMatch(/^Pod "shop\/checkout-…" is refused by /)
  })
  test('P18 or by its kind and namespace alone', async () => {
    const message = await denial(hostPathPod('/', { name: undefined, annotations: { say: 'x' } }), { name: '' })
    expect(message).toMatch(/^Pod "shop\/\(without a name\)" is refused by /)
  })
})
