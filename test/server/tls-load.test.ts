import { appendFileSync, mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { describeCertificateProblem } from '../../src/certs/pem.ts'
import { readSnapshot } from '../../src/certs/snapshot.ts'
import { daysToExpiry, loadTlsMaterial } from '../../src/server/tls.ts'
import { authority, DAY_MS, serverPair, temporaryFolder, writeFiles } from '../support/certificates.ts'
import { filesOf, materialOf } from './tls-server.ts'

const ca = authority()
const pair = serverPair(ca)
const clientCa = authority('client-ca')

/** What loading says, with the folder left out. */
async function problemsOf(files: ReturnType<typeof filesOf>): Promise<readonly string[]> {
  const loaded = await loadTlsMaterial(files)
  return loaded.ok
    ? []
    : loaded.problems.map(problem => describeCertificateProblem(problem).replaceAll(files.folder, ''))
}

test('loads the pair with its chain and the client CA', async () => {
  const material = await materialOf(
    filesOf({ ...pair, certificatePem: pair.certificatePem + ca.certificatePem }, clientCa.certificatePem),
  )
  expect(material.certificates.map(({ subject }) => subject)).toEqual(['CN=portcullis', 'CN=test-ca'])
  expect(material.trust.map(({ subject }) => subject)).toEqual(['CN=client-ca'])
  expect((await materialOf(filesOf(pair))).trust).toEqual([])
})

test('a log of the material does not show the key', async () => {
  const { privateKey } = await materialOf(filesOf(pair))
  expect(JSON.stringify({ privateKey })).toBe('{"privateKey":{}}')
})

test('the faults of all files are told at once', async () => {
  const files = filesOf({ certificatePem: pair.privateKeyPem, privateKeyPem: pair.certificatePem }, 'nothing')
  expect(await problemsOf(files)).toEqual([
    '/tls.crt: holds no certificate; it must hold a CERTIFICATE block, but holds only: PRIVATE KEY',
    '/tls.key: holds no private key; it must hold a PRIVATE KEY block, but holds only: CERTIFICATE',
    '/ca.crt: holds no certificate; it must hold a CERTIFICATE block',
  ])
})

test('a missing file and a folder are named', async () => {
  const files = filesOf(pair)
  expect(await problemsOf({ ...files, certFile: `${files.folder}/none` })).toEqual([
    '/none: cannot be read (ENOENT); check that the path is right and that this process may read it',
  ])
  expect(await problemsOf({ ...files, keyFile: files.folder })).toEqual([
    ': is not a regular file; give the path of a PEM file',
  ])
  expect(await problemsOf({ ...files, certFile: '/dev/zero' })).toEqual([
    '/dev/zero: is not a regular file; give the path of a PEM file',
  ])
})

test('P39 a file of more than 1 MiB is refused unread, one of 1 MiB is read', async () => {
  const files = filesOf(pair, clientCa.certificatePem)
  const room = 1024 * 1024 - Buffer.byteLength(clientCa.certificatePem)
  writeFileSync(`${files.folder}/ca.crt`, clientCa.certificatePem + '#'.repeat(room))
  expect(await problemsOf(files)).toEqual([])
  appendFileSync(`${files.folder}/ca.crt`, '#')
  const tooLarge = '/ca.crt: is larger than 1048576 bytes; use a file that holds only the certificates needed'
  expect(await problemsOf(files)).toEqual([tooLarge])
  truncateSync(`${files.folder}/ca.crt`, 64 * 1024 ** 3)
  expect(await problemsOf(files)).toEqual([tooLarge])
})

test('P34 a mounted Secret is swapped by its link: never one half of each', async () => {
  const folder = temporaryFolder()
  const sets = [serverPair(ca), serverPair(ca)]
  sets.forEach(({ certificatePem, privateKeyPem }, i) => {
    mkdirSync(`${folder}/..${i}`)
    writeFiles(`${folder}/..${i}`, { 'tls.crt': certificatePem, 'tls.key': privateKeyPem })
  })
  const swapTo = (i: number) => {
    symlinkSync(`..${i}`, `${folder}/..data_tmp`)
    renameSync(`${folder}/..data_tmp`, `${folder}/..data`)
  }
  swapTo(0)
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(`..data/${name}`, `${folder}/${name}`)
  const files = { certFile: `${folder}/tls.crt`, keyFile: `${folder}/tls.key` }
  let [reads, swaps, readsAtSwap] = [0, 0, -1]
  const timer = setInterval(() => {
    // In the middle of a reading, but not of each attempt at it: files that never rest are another story.
    if (reads === readsAtSwap) return
    readsAtSwap = reads
    swapTo(++swaps % 2)
  }, 15)
  onTestFinished(() => clearInterval(timer))
  const seen = new Set<string>()
  for (; reads < 200 || swaps <= 3; reads++) seen.add(String((await materialOf(files)).certificates[0]))
  clearInterval(timer)
  expect(swaps).toBeGreaterThan(3)
  expect([...seen].sort()).toEqual(sets.map(({ certificatePem }) => certificatePem).sort())
})

test('P34 files that never rest are given up on', async () => {
  const { folder, certFile, keyFile } = filesOf(pair)
  const timer = setInterval(() => writeFileSync(`${folder}/tls.key`, `${pair.privateKeyPem}${Math.random()}`), 0)
  let ended = 0
  for (let i = 0; i < 5; i++) {
    // Either is right; what must not happen is a mixture or no end.
    const read = await readSnapshot([certFile, keyFile])
    if (read.ok || read.problems[0].message === 'changed each time they were read') ended++
  }
  clearInterval(timer)
  expect(ended).toBe(5)
})

test('P36 days to expiry: the first of the chain, the next of the client CA', async () => {
  const now = new Date(Math.floor(Date.now() / 1000) * 1000)
  const at = (days: number) => new Date(now.getTime() + days * DAY_MS)
  const shortCa = authority('short-ca', { notAfter: at(5) })
  const serving = serverPair(shortCa, { notAfter: at(20) })
  const bundle = [
    authority('left-over', { notAfter: at(-1), notBefore: at(-9) }),
    authority('old', { notAfter: at(3) }),
    authority('new', { notAfter: at(400) }),
  ]
  const chain = { ...serving, certificatePem: serving.certificatePem + shortCa.certificatePem }
  const material = await materialOf(filesOf(chain, bundle.map(({ certificatePem }) => certificatePem).join('')))
  expect(daysToExpiry(material, now)).toEqual({ serving: 5, clientCa: 3 })
  expect(daysToExpiry(material, at(6))).toEqual({ serving: -1, clientCa: 394 })
  expect(daysToExpiry(material, at(401))).toEqual({ serving: -396, clientCa: -1 })
  expect(daysToExpiry(await materialOf(filesOf(serving)), now)).toEqual({ serving: 20, clientCa: undefined })
})
