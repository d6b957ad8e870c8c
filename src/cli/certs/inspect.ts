import type { KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parse } from 'node:path'
import { inertJson, oneLine } from '../../admission/text.ts'
import { type CertificateFacts, factsOf } from '../../certs/inspect.ts'
import { describeCertificateProblem, readCertificates, readPrivateKey, splitPem } from '../../certs/pem.ts'

/** A certificate of a file, as it is printed. */
interface InspectedCertificate extends CertificateFacts {
  readonly file: string
  /** Whole days until it ends; negative once it has. */
  readonly daysLeft: number
  readonly isOutOfTime: boolean
}

/** A private key of a file, as it is printed: never the key itself. */
interface InspectedKey {
  readonly file: string
  /** `RSA 2048`, `EC prime256v1` or the like. */
  readonly privateKey: string
  /** The files whose first certificate it belongs to, of those it was compared with. */
  readonly belongsTo: readonly string[]
  /** The files that it was compared with. */
  readonly comparedWith: readonly string[]
  readonly isMismatch: boolean
}

type Inspected = InspectedCertificate | InspectedKey

/** What certificate and key files hold, or why one of them cannot be read. */
export type Inspection =
  | {
      readonly ok: true
      readonly text: string
      readonly json: string
      /** Whether a certificate is out of its time, or a key does not belong to its certificate. */
      readonly isFaulty: boolean
    }
  | { readonly ok: false; readonly problem: string }

/** A file, taken apart. */
interface Contents {
  readonly file: string
  readonly certificates: readonly X509Certificate[]
  readonly key: KeyObject | undefined
}

/** Reads certificate and key files and says what they hold, in their order. */
export async function inspectFiles(files: readonly string[], now: Date): Promise<Inspection> {
  const all: Contents[] = []
  for (const file of files) {
    const contents = await readContents(file)
    if (typeof contents === 'string') return { ok: false, problem: contents }
    all.push(contents)
  }
  const inspected = all.flatMap(contents => describeContents(contents, all, now))
  return {
    ok: true,
    text: inspected.map(item => ('privateKey' in item ? keyText(item) : certificateText(item))).join('\n'),
    json: inertJson(inspected),
    isFaulty: inspected.some(item => ('privateKey' in item ? item.isMismatch : item.isOutOfTime)),
  }
}

/** What a file holds, or what is wrong with it. */
async function readContents(file: string): Promise<Contents | string> {
  const pem = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error)
  if (pem instanceof Error) return `${file} cannot be read: ${pem.code ?? pem.message}`
  const blocks = splitPem({ file, pem })
  if (!blocks.ok) return blocks.problems.map(describeCertificateProblem).join('\n')
  const hasKey = blocks.value.some(({ label }) => label.endsWith('PRIVATE KEY'))
  const hasCertificate = blocks.value.some(({ label }) => label === 'CERTIFICATE')
  // A file with neither is taken for one that should hold a certificate.
  const certificates = hasCertificate || !hasKey ? readCertificates({ file, pem }) : undefined
  const key = hasKey ? readPrivateKey({ file, pem }) : undefined
  for (const part of [certificates, key])
    if (part?.ok === false) return part.problems.map(describeCertificateProblem).join('\n')
  return { file, certificates: certificates?.ok ? certificates.value : [], key: key?.ok ? key.value : undefined }
}

function describeContents(contents: Contents, all: readonly Contents[], now: Date): readonly Inspected[] {
  const { file, certificates, key } = contents
  const described = certificates.map(certificate => describeCertificate(file, certificate, now))
  return key === undefined ? described : [...described, describeKey(contents, key, all)]
}

function describeCertificate(file: string, certificate: X509Certificate, now: Date): InspectedCertificate {
  const facts = factsOf(certificate)
  const left = facts.notAfter.getTime() - now.getTime()
  return {
    file,
    ...facts,
    daysLeft: Math.floor(left / (24 * 60 * 60 * 1000)),
    isOutOfTime: left < 0 || facts.notBefore > now,
  }
}

/** A key belongs to the certificate in its own file, else to that of its own name (`tls.key`, `tls.crt`), else to any. */
function describeKey(contents: Contents, key: KeyObject, all: readonly Contents[]): InspectedKey {
  const holders = all.filter(({ certificates }) => certificates.length > 0)
  const own = holders.filter(holder => holder === contents)
  const named = holders.filter(({ file }) => stemOf(file) === stemOf(contents.file))
  const compared = [own, named, holders].find(group => group.length > 0) ?? []
  const owners = compared.filter(({ certificates }) => certificates[0]?.checkPrivateKey(key) === true)
  return {
    file: contents.file,
    privateKey: typeOf(key),
    belongsTo: owners.map(({ file }) => file),
    comparedWith: compared.map(({ file }) => file),
    isMismatch: compared.length > 0 && owners.length === 0,
  }
}

function stemOf(file: string): string {
  const { dir, name } = parse(file)
  return `${dir}/${name}`
}

function typeOf({ asymmetricKeyType, asymmetricKeyDetails: details }: KeyObject): string {
  const type = asymmetricKeyType ?? 'unknown'
  const size = details?.modulusLength ?? details?.namedCurve
  return size === undefined ? type : `${type.toUpperCase()} ${size}`
}

function certificateText(item: InspectedCertificate): string {
  const left = item.isOutOfTime ? 'OUT OF ITS TIME' : `${item.daysLeft} days left`
  const names = item.altNames.map(({ kind, value }) => `${kind}:${value}`).join(', ')
  return linesOf([
    `${item.file}: ${item.subject}`,
    `  issuer       ${item.issuer}`,
    `  names        ${names || '(none)'}`,
    `  valid        ${item.notBefore.toISOString()} to ${item.notAfter.toISOString()} (${left})`,
    `  usages       ${item.isCa ? 'certificate authority' : item.usages.join(', ') || 'any'}`,
    `  key          ${item.keyType}`,
    `  fingerprint  ${item.fingerprint256}`,
  ])
}

function keyText({ file, privateKey, belongsTo, comparedWith, isMismatch }: InspectedKey): string {
  const owners = isMismatch
    ? `NOT TO ${comparedWith.join(', ')}`
    : belongsTo.join(', ') || '(no certificate is given to compare it with)'
  return linesOf([`${file}: private key`, `  key          ${privateKey}`, `  belongs to   ${owners}`])
}

/** Names in a certificate are whatever its issuer let pass. */
function linesOf(lines: readonly string[]): string {
  return `${lines.map(oneLine).join('\n')}\n`
}
