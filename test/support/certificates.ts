import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { bitString, type Der, implicit, integer, oid, sequence, TRUE } from '../../src/certs/der.ts'
import type { KeyPairPem } from '../../src/certs/issue.ts'
import {
  authorityKeyIdentifier,
  distinguishedName,
  type Extension,
  issuerFields,
  keyIdentifier,
  OID,
  signCertificate,
  subjectKeyIdentifier,
} from '../../src/certs/x509.ts'

export const DAY_MS = 24 * 60 * 60 * 1000

type KeyAlgorithm = 'ec' | 'rsa' | 'rsa1024'

/** What may be odd about a test certificate. Every field has an ordinary default. */
export interface Overrides {
  readonly commonNames?: readonly string[]
  readonly organization?: string
  readonly dns?: readonly string[]
  readonly ip?: readonly string[]
  readonly uris?: readonly string[]
  readonly emails?: readonly string[]
  /** General names as they are, after all others. */
  readonly otherNames?: readonly Der[]
  /** Extended key usages; `none` leaves the extension out. */
  readonly usage?: 'server' | 'client' | 'both' | 'none'
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly key?: KeyAlgorithm
  readonly isCa?: boolean
  /** Tells cached keys apart: the same slot and algorithm get the same RSA key. */
  readonly slot?: string
}

/** A test CA: a key pair that can be written to a file, and issues. */
export interface TestAuthority extends KeyPairPem {
  readonly certificate: X509Certificate
  readonly privateKey: KeyObject
}

const rsaKeys = new Map<string, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>()

/** A self-signed CA; its key is elliptic unless asked otherwise. Two calls with one name make two different CAs. */
export function authority(commonName = 'test-ca', overrides: Overrides = {}): TestAuthority {
  return makeAuthority(undefined, commonName, overrides)
}

/** The same CA renewed: same name and key, another certificate. */
export function renewed(old: TestAuthority, overrides: Overrides = {}): TestAuthority {
  const [commonName = ''] = [old.certificate.subject.replace(/^CN=/, '')]
  return sign(
    old,
    commonName,
    { isCa: true, ...overrides },
    { publicKey: old.certificate.publicKey, privateKey: old.privateKey },
  )
}

/** A CA below another one. */
export function intermediate(
  parent: TestAuthority,
  commonName = 'test-intermediate',
  overrides: Overrides = {},
): TestAuthority {
  return makeAuthority(parent, commonName, overrides)
}

/** A serving pair for localhost, 127.0.0.1 and the gateway's service name. */
export function serverPair(issuer: TestAuthority, overrides: Overrides = {}): KeyPairPem {
  const names = { dns: ['localhost', 'portcullis.portcullis-system.svc'], ip: ['127.0.0.1'] }
  return sign(issuer, 'portcullis', { usage: 'server', slot: 'server', ...names, ...overrides })
}

/** A client pair; API servers are `kube-apiserver`. */
export function clientPair(
  issuer: TestAuthority,
  commonName = 'kube-apiserver',
  overrides: Overrides = {},
): KeyPairPem {
  return sign(issuer, commonName, { usage: 'client', slot: 'client', ...overrides })
}

/** A certificate that nobody but its own key has signed and that is no CA. */
export function selfSignedPair(commonName: string, overrides: Overrides = {}): KeyPairPem {
  return sign(undefined, commonName, { usage: 'both', slot: 'self', ...overrides })
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes files as one should: under another name, then renamed. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, `.${name}.tmp`), content)
    renameSync(join(folder, `.${name}.tmp`), join(folder, name))
  }
}

function makeAuthority(parent: TestAuthority | undefined, commonName: string, overrides: Overrides): TestAuthority {
  return sign(parent, commonName, { isCa: true, usage: 'none', slot: `ca:${commonName}:${rsaKeys.size}`, ...overrides })
}

function sign(
  issuer: TestAuthority | undefined,
  commonName: string,
  overrides: Overrides,
  keys = newKeys(overrides.key ?? 'ec', overrides.slot ?? ''),
): TestAuthority {
  const { commonNames = [commonName], organization } = overrides
  const subject = distinguishedName([
    ...(organization === undefined ? [] : [{ oid: OID.organization, value: organization }]),
    ...commonNames.map(value => ({ oid: OID.commonName, value })),
  ])
  // A CA renewed with its own key signs itself.
  const isOwn = issuer === undefined || issuer.privateKey === keys.privateKey
  const parent = isOwn ? { name: subject, keyId: keyIdentifier(keys.publicKey) } : issuerFields(issuer.certificate)
  const certificatePem = signCertificate(
    {
      issuer: parent.name,
      subject,
      publicKey: keys.publicKey,
      notBefore: overrides.notBefore ?? new Date(Date.now() - DAY_MS),
      notAfter: overrides.notAfter ?? new Date(Date.now() + 30 * DAY_MS),
      extensions: [
        ...extensionsOf(overrides),
        subjectKeyIdentifier(keys.publicKey),
        ...(parent.keyId === undefined ? [] : [authorityKeyIdentifier(parent.keyId)]),
      ],
    },
    issuer?.privateKey ?? keys.privateKey,
  )
  const privateKeyPem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return {
    certificatePem,
    privateKeyPem,
    certificate: new X509Certificate(certificatePem),
    privateKey: keys.privateKey,
  }
}

function extensionsOf({ isCa = false, usage = 'none', ...names }: Overrides): readonly Extension[] {
  const purposes = {
    server: [OID.serverAuth],
    client: [OID.clientAuth],
    both: [OID.serverAuth, OID.clientAuth],
    none: [],
  }[usage]
  const altNames = [
    ...(names.dns ?? []).map(name => implicit(2, Buffer.from(name, 'latin1'))),
    ...(names.ip ?? []).map(address => implicit(7, Buffer.from(address.split('.').map(Number)))),
    ...(names.uris ?? []).map(uri => implicit(6, Buffer.from(uri, 'latin1'))),
    ...(names.emails ?? []).map(email => implicit(1, Buffer.from(email, 'latin1'))),
    ...(names.otherNames ?? []),
  ]
  return [
    { oid: OID.basicConstraints, critical: true, value: isCa ? sequence(TRUE, integer(Buffer.from([3]))) : sequence() },
    {
      oid: OID.keyUsage,
      critical: true,
      value: isCa ? bitString(Buffer.from([0x06]), 1) : bitString(Buffer.from([0xa0]), 5),
    },
    ...(purposes.length === 0
      ? []
      : [{ oid: OID.extKeyUsage, critical: false, value: sequence(...purposes.map(oid)) }]),
    ...(altNames.length === 0 ? [] : [{ oid: OID.subjectAltName, critical: false, value: sequence(...altNames) }]),
  ]
}

function newKeys(
  algorithm: KeyAlgorithm,
  slot: string,
): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (algorithm === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = `${algorithm}:${slot}`
  const keys = rsaKeys.get(id) ?? generateKeyPairSync('rsa', { modulusLength: algorithm === 'rsa' ? 2048 : 1024 })
  rsaKeys.set(id, keys)
  return keys
}
