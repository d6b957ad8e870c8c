import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureDevelopmentCertificates } from '../../src/certs/development.ts'
import { createAuthority, issueCertificate } from '../../src/certs/issue.ts'
import { describeCertificateProblem } from '../../src/certs/pem.ts'
import { tlsOptions } from '../../src/server/tls.ts'
import { call, materialOf, startServer } from '../server/tls-server.ts'
import { DAY_MS, temporaryFolder } from '../support/certificates.ts'

const NOW = new Date()
const NAMES = ['ca.crt', 'ca.key', 'client.crt', 'client.key', 'tls.crt', 'tls.key']
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
const contents = (folder: string) => NAMES.map(name => readFileSync(join(folder, name), 'utf8'))

async function ensure(folder: string, now = NOW) {
  const result = await ensureDevelopmentCertificates(folder, now)
  if (!result.ok) throw new Error(result.problems.map(describeCertificateProblem).join())
  return result.value
}

test('makes a set that a server and a client can use at once', async () => {
  const folder = join(temporaryFolder(), 'certs/dev')
  const { files, made } = await ensure(folder)
  expect(made).toBe(true)
  const material = await materialOf({ ...files, clientCaFile: files.caFile })
  const { port } = await startServer(tlsOptions(material, 'require'))
  const read = (path: string) => readFileSync(path, 'utf8')
  const pair = { certificatePem: read(files.clientCertFile), privateKeyPem: read(files.clientKeyFile) }
  const [certificate] = material.trust
  if (certificate === undefined) throw new Error('no CA')
  const ca = { certificate, certificatePem: read(files.caFile), privateKeyPem: '', privateKey: material.privateKey }
  expect(await call(port, { ca, pair })).toMatchObject({ status: 200 })
  expect(material.certificates[0].subjectAltName).toBe(
    'DNS:localhost, DNS:portcullis.portcullis-system.svc, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  )
})

test('leaves nothing behind, and the keys to their owner alone', async () => {
  const folder = join(temporaryFolder(), 'dev')
  await ensure(folder)
  expect(readdirSync(folder).sort()).toEqual(['.gitignore', ...NAMES])
  expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n')
  expect(mode(folder)).toBe('700')
  expect(NAMES.map(name => mode(join(folder, name)))).toEqual(['644', '600', '644', '600', '644', '600'])
})

test('a good set is used again, with its keys closed again', async () => {
  const folder = temporaryFolder()
  await ensure(folder)
  const before = contents(folder)
  chmodSync(join(folder, 'tls.key'), 0o644)
  expect((await ensure(folder, new Date(NOW.getTime() + 88 * DAY_MS))).made).toBe(false)
  expect(contents(folder)).toEqual(before)
  expect(mode(join(folder, 'tls.key'))).toBe('600')
})

test('a set with less than a day left is made anew, all of it', async () => {
  const folder = temporaryFolder()
  await ensure(folder)
  const before = contents(folder)
  expect((await ensure(folder, new Date(NOW.getTime() + 89.5 * DAY_MS))).made).toBe(true)
  contents(folder).forEach((content, i) => {
    expect(content).not.toBe(before[i])
  })
})

test.each(NAMES)('a set is made anew when %s is broken', async name => {
  const folder = temporaryFolder()
  await ensure(folder)
  truncateSync(join(folder, name), 40)
  expect((await ensure(folder)).made).toBe(true)
  expect((await ensure(folder)).made).toBe(false)
})

test.each(NAMES)('a set is made anew when %s is of another set', async name => {
  const [folder, other] = [temporaryFolder(), temporaryFolder()]
  await Promise.all([ensure(folder), ensure(other)])
  copyFileSync(join(other, name), join(folder, name))
  expect((await ensure(folder)).made).toBe(true)
  expect((await ensure(folder)).made).toBe(false)
})

const foreignCa = await createAuthority({ commonName: 'my-ca', days: 9 })
const foreignLeaf = await issueCertificate(foreignCa, {
  commonName: 'x',
  dnsNames: ['x'],
  ipAddresses: [],
  usage: 'server',
  days: 9,
})

test.each([
  { name: 'ca.crt', content: foreignCa.certificatePem, what: 'a CA (CN=my-ca)' },
  { name: 'tls.crt', content: foreignLeaf.certificatePem, what: 'a certificate (tls.crt, issued by CN=my-ca)' },
  { name: 'ca.key', content: foreignCa.privateKeyPem, what: 'a file (ca.key)' },
  { name: 'client.key', content: '', what: 'a file (client.key)' },
  { name: 'ca.crt', content: 'hello', what: 'a file (ca.crt)' },
])('replaces nothing that it did not make: $what', async ({ name, content, what }) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, name), content)
  expect(await ensureDevelopmentCertificates(folder, NOW)).toEqual({
    ok: false,
    problems: [
      {
        file: folder,
        message: `holds ${what} that this command did not make`,
        fix: 'choose another folder, or move it away',
      },
    ],
  })
  expect(readdirSync(folder)).toEqual([name])
  expect(readFileSync(join(folder, name), 'utf8')).toBe(content)
})

test.each([
  { name: 'ca.crt', what: 'a CA (CN=my-ca)' },
  { name: 'client.crt', what: 'a CA (CN=my-ca)' },
])('replaces nothing of a set that somebody went on with: $name', async ({ name, what }) => {
  const folder = temporaryFolder()
  await ensure(folder)
  writeFileSync(join(folder, name), foreignCa.certificatePem)
  const before = contents(folder)
  const result = await ensureDevelopmentCertificates(folder, NOW)
  expect(result.ok ? '' : result.problems[0].message).toBe(`holds ${what} that this command did not make`)
  expect(contents(folder)).toEqual(before)
})

test.each(NAMES)('a set of its own without %s is made anew', async name => {
  const folder = temporaryFolder()
  await ensure(folder)
  rmSync(join(folder, name))
  expect((await ensure(folder)).made).toBe(true)
})

test('two that start at once end with one set', async () => {
  const folder = temporaryFolder()
  await Promise.all(Array.from({ length: 3 }, () => ensure(folder)))
  expect((await ensure(folder)).made).toBe(false)
})

test('a folder that cannot be made is a problem, not an exception', async () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  const result = await ensureDevelopmentCertificates(join(file, 'dev'), NOW)
  expect(
    result.ok ? [] : result.problems.map(problem => describeCertificateProblem(problem).replace(file, '')),
  ).toEqual(['/dev: development certificates cannot be written (ENOTDIR); use a folder that can be written to'])
})
