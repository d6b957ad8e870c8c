import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type CertificateFacts, inspectCertificates } from '../../src/certs/inspect.ts'
import { createAuthority, issueCertificate } from '../../src/certs/issue.ts'
import { isTrusted } from '../../src/certs/trust.ts'
import { issuerFields } from '../../src/certs/x509.ts'
import { DAY_MS } from '../support/certificates.ts'

const request = {
  commonName: 'portcullis',
  dnsNames: ['a.svc', '*.b.svc'],
  ipAddresses: ['127.0.0.1', '::1', 'fe80::1:2', '::ffff:10.1.2.3', '1::'],
  usage: 'server',
  days: 30,
} as const

function factsOf(pem: string): CertificateFacts {
  const result = inspectCertificates({ file: 'x', pem })
  const [facts] = result.ok ? result.value : []
  if (facts === undefined) throw new Error('no certificate')
  return facts
}

describe.each([
  ['ec', 'ec', 'EC prime256v1'],
  ['ec', 'rsa', 'RSA 2048'],
  ['rsa', 'ec', 'EC prime256v1'],
] as const)('a CA with a key of type %s, a certificate with %s', (caAlgorithm, keyAlgorithm, keyType) => {
  test('says what was asked for and is signed by the CA', async () => {
    const ca = await createAuthority({ commonName: 'my-ca', days: 365, keyAlgorithm: caAlgorithm })
    const pair = await issueCertificate(ca, { ...request, organization: 'o', keyAlgorithm })
    expect(factsOf(pair.certificatePem)).toMatchObject({
      commonNames: ['portcullis'],
      subject: 'O=o, CN=portcullis',
      issuer: 'CN=my-ca',
      altNames: [
        { kind: 'DNS', value: 'a.svc' },
        { kind: 'DNS', value: '*.b.svc' },
        ...['127.0.0.1', '::1', 'fe80::1:2', '::ffff:10.1.2.3', '1::'].map(value => ({ kind: 'IP Address', value })),
      ],
      isCa: false,
      usages: ['serverAuth'],
      keyType,
    })
    expect(factsOf(ca.certificatePem)).toMatchObject({
      subject: 'CN=my-ca',
      issuer: 'CN=my-ca',
      isCa: true,
      usages: [],
      altNames: [],
    })
    const [certificate, issuer] = [new X509Certificate(pair.certificatePem), new X509Certificate(ca.certificatePem)]
    expect(certificate.checkPrivateKey(createPrivateKey(pair.privateKeyPem))).toBe(true)
    expect(issuer.checkPrivateKey(createPrivateKey(ca.privateKeyPem))).toBe(true)
    expect(isTrusted(certificate, [issuer], new Date())).toBe(true)
    expect(certificate.toString()).toBe(pair.certificatePem)
  })
})

test('starts five minutes ago, since clocks differ, and lasts as many days as asked', async () => {
  const ago = () => Math.floor((Date.now() - 5 * 60_000) / 1000) * 1000
  const before = ago()
  const ca = await createAuthority({ commonName: 'ca', days: 10 })
  const { notBefore, notAfter } = factsOf(ca.certificatePem)
  expect(notBefore.getTime()).toBeGreaterThanOrEqual(before)
  expect(notBefore.getTime()).toBeLessThanOrEqual(ago())
  expect(notAfter.getTime() - notBefore.getTime()).toBe(10 * DAY_MS)
})

test.each([
  ['through 2049', '2049-12-31T23:00:00.000Z'],
  ['from 2050 on', '2050-01-01T00:00:00.000Z'],
])('dates are right %s', async (_, start) => {
  const ca = await createAuthority({ commonName: 'ca', days: 3, notBefore: new Date(start) })
  const { notBefore, notAfter } = factsOf(ca.certificatePem)
  expect([notBefore.toISOString(), notAfter.getTime() - notBefore.getTime()]).toEqual([start, 3 * DAY_MS])
})

test('a certificate does not outlive its CA', async () => {
  const ca = await createAuthority({ commonName: 'ca', days: 10 })
  const pair = await issueCertificate(ca, { ...request, days: 1000 })
  expect(factsOf(pair.certificatePem).notAfter).toEqual(factsOf(ca.certificatePem).notAfter)
})

test('serial numbers are 16 bytes, positive and different', async () => {
  const ca = await createAuthority({ commonName: 'ca', days: 10 })
  const serials = await Promise.all(
    Array.from({ length: 20 }, async () => factsOf((await issueCertificate(ca, request)).certificatePem).serialNumber),
  )
  expect(new Set(serials).size).toBe(20)
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
})

test('names its CA by name and key identifier', async () => {
  const ca = new X509Certificate((await createAuthority({ commonName: 'ca', days: 10 })).certificatePem)
  expect(issuerFields(ca).keyId).toHaveLength(20)
})

test.each([
  [{ dnsNames: ['a b'] }, 'not a DNS name: "a b"'],
  [{ dnsNames: ['a,DNS:b'] }, 'not a DNS name: "a,DNS:b"'],
  [{ dnsNames: [''] }, 'not a DNS name: ""'],
  [{ ipAddresses: ['127.0.0.256'] }, 'not an IP address: "127.0.0.256"'],
  [{ ipAddresses: ['fe80::1%eth0'] }, 'not an IP address: "fe80::1%eth0"'],
])('%j is refused', async (names, message) => {
  const ca = await createAuthority({ commonName: 'ca', days: 10 })
  await expect(issueCertificate(ca, { ...request, ...names })).rejects.toThrow(new TypeError(message))
})
