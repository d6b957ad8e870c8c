import type { CertificateReader } from '../checks/check.ts'
import { readCertificates } from './pem.ts'

/** Reads certificates for checks, which know no cryptography. */
export const certificateFacts: CertificateReader = pem => {
  const read = readCertificates({ file: 'it', pem })
  if (!read.ok) return { ok: false, problem: read.problems[0].message }
  const certificates = read.value.map(({ subject, validTo }) => ({
    // One relative name to a line, as OpenSSL prints it.
    subject: subject.split('\n').join(', '),
    notAfter: Date.parse(validTo),
  }))
  // OpenSSL takes any text for a date and prints it as "Bad time value"; Go, and so the API server, refuses it.
  const undated = certificates.findIndex(({ notAfter }) => Number.isNaN(notAfter))
  if (undated >= 0) return { ok: false, problem: `certificate ${undated + 1} has no date that can be read` }
  return { ok: true, certificates }
}
