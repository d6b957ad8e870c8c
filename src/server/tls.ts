import { constants, createHash, type KeyObject, type X509Certificate } from 'node:crypto'
import { createSecureContext, type Server, type TlsOptions } from 'node:tls'
import { validatePair } from '../certs/pair.ts'
import { type CertificateProblems, type PemResult, type PemSource, refuse } from '../certs/pem.ts'
import { errorCode, readSnapshot } from '../certs/snapshot.ts'
import { isInTime, readTrust } from '../certs/trust.ts'
import type { ConnectionRegistry } from './connections.ts'

/**
 * How clients prove themselves: a certificate is demanded, looked at if there is one, or not asked for; `when-ready` looks until the
 * controller has seen that every API server shows one, and demands it from then on.
 */
export type ClientAuth = 'require' | 'when-ready' | 'observe' | 'none'

/** Paths of PEM files. Without a client CA no client certificate verifies. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile?: string
}

/** What the files held at one moment, checked. The key is a KeyObject, which no log prints. */
export interface TlsMaterial {
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]]
  readonly privateKey: KeyObject
  /** The client CA's certificates; empty without one. */
  readonly trust: readonly X509Certificate[]
  /** SHA-256 of the files' texts: equal for equal files. */
  readonly digest: string
}

/** The material, or what is wrong with which file and what to do about it. */
export type TlsLoad =
  | { readonly ok: true; readonly material: TlsMaterial }
  | { readonly ok: false; readonly problems: CertificateProblems }

/** The longest that a handshake may take; Node's own limit is 120 s. */
const HANDSHAKE_TIMEOUT_MS = 10_000

/** Forward secrecy and authenticated encryption only; every Go client since 2016 has them. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** Reads the files as one snapshot and checks that a server can be run with them. */
export async function loadTlsMaterial(files: TlsFiles, now = new Date()): Promise<TlsLoad> {
  const snapshot = await readSnapshot(pathsOf(files))
  return snapshot.ok ? checkSnapshot(snapshot.value, now) : snapshot
}

/**
 * All options of the TLS side of a server, for its creation and for each `setSecureContext`: an option left out there
 * falls back to Node's default.
 *
 * - There are no sessions to resume: a resumed one carries its old verdict on the client's certificate past a change of
 *   the CA. The API server resumes none.
 * - There is no renegotiation, so a connection's certificate is the one of its handshake.
 * - `ca` is an empty list without a client CA; were it undefined, Node would accept every public CA.
 */
export function tlsOptions(material: TlsMaterial, clientAuth: ClientAuth): TlsOptions {
  return {
    cert: material.certificates.map(certificate => certificate.toString()).join(''),
    key: material.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ca: material.trust.map(certificate => certificate.toString()),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    ALPNProtocols: ['http/1.1'],
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'require',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  }
}

/**
 * Days until the first certificate of the serving chain expires, and until the next one of the client CA does; negative
 * once it has. CA certificates that have expired while others are good are left-overs and do not count.
 */
export function daysToExpiry(
  { certificates, trust }: TlsMaterial,
  now: Date,
): { readonly serving: number; readonly clientCa: number | undefined } {
  const daysLeft = ({ validToDate }: X509Certificate) => (validToDate.getTime() - now.getTime()) / (24 * 60 * 60 * 1000)
  const authorities = trust.filter(({ ca }) => ca)
  const current = authorities.filter(certificate => isInTime(certificate, now)).map(daysLeft)
  return {
    serving: Math.min(...certificates.map(daysLeft)),
    clientCa:
      authorities.length === 0
        ? undefined
        : current.length > 0
          ? Math.min(...current)
          : Math.max(...authorities.map(daysLeft)),
  }
}

/** What a watch needs, and whom it tells. */
export interface TlsWatchOptions {
  readonly server: Pick<Server, 'setSecureContext'>
  readonly files: TlsFiles
  /** What the server runs with at the start. */
  readonly material: TlsMaterial
  readonly clientAuth: ClientAuth
  readonly connections: Pick<ConnectionRegistry, 'revalidate'>
  /** Milliseconds between looks at the files; 2000 unless given. */
  readonly intervalMs?: number
  readonly now?: () => Date
  /** The new material is in force. */
  onReload?(material: TlsMaterial): void
  /** The files cannot be used and the old material stays in force. Told once for each state of the files. */
  onReloadFailure?(problems: CertificateProblems): void
}

/** A running watch. */
export interface TlsWatch {
  /** Looks at the files now. */
  check(): Promise<void>
  stop(): void
}

/** A snapshot that was refused is looked at again after this long: a certificate may not have been valid yet. */
const RETRY_MS = 60_000

/**
 * Looks at the files every so often and puts what they hold into force, without a restart. New connections get the new
 * certificate; after a change of the client CA the open ones are revalidated. The timer keeps no process alive.
 */
export function watchTls(options: TlsWatchOptions): TlsWatch {
  const { server, files, clientAuth, connections, now = () => new Date() } = options
  let current = options.material
  let refused: { readonly state: string; readonly at: number; readonly report: string } | undefined
  let running: Promise<void> | undefined

  const refuseState = (state: string, problems: CertificateProblems): void => {
    const report = JSON.stringify(problems)
    const known = refused?.state === state && refused.report === report
    refused = { state, at: now().getTime(), report }
    if (!known) options.onReloadFailure?.(problems)
  }
  const look = async (): Promise<void> => {
    const snapshot = await readSnapshot(pathsOf(files))
    const state = snapshot.ok ? digestOf(snapshot.value) : JSON.stringify(snapshot.problems)
    if (state === current.digest) refused = undefined
    if (state === current.digest || (refused?.state === state && now().getTime() - refused.at < RETRY_MS)) return
    const loaded = snapshot.ok ? checkSnapshot(snapshot.value, now()) : snapshot
    if (!loaded.ok) return refuseState(state, loaded.problems)
    const trustChanged = !sameTrust(current, loaded.material)
    server.setSecureContext(tlsOptions(loaded.material, clientAuth))
    if (trustChanged) connections.revalidate(loaded.material.trust, current.trust)
    current = loaded.material
    refused = undefined
    options.onReload?.(current)
  }
  const check = (): Promise<void> => {
    running ??= look().finally(() => {
      running = undefined
    })
    return running
  }
  const timer = setInterval(() => void check(), options.intervalMs ?? 2000).unref()
  return { check, stop: () => clearInterval(timer) }
}

const NO_TRUST: PemResult<readonly X509Certificate[]> = { ok: true, value: [] }

function checkSnapshot(sources: readonly PemSource[], now: Date): TlsLoad {
  const [certificate, privateKey, clientCa] = sources
  if (certificate === undefined || privateKey === undefined) throw new TypeError('a snapshot has two files at least')
  try {
    const pair = validatePair({ certificate, privateKey }, now)
    const trust = clientCa === undefined ? NO_TRUST : readTrust(clientCa, now)
    if (!pair.ok) return { ok: false, problems: trust.ok ? pair.problems : [...pair.problems, ...trust.problems] }
    if (!trust.ok) return trust
    const material = { ...pair.value, trust: trust.value, digest: digestOf(sources) }
    createSecureContext(tlsOptions(material, 'require'))
    return { ok: true, material }
  } catch (error) {
    // OpenSSL's own limits, such as a key that is too short.
    const fix = 'issue it with an EC key or RSA of 2048 bits or more'
    return refuse(certificate.file, `cannot be used for TLS (${errorCode(error)})`, fix)
  }
}

function pathsOf({ certFile, keyFile, clientCaFile }: TlsFiles): readonly string[] {
  return clientCaFile === undefined ? [certFile, keyFile] : [certFile, keyFile, clientCaFile]
}

function digestOf(sources: readonly PemSource[]): string {
  return createHash('sha256')
    .update(JSON.stringify(sources.map(({ pem }) => pem)))
    .digest('hex')
}

/** Neither order nor repetition nor comments make a difference. */
function sameTrust(a: TlsMaterial, b: TlsMaterial): boolean {
  const fingerprints = ({ trust }: TlsMaterial) =>
    [...new Set(trust.map(({ fingerprint256 }) => fingerprint256))].sort().join()
  return fingerprints(a) === fingerprints(b)
}
