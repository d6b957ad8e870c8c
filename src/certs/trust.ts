import type { X509Certificate } from 'node:crypto'
import { type PemResult, type PemSource, readCertificates, refuse } from './pem.ts'

/**
 * Reads a bundle of CA certificates by which clients are verified. One that has expired may be left in it, as long as
 * another is good: a rotation leaves the old one for a while.
 */
export function readTrust(source: PemSource, now: Date): PemResult<readonly X509Certificate[]> {
  const read = readCertificates(source)
  if (!read.ok) return read
  const authorities = read.value.filter(({ ca }) => ca)
  if (authorities.length === 0) {
    return refuse(
      source.file,
      'holds no CA certificate',
      'use the certificate of the CA that issues the client certificates',
    )
  }
  const current = authorities.filter(certificate => isInTime(certificate, now))
  if (current.length === 0) {
    const latest = Math.max(...authorities.map(({ validToDate }) => validToDate.getTime()))
    const what = latest <= now.getTime() ? `expired by ${new Date(latest).toISOString()}` : 'are not valid yet'
    return refuse(source.file, `all CA certificates ${what}`, 'use the CA certificate that is in force')
  }
  if (!current.some(isSelfSigned)) {
    return refuse(
      source.file,
      'holds no root: every CA certificate in it was issued by another',
      'add the root certificate',
    )
  }
  return { ok: true, value: read.value }
}

/**
 * Whether a chain of valid certificates leads from a peer's certificate to a self-signed CA certificate in `trust`.
 *
 * For certificates that OpenSSL has accepted once, under another `trust`: it checks names, signatures, times and that
 * issuers are CAs, but not purposes, name constraints and path lengths.
 */
export function isTrusted(certificate: X509Certificate, trust: readonly X509Certificate[], now: Date): boolean {
  // Each issuer is taken once, so the search is bounded by the number of pairs.
  const unused = new Set(trust.filter(issuer => issuer.ca && isInTime(issuer, now)))
  const roots = [...unused].filter(isSelfSigned)
  const pending = isInTime(certificate, now) ? [certificate] : []
  for (let subject = pending.pop(); subject !== undefined; subject = pending.pop()) {
    const issued = subject
    if (roots.some(root => isIssuedBy(issued, root))) return true
    for (const issuer of unused) {
      if (!isIssuedBy(issued, issuer)) continue
      unused.delete(issuer)
      pending.push(issuer)
    }
  }
  return false
}

/** Whether `now` lies within a certificate's validity. */
export function isInTime({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return isIssuedBy(certificate, certificate)
}

/** Whether `issuer` has the name and the key that `certificate` says its issuer has. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  } catch {
    // A public key of a kind that this Node cannot use.
    return false
  }
}
