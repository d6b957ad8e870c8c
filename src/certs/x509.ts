import { createHash, type KeyObject, randomBytes, sign, type X509Certificate } from 'node:crypto'
import {
  bitString,
  children,
  content,
  type Der,
  decode,
  encode,
  explicit,
  implicit,
  integer,
  NULL,
  octetString,
  oid,
  sequence,
  set,
  TRUE,
  time,
  utf8,
} from './der.ts'

/** Object identifiers of RFC 5280 and its algorithms, by the names used there. */
export const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const

/** One part of a distinguished name. */
export interface NameAttribute {
  readonly oid: string
  readonly value: string
}

/** One v3 extension; `value` is what its OCTET STRING holds. */
export interface Extension {
  readonly oid: string
  readonly critical: boolean
  readonly value: Der
}

/** Everything that is signed in a certificate, but for the serial number and the algorithm, which follow from the rest. */
export interface CertificateTemplate {
  readonly issuer: Der
  readonly subject: Der
  readonly publicKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  readonly extensions: readonly Extension[]
}

/** A distinguished name, one attribute to a relative name. */
export function distinguishedName(attributes: readonly NameAttribute[]): Der {
  return sequence(...attributes.map(({ oid: type, value }) => set(sequence(oid(type), utf8(value)))))
}

/**
 * Signs a certificate. forge encodes it and node:crypto signs it, so that the keys may be elliptic, which forge's own
 * certificate code cannot hold.
 *
 * @param signer the issuer's private key, RSA or elliptic.
 * @returns PEM with a newline at its end.
 */
export function signCertificate(template: CertificateTemplate, signer: KeyObject): string {
  const algorithm = signatureAlgorithm(signer)
  const tbs = sequence(
    explicit(0, integer(Buffer.from([2]))), // version 3
    integer(randomSerial()),
    algorithm,
    template.issuer,
    sequence(time(template.notBefore), time(template.notAfter)),
    template.subject,
    decode(template.publicKey.export({ type: 'spki', format: 'der' })),
    explicit(3, sequence(...template.extensions.map(encodeExtension))),
  )
  const signature = sign('sha256', encode(tbs), signer)
  return toPem('CERTIFICATE', encode(sequence(tbs, algorithm, bitString(signature))))
}

/** What an issuer's certificate gives to those it issues: its name, byte for byte, and its key's identifier. */
export function issuerFields(certificate: X509Certificate): { readonly name: Der; readonly keyId: Buffer | undefined } {
  const fields = children(children(decode(certificate.raw))[0])
  const name = fields[5]
  if (name === undefined) throw new TypeError('the issuer is not a version 3 certificate')
  const extensions = children(children(fields.at(-1))[0]).map(children)
  const identifier = extensions.find(parts => content(parts[0]).equals(content(oid(OID.subjectKeyIdentifier))))?.at(-1)
  return { name, keyId: identifier === undefined ? undefined : content(decode(content(identifier))) }
}

/** The identifier of a public key: the SHA-1 of its bits, method 1 of RFC 5280, section 4.2.1.2. Nothing rests on it. */
export function keyIdentifier(publicKey: KeyObject): Buffer {
  const [, bits] = children(decode(publicKey.export({ type: 'spki', format: 'der' })))
  return createHash('sha1').update(publicKeyBits(bits)).digest()
}

/** forge decodes a BIT STRING that looks like DER into its parts (an RSA key) and leaves any other alone (a curve's point). */
function publicKeyBits(bits: Der | undefined): Buffer {
  const [inner] = children(bits)
  return inner === undefined ? content(bits).subarray(1) : encode(inner)
}

/** `subjectKeyIdentifier` for the certificate of this key. */
export function subjectKeyIdentifier(publicKey: KeyObject): Extension {
  return { oid: OID.subjectKeyIdentifier, critical: false, value: octetString(keyIdentifier(publicKey)) }
}

/** `authorityKeyIdentifier` with the issuer's key identifier. */
export function authorityKeyIdentifier(keyId: Buffer): Extension {
  return { oid: OID.authorityKeyIdentifier, critical: false, value: sequence(implicit(0, keyId)) }
}

function encodeExtension({ oid: id, critical, value }: Extension): Der {
  return sequence(oid(id), ...(critical ? [TRUE] : []), octetString(encode(value)))
}

function signatureAlgorithm(signer: KeyObject): Der {
  if (signer.asymmetricKeyType === 'rsa') return sequence(oid(OID.sha256WithRsa), NULL)
  if (signer.asymmetricKeyType === 'ec') return sequence(oid(OID.ecdsaWithSha256))
  throw new TypeError(`cannot sign a certificate with a key of type ${signer.asymmetricKeyType ?? signer.type}`)
}

/** 16 random bytes, the first between 0x40 and 0x7f: positive and always of the same length. */
function randomSerial(): Buffer {
  const serial = randomBytes(16)
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0)
  return serial
}

function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
