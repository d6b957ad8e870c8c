import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { commonNames } from '../../certs/names.ts'
import { describeCertificateProblem, readCertificates, readPrivateKey } from '../../certs/pem.ts'
import { readSnapshot } from '../../certs/snapshot.ts'
import { isInTime } from '../../certs/trust.ts'

/** The certificates with which the command shows itself as an API server, as PEM texts that belong together. */
export interface ClientCertificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** The common name by which the gateway sees us; empty where the certificate has none. */
  readonly name: string
}

/** The certificates, or what is wrong with their folder and what to do about it. */
export type LoadedCertificates =
  | { readonly ok: true; readonly certificates: ClientCertificates }
  | { readonly ok: false; readonly problem: string }

const REMEDY =
  'start "portcullis serve --dev" here first, or run "portcullis certs dev", or name another folder with --certs'
const RENEWAL =
  'run "portcullis certs dev" for one of its own, or issue one with "portcullis certs issue --usage client --name <name> --prefix client --force"'

/** Reads `ca.crt`, `client.crt` and `client.key` of a folder; what they hold is checked before anybody is asked. */
export async function loadClientCertificates(directory: string, now: Date): Promise<LoadedCertificates> {
  const files = ['ca.crt', 'client.crt', 'client.key'].map(name => join(directory, name))
  const read = await readSnapshot(files)
  if (!read.ok) {
    const [{ file, message }] = read.problems
    return { ok: false, problem: `${file} ${message}: ${REMEDY}` }
  }
  const [ca, cert, key] = read.value
  if (!ca || !cert || !key) throw new Error('a snapshot of three files holds three files')
  const authorities = readCertificates(ca)
  const certificates = readCertificates(cert)
  const privateKey = readPrivateKey(key)
  const problems = [authorities, certificates, privateKey].flatMap(part => (part.ok ? [] : part.problems))
  if (!certificates.ok || !privateKey.ok || problems.length > 0) {
    return { ok: false, problem: problems.map(describeCertificateProblem).join('\n') }
  }
  // A TLS context takes an RSA key with an elliptic certificate, and every handshake fails.
  if (!certificates.value[0].checkPrivateKey(privateKey.value))
    return { ok: false, problem: `${key.file} does not belong to ${cert.file}: ${REMEDY}` }
  const { validFromDate, validToDate } = certificates.value[0]
  if (!isInTime(certificates.value[0], now)) {
    const span = `from ${validFromDate.toISOString()} to ${validToDate.toISOString()}`
    return { ok: false, problem: `${cert.file} is valid ${span} only: ${RENEWAL}` }
  }
  const pems = { ca: ca.pem, cert: cert.pem, key: key.pem }
  try {
    createSecureContext(pems)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ok: false, problem: `the certificates in ${directory} cannot be used (${reason}): ${REMEDY}` }
  }
  return { ok: true, certificates: { ...pems, name: commonNames(certificates.value[0])[0] ?? '' } }
}
