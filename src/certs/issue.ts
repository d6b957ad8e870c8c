import { createPrivateKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import { bitString, type Der, implicit, integer, oid, sequence, TRUE } from './der.ts'
import {
  authorityKeyIdentifier,
  distinguishedName,
  type Extension,
  issuerFields,
  OID,
  signCertificate,
  subjectKeyIdentifier,
} from './x509.ts'

const generateKeys = promisify(generateKeyPair)

const DAY_MS = 24 * 60 * 60 * 1000

/** Certificates start this long before they are made: clocks in one cluster differ by less. */
export const CLOCK_SKEW_MS = 5 * 60 * 1000

/** A certificate (PEM) and its private key (PKCS #8 PEM, unencrypted). */
export interface KeyPairPem {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** A CA's certificate and key, to issue with. */
export type Authority = KeyPairPem

/** P-256 is the default: made in a millisecond and understood by every Kubernetes client. `rsa` has 2048 bits. */
export type KeyAlgorithm = 'ec' | 'rsa'

/** What a new CA is to be. */
export interface AuthorityRequest {
  readonly commonName: string
  readonly days: number
  readonly keyAlgorithm?: KeyAlgorithm
  /** Five minutes ago, unless given. */
  readonly notBefore?: Date
}

/** What a new certificate is to be. */
export interface CertificateRequest {
  readonly commonName: string
  readonly organization?: string
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly usage: 'server' | 'client'
  readonly days: number
  readonly keyAlgorithm?: KeyAlgorithm
  /** Five minutes ago, unless given. */
  readonly notBefore?: Date
}

/** Makes a self-signed CA that may issue certificates but no further CAs. */
export async function createAuthority(request: AuthorityRequest): Promise<Authority> {
  const keys = await newKeys(request.keyAlgorithm)
  const name = distinguishedName([{ oid: OID.commonName, value: request.commonName }])
  const certificatePem = signCertificate(
    {
      issuer: name,
      subject: name,
      publicKey: keys.publicKey,
      ...validity(request),
      extensions: [
        { oid: OID.basicConstraints, critical: true, value: sequence(TRUE, integer(Buffer.from([0]))) },
        { oid: OID.keyUsage, critical: true, value: bitString(Buffer.from([0x06]), 1) }, // keyCertSign, cRLSign
        subjectKeyIdentifier(keys.publicKey),
      ],
    },
    keys.privateKey,
  )
  return { certificatePem, privateKeyPem: exportKey(keys.privateKey) }
}

/**
 * Makes a key and a certificate for it, signed by the authority. It never outlives the authority's own certificate.
 *
 * @throws TypeError when an IP address or DNS name is none, or the authority's key is neither RSA nor elliptic.
 */
export async function issueCertificate(authority: Authority, request: CertificateRequest): Promise<KeyPairPem> {
  const issuer = new X509Certificate(authority.certificatePem)
  const { name, keyId } = issuerFields(issuer)
  const keys = await newKeys(request.keyAlgorithm)
  const { notBefore, notAfter } = validity(request)
  const certificatePem = signCertificate(
    {
      issuer: name,
      subject: subjectOf(request),
      publicKey: keys.publicKey,
      notBefore,
      notAfter: new Date(Math.min(notAfter.getTime(), issuer.validToDate.getTime())),
      extensions: [
        ...usageExtensions(request, keys.publicKey),
        subjectKeyIdentifier(keys.publicKey),
        ...(keyId === undefined ? [] : [authorityKeyIdentifier(keyId)]),
        ...altNameExtension(request),
      ],
    },
    createPrivateKey(authority.privateKeyPem),
  )
  return { certificatePem, privateKeyPem: exportKey(keys.privateKey) }
}

function subjectOf({ commonName, organization }: CertificateRequest): Der {
  const attributes = [{ oid: OID.commonName, value: commonName }]
  return distinguishedName(
    organization === undefined ? attributes : [{ oid: OID.organization, value: organization }, ...attributes],
  )
}

function usageExtensions({ usage }: CertificateRequest, publicKey: KeyObject): readonly Extension[] {
  // TLS 1.2's RSA key exchange would need keyEncipherment (bit 2); a signature (bit 0) is all that is used otherwise.
  const keyUsage =
    publicKey.asymmetricKeyType === 'rsa' ? bitString(Buffer.from([0xa0]), 5) : bitString(Buffer.from([0x80]), 7)
  const purpose = usage === 'server' ? OID.serverAuth : OID.clientAuth
  return [
    { oid: OID.basicConstraints, critical: true, value: sequence() },
    { oid: OID.keyUsage, critical: true, value: keyUsage },
    { oid: OID.extKeyUsage, critical: false, value: sequence(oid(purpose)) },
  ]
}

function altNameExtension({ dnsNames, ipAddresses }: CertificateRequest): readonly Extension[] {
  const names = [...dnsNames.map(dnsName), ...ipAddresses.map(ipAddress)]
  return names.length === 0 ? [] : [{ oid: OID.subjectAltName, critical: false, value: sequence(...names) }]
}

function dnsName(name: string): Der {
  if (!/^(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(name))
    throw new TypeError(`not a DNS name: ${JSON.stringify(name)}`)
  return implicit(2, Buffer.from(name, 'latin1'))
}

function ipAddress(address: string): Der {
  const version = isIP(address)
  if (version === 0 || address.includes('%')) throw new TypeError(`not an IP address: ${JSON.stringify(address)}`)
  return implicit(7, version === 4 ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address))
}

function ipv6Bytes(address: string): Buffer {
  // A URL writes an address in hexadecimal groups alone, with one `::` at most.
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const [left, right] = [head, tail].map(part => (part === '' ? [] : part.split(':')))
  const zeros = Array.from({ length: 8 - (left?.length ?? 0) - (right?.length ?? 0) }, () => '0')
  const groups = [...(left ?? []), ...zeros, ...(right ?? [])]
  return Buffer.from(groups.map(group => group.padStart(4, '0')).join(''), 'hex')
}

function validity({ days, notBefore }: { readonly days: number; readonly notBefore?: Date }): {
  readonly notBefore: Date
  readonly notAfter: Date
} {
  const start = notBefore ?? new Date(Date.now() - CLOCK_SKEW_MS)
  return { notBefore: start, notAfter: new Date(start.getTime() + days * DAY_MS) }
}

async function newKeys(
  algorithm: KeyAlgorithm = 'ec',
): Promise<{ readonly publicKey: KeyObject; readonly privateKey: KeyObject }> {
  return algorithm === 'rsa'
    ? await generateKeys('rsa', { modulusLength: 2048 })
    : await generateKeys('ec', { namedCurve: 'P-256' })
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
