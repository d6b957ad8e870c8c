import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

/** The most that is read of a PEM input: far above any real chain or bundle, far below what would hurt. */
export const PEM_LIMITS = { bytes: 1024 * 1024, certificates: 1000 } as const

/** PEM text and the name under which its faults are reported. */
export interface PemSource {
  readonly file: string
  readonly pem: string
}

/** What is wrong with a certificate or key file, and what to do about it. */
export interface CertificateProblem {
  readonly file: string
  readonly message: string
  readonly fix: string
}

/** A non-empty list of problems. */
export type CertificateProblems = readonly [CertificateProblem, ...CertificateProblem[]]

/** A value, or why there is none. */
export type PemResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: CertificateProblems }

/** One `-----BEGIN label-----` … `-----END label-----`, with both lines. */
export interface PemBlock {
  readonly label: string
  readonly pem: string
}

/** `tls.crt: what is wrong; what to do`, on one line. */
export function describeCertificateProblem({ file, message, fix }: CertificateProblem): string {
  return `${file}: ${message}; ${fix}`
}

/** A result with one problem. */
export function refuse(
  file: string,
  message: string,
  fix: string,
): { readonly ok: false; readonly problems: CertificateProblems } {
  return { ok: false, problems: [{ file, message, fix }] }
}

/** The blocks of a PEM text, whatever stands between them. Time is linear in its length. */
export function splitPem({ file, pem }: PemSource): PemResult<readonly PemBlock[]> {
  if (Buffer.byteLength(pem) > PEM_LIMITS.bytes) {
    return refuse(
      file,
      `is larger than ${PEM_LIMITS.bytes} bytes`,
      'use a file that holds only the certificates needed',
    )
  }
  const begin = /-----BEGIN ([A-Z0-9 ]{1,64})-----/g
  const blocks: PemBlock[] = []
  for (let match = begin.exec(pem); match !== null; match = begin.exec(pem)) {
    const label = match[1] ?? ''
    const marker = `-----END ${label}-----`
    const end = pem.indexOf(marker, begin.lastIndex)
    const next = pem.indexOf('-----BEGIN ', begin.lastIndex)
    if (end === -1 || (next !== -1 && next < end)) {
      return refuse(
        file,
        `block ${blocks.length + 1} (${label}) has no end`,
        'the file is cut short or mangled: write it again',
      )
    }
    if (blocks.length === PEM_LIMITS.certificates) {
      return refuse(file, `holds more than ${PEM_LIMITS.certificates} PEM blocks`, 'remove what is not needed')
    }
    blocks.push({ label, pem: `${pem.slice(match.index, end)}${marker}\n` })
    begin.lastIndex = end + marker.length
  }
  return { ok: true, value: blocks }
}

/** The certificates of a PEM text, at least one, in its order. */
export function readCertificates(source: PemSource): PemResult<readonly [X509Certificate, ...X509Certificate[]]> {
  const blocks = splitPem(source)
  if (!blocks.ok) return blocks
  const certificates: X509Certificate[] = []
  for (const { label, pem } of blocks.value) {
    if (label !== 'CERTIFICATE') continue
    const certificate = parseCertificate(pem)
    if (certificate === undefined) {
      return refuse(
        source.file,
        `certificate ${certificates.length + 1} cannot be read`,
        'the file is mangled: write it again',
      )
    }
    certificates.push(certificate)
  }
  const [first, ...rest] = certificates
  if (first === undefined)
    return refuse(source.file, 'holds no certificate', describeContents(blocks.value, 'a CERTIFICATE block'))
  return { ok: true, value: [first, ...rest] }
}

/** The first private key of a PEM text, which must not be encrypted. */
export function readPrivateKey(source: PemSource): PemResult<KeyObject> {
  const blocks = splitPem(source)
  if (!blocks.ok) return blocks
  const block = blocks.value.find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (block === undefined) {
    return refuse(source.file, 'holds no private key', describeContents(blocks.value, 'a PRIVATE KEY block'))
  }
  if (block.label.startsWith('ENCRYPTED') || block.pem.includes('\nProc-Type: 4,ENCRYPTED')) {
    return refuse(
      source.file,
      'the private key is encrypted',
      'store it unencrypted: there is nobody to ask for its passphrase',
    )
  }
  try {
    return { ok: true, value: createPrivateKey(block.pem) }
  } catch {
    // The error's own text could quote the key.
    return refuse(source.file, 'the private key cannot be read', 'the file is mangled: write it again')
  }
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function describeContents(blocks: readonly PemBlock[], wanted: string): string {
  const found = [...new Set(blocks.map(({ label }) => label))].sort()
  return found.length === 0 ? `it must hold ${wanted}` : `it must hold ${wanted}, but holds only: ${found.join(', ')}`
}
