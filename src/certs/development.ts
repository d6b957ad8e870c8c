import { chmod, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { usagesOf } from './inspect.ts'
import { CLOCK_SKEW_MS, createAuthority, issueCertificate } from './issue.ts'
import { commonNames, parseAltNames } from './names.ts'
import { validatePair } from './pair.ts'
import { type PemResult, type PemSource, readCertificates, readPrivateKey, refuse } from './pem.ts'
import { errorCode, readSnapshot } from './snapshot.ts'
import { writePair } from './store.ts'
import { isTrusted, readTrust } from './trust.ts'

/** The names under which a development gateway serves. */
export const DEVELOPMENT_NAMES = {
  dns: ['localhost', 'portcullis.portcullis-system.svc'],
  ip: ['127.0.0.1', '::1'],
  client: 'kube-apiserver',
} as const

const DAYS = 90
const DAY_MS = 24 * 60 * 60 * 1000

/** Where the certificates and keys of a development gateway lie. */
export interface DevelopmentFiles {
  readonly caFile: string
  readonly caKeyFile: string
  readonly certFile: string
  readonly keyFile: string
  readonly clientCertFile: string
  readonly clientKeyFile: string
}

/** The files, and whether they were made just now. */
export interface DevelopmentCertificates {
  readonly files: DevelopmentFiles
  readonly made: boolean
}

/**
 * Sees to it that `dir` holds a CA, a serving certificate and a client certificate that belong together and are valid
 * for another day at least; otherwise makes the whole set anew. Keys are readable by their owner alone.
 */
export async function ensureDevelopmentCertificates(
  dir: string,
  now: Date,
): Promise<PemResult<DevelopmentCertificates>> {
  const files = developmentFiles(dir)
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    if (await isUsable(files, now)) {
      await closeKeys(files)
      return { ok: true, value: { files, made: false } }
    }
    // Two gateways started at once may write over each other's files: what is there at the end must be one set.
    for (let attempt = 1; attempt <= 5; attempt++) {
      await writeSet(files, now)
      await sleep(attempt === 1 ? 0 : Math.random() * 200)
      if (await isUsable(files, now)) return { ok: true, value: { files, made: true } }
    }
  } catch (error) {
    return refuse(
      dir,
      `development certificates cannot be written (${errorCode(error)})`,
      'use a folder that can be written to',
    )
  }
  return refuse(dir, 'something else keeps changing the development certificates', 'use a folder of its own')
}

function developmentFiles(dir: string): DevelopmentFiles {
  return {
    caFile: join(dir, 'ca.crt'),
    caKeyFile: join(dir, 'ca.key'),
    certFile: join(dir, 'tls.crt'),
    keyFile: join(dir, 'tls.key'),
    clientCertFile: join(dir, 'client.crt'),
    clientKeyFile: join(dir, 'client.key'),
  }
}

async function writeSet(files: DevelopmentFiles, now: Date): Promise<void> {
  const common = { days: DAYS, notBefore: new Date(now.getTime() - CLOCK_SKEW_MS) }
  const authority = await createAuthority({ commonName: 'portcullis-development-ca', ...common })
  const { dns: dnsNames, ip: ipAddresses, client } = DEVELOPMENT_NAMES
  const [serving, peer] = await Promise.all([
    issueCertificate(authority, { commonName: 'portcullis', dnsNames, ipAddresses, usage: 'server', ...common }),
    issueCertificate(authority, { commonName: client, dnsNames: [], ipAddresses: [], usage: 'client', ...common }),
  ])
  await writePair(files.caFile, files.caKeyFile, authority)
  await writePair(files.certFile, files.keyFile, serving)
  await writePair(files.clientCertFile, files.clientKeyFile, peer)
}

/** Takes from others what rights to the keys they may have been given since. */
async function closeKeys({ caKeyFile, keyFile, clientKeyFile }: DevelopmentFiles): Promise<void> {
  for (const path of [caKeyFile, keyFile, clientKeyFile]) {
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600)
  }
}

async function isUsable(files: DevelopmentFiles, now: Date): Promise<boolean> {
  const { caFile, caKeyFile, certFile, keyFile, clientCertFile, clientKeyFile } = files
  const snapshot = await readSnapshot([caFile, caKeyFile, certFile, keyFile, clientCertFile, clientKeyFile])
  if (!snapshot.ok) return false
  const tomorrow = new Date(now.getTime() + DAY_MS)
  return [now, tomorrow].every(at => isConsistent(snapshot.value, at))
}

function isConsistent(
  [ca, caKey, certificate, privateKey, clientCertificate, clientKey]: readonly PemSource[],
  at: Date,
): boolean {
  if (!ca || !caKey || !certificate || !privateKey || !clientCertificate || !clientKey) return false
  const trust = readTrust(ca, at)
  const serving = validatePair({ certificate, privateKey }, at)
  const client = readCertificates(clientCertificate)
  if (!trust.ok || !serving.ok || !client.ok) return false
  const [leaf] = serving.value.certificates
  const names = parseAltNames(leaf.subjectAltName).map(({ value }) => value)
  return (
    keyBelongs(ca, caKey) &&
    keyBelongs(clientCertificate, clientKey) &&
    [leaf, client.value[0]].every(issued => isTrusted(issued, trust.value, at)) &&
    [...DEVELOPMENT_NAMES.dns, ...DEVELOPMENT_NAMES.ip].every(name => names.includes(name)) &&
    commonNames(client.value[0]).join() === DEVELOPMENT_NAMES.client &&
    usagesOf(client.value[0]).includes('clientAuth')
  )
}

function keyBelongs(certificate: PemSource, privateKey: PemSource): boolean {
  const certificates = readCertificates(certificate)
  const key = readPrivateKey(privateKey)
  return certificates.ok && key.ok && certificates.value[0].checkPrivateKey(key.value)
}
