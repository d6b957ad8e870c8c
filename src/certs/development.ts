import { chmod, lstat, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { usagesOf } from './inspect.ts'
import { CLOCK_SKEW_MS, createAuthority, issueCertificate } from './issue.ts'
import { commonNames, parseAltNames } from './names.ts'
import { validatePair } from './pair.ts'
import {
  type CertificateProblems,
  type PemResult,
  type PemSource,
  readCertificates,
  readPrivateKey,
  refuse,
} from './pem.ts'
import { errorCode, readSnapshot } from './snapshot.ts'
import { makeKeyFolder, replaceFile, writePair } from './store.ts'
import { isTrusted, readTrust } from './trust.ts'

/** The names under which a development gateway serves. */
export const DEVELOPMENT_NAMES = {
  dns: ['localhost', 'portcullis.portcullis-system.svc'],
  ip: ['127.0.0.1', '::1'],
  client: 'kube-apiserver',
} as const

/** The name of the CA: by it a set is known as one that may be made anew. */
const CA_NAME = 'portcullis-development-ca'
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
 * for another day at least; otherwise makes the whole set anew. Keys are readable by their owner alone. What was not made
 * here is never replaced.
 */
export async function ensureDevelopmentCertificates(
  dir: string,
  now: Date,
): Promise<PemResult<DevelopmentCertificates>> {
  const files = developmentFiles(dir)
  try {
    await makeKeyFolder(dir)
    if (await isUsable(files, now)) {
      await closeKeys(files)
      return { ok: true, value: { files, made: false } }
    }
    const foreign = await foreignFile(dir, files)
    if (foreign !== undefined) return { ok: false, problems: foreign }
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
  const authority = await createAuthority({ commonName: CA_NAME, ...common })
  const { dns: dnsNames, ip: ipAddresses, client } = DEVELOPMENT_NAMES
  const [serving, peer] = await Promise.all([
    issueCertificate(authority, { commonName: 'portcullis', dnsNames, ipAddresses, usage: 'server', ...common }),
    issueCertificate(authority, { commonName: client, dnsNames: [], ipAddresses: [], usage: 'client', ...common }),
  ])
  // First what names the set as our own: whoever looks at a set that is half written must know it.
  await replaceFile(files.caFile, authority.certificatePem, 0o644)
  await writePair(files.caFile, files.caKeyFile, authority)
  await writePair(files.certFile, files.keyFile, serving)
  await writePair(files.clientCertFile, files.clientKeyFile, peer)
}

/**
 * A file that a new set would replace and that was not made here. A certificate says itself who made it; a key, or what
 * cannot be read, goes with the certificates beside it.
 */
async function foreignFile(dir: string, files: DevelopmentFiles): Promise<CertificateProblems | undefined> {
  const refuseFor = (what: string) =>
    refuse(dir, `holds ${what} that this command did not make`, 'choose another folder, or move it away').problems
  const unknown: string[] = []
  let hasOwn = false
  for (const file of Object.values<string>({ ...files })) {
    if (!(await exists(file))) continue
    const read = await readSnapshot([file])
    const [source] = read.ok ? read.value : []
    const certificates = source && readCertificates(source)
    if (!certificates?.ok) {
      unknown.push(basename(file))
      continue
    }
    const [{ issuer, subject, ca }] = certificates.value
    if (issuer !== `CN=${CA_NAME}`)
      return refuseFor(ca ? `a CA (${subject})` : `a certificate (${basename(file)}, issued by ${issuer})`)
    hasOwn = true
  }
  const [first] = unknown
  return hasOwn || first === undefined ? undefined : refuseFor(`a file (${first})`)
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    error => errorCode(error) !== 'ENOENT',
  )
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
