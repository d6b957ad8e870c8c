import type { X509Certificate } from 'node:crypto'
import { CLOCK_SKEW_MS, type KeyPairPem } from '../../certs/issue.ts'
import { validatePair } from '../../certs/pair.ts'
import { readCertificates, readPrivateKey } from '../../certs/pem.ts'
import { dig, getString, type JsonObject } from '../../json/value.ts'

/** A key pair out of a Secret, as far as it is good. */
export interface StoredPair {
  readonly pair: KeyPairPem
  readonly certificate: X509Certificate
}

/** A text of a Secret's data; `''` where it is missing. */
export function textIn(secret: JsonObject | undefined, key: string): string {
  return Buffer.from(getString(dig(secret, 'data'), key) ?? '', 'base64').toString('utf8')
}

/** A Secret with these texts, which stands in for the old one where there is one. */
export function secretOf(
  old: JsonObject | undefined,
  name: string,
  type: string,
  texts: Readonly<Record<string, string>>,
): JsonObject {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  const labels = { 'app.kubernetes.io/name': 'portcullis', 'app.kubernetes.io/managed-by': 'portcullis-controller' }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    // The type of a Secret never changes.
    type: getString(old, 'type') ?? type,
    metadata: dig(old, 'metadata') ?? { name, labels },
    data,
  }
}

/** The CA certificates of a text, each once; what cannot be read is left out. */
export function authoritiesIn(...texts: readonly string[]): readonly X509Certificate[] {
  const all = texts.flatMap(pem => {
    const read = readCertificates({ file: 'it', pem })
    return read.ok ? read.value.filter(({ ca }) => ca) : []
  })
  return [...new Map(all.map(certificate => [certificate.fingerprint256, certificate])).values()]
}

/** A CA and its key that belong together, in its time; undefined otherwise. */
export function storedAuthority(secret: JsonObject | undefined, now: number): StoredPair | undefined {
  const [certificatePem, privateKeyPem] = [textIn(secret, 'ca.crt'), textIn(secret, 'ca.key')]
  const certificates = readCertificates({ file: 'ca.crt', pem: certificatePem })
  const key = readPrivateKey({ file: 'ca.key', pem: privateKeyPem })
  if (!certificates.ok || !key.ok) return undefined
  const [certificate] = certificates.value
  if (!certificate.ca || !certificate.checkPrivateKey(key.value) || !isBegun(certificate, now)) return undefined
  return { pair: { certificatePem, privateKeyPem }, certificate }
}

/** A serving certificate and its key that can serve; undefined otherwise. */
export function storedServing(secret: JsonObject | undefined, now: number): StoredPair | undefined {
  const [certificatePem, privateKeyPem] = [textIn(secret, 'tls.crt'), textIn(secret, 'tls.key')]
  const source = {
    certificate: { file: 'tls.crt', pem: certificatePem },
    privateKey: { file: 'tls.key', pem: privateKeyPem },
  }
  const valid = validatePair(source, new Date(now))
  if (!valid.ok) return undefined
  return { pair: { certificatePem, privateKeyPem }, certificate: valid.value.certificates[0] }
}

/** Whether a certificate is of today: one that begins later was made while a clock was wrong. */
function isBegun({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now + CLOCK_SKEW_MS && now <= validToDate.getTime()
}

/** Whether two thirds of a certificate's life are over. */
export function isDue({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  const [begin, end] = [validFromDate.getTime(), validToDate.getTime()]
  return now >= begin + ((end - begin) * 2) / 3
}

/** A certificate as PEM, as it stands in a bundle. */
export function pemOf(certificate: X509Certificate): string {
  return certificate.toString()
}
