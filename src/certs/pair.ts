import type { KeyObject, X509Certificate } from 'node:crypto'
import { keyTypeOf, usagesOf } from './inspect.ts'
import { CLOCK_SKEW_MS } from './issue.ts'
import { NAMING_KINDS, parseAltNames } from './names.ts'
import {
  type CertificateProblem,
  type PemResult,
  type PemSource,
  readCertificates,
  readPrivateKey,
  refuse,
} from './pem.ts'
import { isIssuedBy } from './trust.ts'

/** A serving certificate with what leads to its CA, and its key; checked to belong together. */
export interface ServingPair {
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]]
  readonly privateKey: KeyObject
}

/** The two halves of a pair, read at the same moment. */
export interface PairSource {
  readonly certificate: PemSource
  readonly privateKey: PemSource
}

/**
 * Checks that a certificate and a key can serve: they belong together, the certificate is in its time, names the server
 * as API servers look for it, and its chain is in order. Reports all it finds.
 */
export function validatePair(source: PairSource, now: Date): PemResult<ServingPair> {
  const certificates = readCertificates(source.certificate)
  const privateKey = readPrivateKey(source.privateKey)
  if (!certificates.ok || !privateKey.ok) {
    const [first, ...rest] = [certificates, privateKey].flatMap(part => (part.ok ? [] : part.problems))
    return first === undefined
      ? refuse(source.certificate.file, 'cannot be read', 'write it again')
      : { ok: false, problems: [first, ...rest] }
  }
  // First of all, since a TLS context takes an RSA key with an elliptic certificate and then fails every handshake.
  const mismatch = matchProblem(source, certificates.value, privateKey.value)
  if (mismatch !== undefined) return { ok: false, problems: [mismatch] }
  const [first, ...rest] = [
    ...certificates.value.flatMap((certificate, i) => timeProblems(source.certificate.file, certificate, i, now)),
    ...purposeProblems(source.certificate.file, certificates.value[0]),
    ...chainProblems(source.certificate.file, certificates.value),
  ]
  if (first !== undefined) return { ok: false, problems: [first, ...rest] }
  return { ok: true, value: { certificates: certificates.value, privateKey: privateKey.value } }
}

function matchProblem(
  source: PairSource,
  certificates: readonly [X509Certificate, ...X509Certificate[]],
  key: KeyObject,
): CertificateProblem | undefined {
  const owner = certificates.findIndex(certificate => certificate.checkPrivateKey(key))
  if (owner === 0) return undefined
  if (owner > 0) {
    return {
      file: source.certificate.file,
      message: `the key in ${source.privateKey.file} belongs to certificate ${owner + 1}, not to the first`,
      fix: 'put the serving certificate first and its issuers after it',
    }
  }
  return {
    file: source.privateKey.file,
    message: `the key (${key.asymmetricKeyType}) does not belong to the certificate (${keyTypeOf(certificates[0])}) in ${source.certificate.file}`,
    fix: 'use the key and the certificate that were issued together',
  }
}

function timeProblems(
  file: string,
  certificate: X509Certificate,
  index: number,
  now: Date,
): readonly CertificateProblem[] {
  const which = index === 0 ? 'the certificate' : `certificate ${index + 1}`
  const { validFromDate: start, validToDate: end } = certificate
  if (end <= now) return [{ file, message: `${which} expired at ${end.toISOString()}`, fix: 'issue a new one' }]
  if (start.getTime() > now.getTime() + CLOCK_SKEW_MS) {
    return [{ file, message: `${which} is not valid before ${start.toISOString()}`, fix: 'check the clock, or wait' }]
  }
  return []
}

function purposeProblems(file: string, certificate: X509Certificate): readonly CertificateProblem[] {
  const problems: CertificateProblem[] = []
  const usages = usagesOf(certificate)
  if (usages.length > 0 && !usages.includes('serverAuth') && !usages.includes('any')) {
    problems.push({
      file,
      message: `the certificate is not for servers (extended key usage: ${usages.join(', ')})`,
      fix: 'issue it with the extended key usage serverAuth',
    })
  }
  const kinds: readonly string[] = NAMING_KINDS
  if (!parseAltNames(certificate.subjectAltName).some(({ kind }) => kinds.includes(kind))) {
    problems.push({
      file,
      message: 'the certificate has no subject alternative name',
      fix: 'issue it with the DNS name <service>.<namespace>.svc: API servers do not look at the common name',
    })
  }
  return problems
}

function chainProblems(file: string, certificates: readonly X509Certificate[]): readonly CertificateProblem[] {
  return certificates.slice(1).flatMap((issuer, i) => {
    const issued = certificates[i]
    if (issued !== undefined && isIssuedBy(issued, issuer)) return []
    return [
      {
        file,
        message: `certificate ${i + 2} did not issue certificate ${i + 1}`,
        fix: 'after the serving certificate, put its issuer, then the issuer of that one, and nothing else',
      },
    ]
  })
}
