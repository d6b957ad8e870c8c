import type { X509Certificate } from 'node:crypto'
import { type AltName, commonNames, parseAltNames } from './names.ts'
import { type PemResult, type PemSource, readCertificates } from './pem.ts'
import { OID } from './x509.ts'

/** What a certificate says, for people and for gauges. Nothing here is a secret. */
export interface CertificateFacts {
  /** All of the subject's common names; more than one is unusual. */
  readonly commonNames: readonly string[]
  readonly altNames: readonly AltName[]
  /** The distinguished names on one line, as in `CN=ca, O=example`. */
  readonly subject: string
  readonly issuer: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** Hexadecimal. */
  readonly serialNumber: string
  /** SHA-256 over the DER, as `AB:CD:…`. */
  readonly fingerprint256: string
  readonly isCa: boolean
  /** `serverAuth`, `clientAuth`, or the identifier of another purpose; empty means any. */
  readonly usages: readonly string[]
  /** `RSA 2048`, `EC prime256v1`, `ed25519`, or `unknown`. */
  readonly keyType: string
}

/** The facts of every certificate in a PEM text, in its order. */
export function inspectCertificates(source: PemSource): PemResult<readonly CertificateFacts[]> {
  const certificates = readCertificates(source)
  return certificates.ok ? { ok: true, value: certificates.value.map(factsOf) } : certificates
}

/** The facts of one certificate. */
export function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    commonNames: commonNames(certificate),
    altNames: parseAltNames(certificate.subjectAltName),
    subject: oneLineName(certificate.subject),
    issuer: oneLineName(certificate.issuer),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    serialNumber: certificate.serialNumber,
    fingerprint256: certificate.fingerprint256,
    isCa: certificate.ca,
    usages: usagesOf(certificate),
    keyType: keyTypeOf(certificate),
  }
}

/** The extended key usages by name; an empty list means that the certificate does not restrict them. */
export function usagesOf(certificate: X509Certificate): readonly string[] {
  // Node calls the extended key usages `keyUsage`; it is undefined without the extension, whatever its type says.
  const usages: readonly string[] | undefined = certificate.keyUsage
  return (usages ?? []).map(usage => USAGE_NAMES.get(usage) ?? usage)
}

const USAGE_NAMES: ReadonlyMap<string, string> = new Map([
  [OID.serverAuth, 'serverAuth'],
  [OID.clientAuth, 'clientAuth'],
  [OID.anyExtendedKeyUsage, 'any'],
])

/** `RSA 2048` or the like; a key that this Node cannot read is `unknown`. */
export function keyTypeOf(certificate: X509Certificate): string {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey
    if (type === 'rsa') return `RSA ${details?.modulusLength ?? '?'}`
    if (type === 'ec') return `EC ${details?.namedCurve ?? '?'}`
    return type ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Node puts each part on a line of its own and escapes line breaks within one. */
function oneLineName(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ')
}
