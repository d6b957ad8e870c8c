import { join } from 'node:path'
import type { Authority } from '../../certs/issue.ts'
import { describeCertificateProblem, readCertificates, readPrivateKey } from '../../certs/pem.ts'
import { readSnapshot } from '../../certs/snapshot.ts'
import { isInTime } from '../../certs/trust.ts'

/** A CA that can sign, or why there is none and what to do about it. */
export type ReadAuthority =
  | { readonly ok: true; readonly authority: Authority }
  | { readonly ok: false; readonly problem: string }

/** Reads `ca.crt` and `ca.key` of a folder. What such a pair would sign in vain is refused here. */
export async function readAuthority(directory: string, now: Date): Promise<ReadAuthority> {
  const refuse = (problem: string): ReadAuthority => ({ ok: false, problem })
  const remedy = `make a CA with "portcullis certs init --out ${directory}"`
  const [certFile, keyFile] = [join(directory, 'ca.crt'), join(directory, 'ca.key')]
  const read = await readSnapshot([certFile, keyFile])
  if (!read.ok) {
    const [{ file, message }] = read.problems
    return refuse(`no CA can be read in ${directory}: ${file} ${message}; ${remedy}, or name another folder with --ca`)
  }
  const [certificate, privateKey] = read.value
  if (!certificate || !privateKey) throw new Error('a snapshot of two files holds two files')
  const certificates = readCertificates(certificate)
  const key = readPrivateKey(privateKey)
  if (!certificates.ok) return refuse(certificates.problems.map(describeCertificateProblem).join('\n'))
  if (!key.ok) return refuse(key.problems.map(describeCertificateProblem).join('\n'))
  const [first] = certificates.value
  if (!first.ca) return refuse(`${certFile} is no CA's certificate: nobody would trust what it signs; ${remedy}`)
  if (!first.checkPrivateKey(key.value))
    return refuse(`${keyFile} does not belong to ${certFile}: nobody would trust what it signs; find the right key`)
  if (!isInTime(first, now))
    return refuse(
      `${certFile} is valid from ${first.validFromDate.toISOString()} to ${first.validToDate.toISOString()} only, and so would be what it signs; ${remedy} --force`,
    )
  return { ok: true, authority: { certificatePem: certificate.pem, privateKeyPem: privateKey.pem } }
}
