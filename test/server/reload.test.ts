import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureDevelopmentCertificates } from '../../src/certs/development.ts'
import { temporaryFolder } from '../support/certificates.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { hostPathPod, type PolicyFields, plainPod, policyFolder, policyText, reviewOf } from '../support/reviews.ts'
import { spawnServe } from '../support/serve-process.ts'
import { sample } from '../support/wire.ts'

// Two policies, each of which protects a path of its own.
const A: PolicyFields = { name: 'a', params: { protected: ['/data/a'] } }
const B: PolicyFields = { name: 'b', params: { protected: ['/data/b'] } }

describe('S6 documents change while the gateway runs', () => {
  let folder: string
  let gateway: TestGateway
  let lines: string[]
  beforeEach(async () => {
    folder = policyFolder(A, B)
    lines = []
    const logger = pino({ level: 'info' }, { write: line => void lines.push(line) })
    gateway = await startTestGateway({ policies: folder, logger, pollMs: 30 })
  })
  afterEach(() => gateway.stop())

  const write = (file: string, text: string) => writeFileSync(join(folder, file), text)
  const denied = async (path: string) => !(await gateway.ask('/validate', reviewOf(hostPathPod(path)))).response.allowed
  const verdicts = async () => [await denied('/data/a/x'), await denied('/data/b/x'), await denied('/data/c/x')]
  const loads = async () => sample(await gateway.metrics(), 'portcullis_document_loads_total')
  /** Waits until the gateway has taken in one more state of the folder. */
  const change = async (act: () => void) => {
    const before = await loads()
    act()
    await expect.poll(loads).toBeGreaterThan(before)
  }
  const gauge = async (name: string) => sample(await gateway.metrics(), `portcullis_${name}`)

  test('S6 every answer and a metric name the hash of the set, and a change shows in all of them', async () => {
    const hash = gateway.gateway.policySetHash()
    expect(hash).toMatch(/^[0-9a-f]{12}$/)
    const check = async (present: string) => {
      for (const path of ['validate', 'observe', 'mutate'])
        for (const review of [
          reviewOf(plainPod()),
          reviewOf(hostPathPod()),
          reviewOf(null),
          reviewOf(plainPod(), { apiVersion: 'v0' }),
        ]) {
          const { response } = await gateway.ask(`/${path}`, review)
          expect(response.auditAnnotations?.['policy-set']).toBe(present)
        }
      const metrics = await gateway.metrics()
      expect(metrics.match(/^portcullis_policy_set_info.*$/gm)).toEqual([
        `portcullis_policy_set_info{hash="${present}"} 1`,
      ])
    }
    await check(hash)
    await change(() => write('b.yaml', policyText({ ...B, params: { protected: ['/data/c'] } })))
    expect(gateway.gateway.policySetHash()).not.toBe(hash)
    await check(gateway.gateway.policySetHash())
    expect(await verdicts()).toEqual([true, false, true])
    await change(() => write('b.yaml', policyText(B)))
    expect(gateway.gateway.policySetHash()).toBe(hash)
    // Another file, another order of keys: the same documents, the same set.
    await change(() => renameSync(join(folder, 'b.yaml'), join(folder, 'z.yaml')))
    expect(gateway.gateway.policySetHash()).toBe(hash)
    expect(await verdicts()).toEqual([true, true, false])
  })

  const broken: readonly (readonly [string, string])[] = [
    ['a document that is wrong', policyText({ ...B, actions: ['Explode'] })],
    ['a document of an unknown check', policyText({ ...B, check: 'nothing' })],
    ['half a document', policyText(B).slice(0, 120)],
    ['no YAML', 'a: [b'],
    ['a slip in the kind', policyText(B).replace('"Policy"', '"Polcy"')],
    ['a slip in the name', policyText({ ...B, name: 'B' })],
  ]
  for (const [name, text] of broken) {
    test(`S6 ${name}: it keeps its last good revision while the others go live`, async () => {
      await change(() => {
        write('b.yaml', text)
        write('a.yaml', policyText({ ...A, params: { protected: ['/data/c'] } }))
      })
      expect(await verdicts()).toEqual([false, true, true])
      expect(await gauge('stale_documents')).toBe(1)
      expect(await gauge('document_problems')).toBeGreaterThan(0)
      expect(lines.join('')).toContain('"stale":["Policy/b"]')
      expect(lines.join('')).toContain('document not loaded')
      // Mended, it goes live, and nothing is left over.
      await change(() => write('b.yaml', policyText({ ...B, params: { protected: ['/data/a'] } })))
      expect(await verdicts()).toEqual([true, false, true])
      expect([await gauge('stale_documents'), await gauge('document_problems')]).toEqual([0, 0])
    })
  }

  test('S6 an empty file is a document that was taken away', async () => {
    await change(() => write('b.yaml', ''))
    expect(await verdicts()).toEqual([true, false, false])
  })
  test('S6 a deleted document is gone', async () => {
    await change(() => rmSync(join(folder, 'b.yaml')))
    expect(await verdicts()).toEqual([true, false, false])
    expect(await gauge('policies')).toBe(1)
    expect(await gauge('stale_documents')).toBe(0)
  })
  test('S6 a folder that is emptied keeps the last set', async () => {
    await change(() => {
      rmSync(join(folder, 'a.yaml'))
      rmSync(join(folder, 'b.yaml'))
    })
    expect(await verdicts()).toEqual([true, true, false])
    expect(lines.join('')).toContain('no policy is left in the folder of --policies; the last good ones stay in force')
    // And they are followed again once there are some.
    await change(() => write('b.yaml', policyText(B)))
    expect(await verdicts()).toEqual([false, true, false])
  })
  test('S6 a folder in which every policy waits for its rollout is not an empty one', async () => {
    const staged = (fields: PolicyFields) => policyText(fields).replace('"spec":{', '"spec":{"staged":true,')
    await change(() => write('b.yaml', staged(B)))
    await change(() => write('a.yaml', staged(A)))
    expect(await verdicts()).toEqual([false, false, false])
    expect(lines.join('')).not.toContain('no policy is left')
  })
  test('S6 a folder that is gone keeps the last set', async () => {
    await change(() => rmSync(folder, { recursive: true }))
    expect(await verdicts()).toEqual([true, true, false])
    expect(await gauge('policies')).toBe(2)
  })
  test('S6 a renamed policy is another policy', async () => {
    await change(() => write('b.yaml', policyText({ ...B, name: 'c' })))
    const { response } = await gateway.ask('/validate', reviewOf(hostPathPod('/data/b')))
    expect(response.status?.message).toContain('is refused by policy c:')
    expect(await gauge('policies')).toBe(2)
  })
  test('S6 a file that is being written counts only once it stands still', async () => {
    const text = policyText({ ...B, params: { protected: ['/data/c'] } })
    for (let end = 10; end < text.length; end += 10) {
      write('b.yaml', text.slice(0, end))
      await sleep(10)
    }
    await change(() => write('b.yaml', text))
    expect(await verdicts()).toEqual([true, false, true])
    expect(lines.join('')).not.toContain('document not loaded')
  })
  test('S6 a document that never was good is named, and the others go live', async () => {
    await change(() => write('new.yaml', policyText({ name: 'new', check: 'nothing' })))
    expect(await verdicts()).toEqual([true, true, false])
    expect(lines.join('')).toMatch(/new\.yaml:\d+:\d+/)
    expect(await gauge('stale_documents')).toBe(0)
  })
})

describe('B9 YAML that is made to hurt', () => {
  const aliases = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(i === 0 ? 0 : 9)}x]`)
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['aliases of aliases of aliases', aliases.join('\n'), /alias/],
    ['a hundred thousand levels', '['.repeat(100_000), /level|deep/],
    ['levels by indentation', Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), /level|deep/],
    ['a key twice', `${policyText(A).slice(0, -1)},"kind":"Policy"}`, /kind.* is set twice/],
    [
      'a file of 60 MiB',
      `# ${'x'.repeat(60 * 1024 * 1024)}`,
      /the text has 62914562 characters; the limit is 41943040/,
    ],
  ]
  for (const [name, text, message] of cases) {
    test(`B9 ${name}: refused at once, and what was there stays`, async () => {
      const folder = policyFolder(A)
      const lines: string[] = []
      const logger = pino({ level: 'error' }, { write: line => void lines.push(line) })
      const gateway = await startTestGateway({ policies: folder, logger, pollMs: 30 })
      writeFileSync(join(folder, 'bad.yaml'), text)
      await expect.poll(() => lines.join('')).toContain('document not loaded')
      expect(lines.join('')).toMatch(message)
      const { response } = await gateway.ask('/validate', reviewOf(hostPathPod('/data/a')))
      expect(response).toMatchObject({ allowed: false, status: { code: 403 } })
      await gateway.stop()
    })
  }
})

describe('S6 at start', () => {
  test('S6 a document that was never good keeps a gateway from starting, and is named', async () => {
    const policies = policyFolder(A, { name: 'bad', check: 'nothing' })
    await expect(startTestGateway({ policies })).rejects.toThrow(/bad\.yaml:\d+:\d+: .*nothing/)
  })
  test('S6 a folder without policies does too', async () => {
    await expect(startTestGateway({ policies: policyFolder() })).rejects.toThrow(
      'there is no policy in the folder of --policies',
    )
  })
  test('S6 serve names it and exits with 2', async () => {
    const made = await ensureDevelopmentCertificates(temporaryFolder(), new Date())
    if (!made.ok) throw new Error('no certificates')
    const { certFile, keyFile, caFile } = made.value.files
    const policies = policyFolder(A, { name: 'bad', actions: ['Explode'] })
    const files = ['--tls-cert', certFile, '--tls-key', keyFile, '--client-ca', caFile]
    const serve = spawnServe([...files, '--policies', policies])
    expect(await serve.exitCode).toBe(2)
    expect(serve.stderr()).toMatch(/bad\.yaml:\d+:\d+/)
    await expect(serve.ports).rejects.toThrow('ended before it served')
  })
})
