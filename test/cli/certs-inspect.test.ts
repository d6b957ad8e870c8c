import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority, issueCertificate, type KeyPairPem } from '../../src/certs/issue.ts'
import { certs } from '../../src/cli/certs.ts'
import { testIo } from '../support/io.ts'

let directory = ''
let serving: KeyPairPem
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-inspect-'))
  const authority = await createAuthority({ commonName: 'ca', days: 1 })
  const common = { dnsNames: [], ipAddresses: [], days: 1 }
  serving = await issueCertificate(authority, { ...common, commonName: 'serving', dnsNames: ['x'], usage: 'server' })
  const client = await issueCertificate(authority, {
    ...common,
    commonName: 'client',
    usage: 'client',
    keyAlgorithm: 'rsa',
  })
  for (const [name, pair] of Object.entries({ tls: serving, client })) {
    await writeFile(join(directory, `${name}.crt`), pair.certificatePem)
    await writeFile(join(directory, `${name}.key`), pair.privateKeyPem)
  }
  await writeFile(join(directory, 'both.pem'), `${serving.privateKeyPem}${serving.certificatePem}`)
  await writeFile(join(directory, 'wrong.pem'), `${client.privateKeyPem}${serving.certificatePem}`)
  await writeFile(join(directory, 'swapped.crt'), serving.certificatePem)
  await writeFile(join(directory, 'swapped.key'), client.privateKeyPem)
  await writeFile(join(directory, 'cut.key'), serving.privateKeyPem.slice(0, 90))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function inspect(...names: readonly string[]) {
  const test = testIo()
  const files = names.map(name => (name.startsWith('-') || name === 'json' ? name : join(directory, name)))
  const code = await certs.run(['inspect', ...files], test.io)
  return { code, out: test.out().replaceAll(`${directory}/`, ''), err: test.err().replaceAll(`${directory}/`, '') }
}

describe('portcullis certs inspect', () => {
  it.each([
    { name: 'the certificate of its name', files: ['tls.crt', 'tls.key'], code: 0, says: 'belongs to   tls.crt' },
    { name: 'another of the certificates', files: ['client.crt', 'tls.crt', 'tls.key'], code: 0, says: 'to   tls.crt' },
    { name: 'none of the certificates', files: ['client.crt', 'tls.key'], code: 1, says: 'to   NOT TO client.crt' },
    { name: 'the certificate in its own file', files: ['both.pem'], code: 0, says: 'belongs to   both.pem' },
    { name: 'not the certificate in its own file', files: ['wrong.pem'], code: 1, says: 'NOT TO wrong.pem' },
    {
      name: 'not the certificate of its name, but another one',
      files: ['swapped.crt', 'swapped.key', 'client.crt'],
      code: 1,
      says: 'NOT TO swapped.crt',
    },
    {
      name: 'nothing that is given',
      files: ['tls.key'],
      code: 0,
      says: '(no certificate is given to compare it with)',
    },
  ])('tells that a key belongs to $name', async ({ files, code, says }) => {
    const shown = await inspect(...files)
    expect(shown).toMatchObject({ code, err: '' })
    expect(shown.out).toContain(says)
  })

  it('says the same in JSON', async () => {
    const { code, out } = await inspect('swapped.crt', 'swapped.key', '-o', 'json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject([
      { file: 'swapped.crt', commonNames: ['serving'], keyType: 'EC prime256v1', isOutOfTime: false },
      { file: 'swapped.key', privateKey: 'RSA 2048', belongsTo: [], comparedWith: ['swapped.crt'], isMismatch: true },
    ])
  })

  it('never prints a key', async () => {
    const secret = serving.privateKeyPem.split('\n')[1] ?? ''
    for (const shown of [
      await inspect('both.pem', 'tls.key'),
      await inspect('tls.key', '-o', 'json'),
      await inspect('cut.key'),
    ]) {
      expect(secret.length).toBeGreaterThan(60)
      expect(shown.out + shown.err).not.toContain(secret.slice(0, 16))
    }
  })

  it('refuses a file that is cut short', async () => {
    expect(await inspect('cut.key')).toEqual({
      code: 2,
      out: '',
      err: 'portcullis certs: cut.key: block 1 (PRIVATE KEY) has no end; the file is cut short or mangled: write it again\n',
    })
  })
})
