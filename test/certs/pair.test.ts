import { createPrivateKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { validatePair } from '../../src/certs/pair.ts'
import { describeCertificateProblem } from '../../src/certs/pem.ts'
import { authority, DAY_MS, intermediate, selfSignedPair, serverPair } from '../support/certificates.ts'

const NOW = new Date('2027-01-10T00:00:00Z')
const at = (days: number) => new Date(NOW.getTime() + days * DAY_MS)
const TIMES = { notBefore: at(-5), notAfter: at(5) }

const root = authority('root', { ...TIMES, key: 'rsa' })
const below = intermediate(root, 'below', TIMES)
const expiredBelow = intermediate(root, 'expired', { notBefore: at(-5), notAfter: at(-1) })
const pair = serverPair(below, TIMES)
const other = serverPair(below, TIMES)
const rsa = serverPair(below, { ...TIMES, key: 'rsa' })
const underExpired = serverPair(expiredBelow, TIMES)

function problems(certificate: string, privateKey: string, now = NOW): readonly string[] {
  const result = validatePair(
    { certificate: { file: 'tls.crt', pem: certificate }, privateKey: { file: 'tls.key', pem: privateKey } },
    now,
  )
  return result.ok ? [] : result.problems.map(describeCertificateProblem)
}

const MISMATCH = '; use the key and the certificate that were issued together'
const expired = serverPair(below, { notBefore: at(-5), notAfter: at(-1) })
const unnamed = serverPair(below, { ...TIMES, dns: [], ip: [], usage: 'client' })
const selfSigned = selfSignedPair('x', { ...TIMES, dns: ['x.svc'] })
const anyUsage = serverPair(below, { ...TIMES, usage: 'none' })
const encrypted = createPrivateKey(pair.privateKeyPem)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString()
const encryptedPkcs1 = createPrivateKey(rsa.privateKeyPem)
  .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString()
const sec1 = createPrivateKey(pair.privateKeyPem).export({ type: 'sec1', format: 'pem' }).toString()

test.each([
  ['a certificate alone', pair.certificatePem, pair.privateKeyPem, []],
  ['a whole chain', pair.certificatePem + below.certificatePem + root.certificatePem, pair.privateKeyPem, []],
  [
    'text between the blocks',
    `subject: x\r\n${pair.certificatePem}\r\n# CA\n${below.certificatePem}`,
    `key:\n${pair.privateKeyPem}`,
    [],
  ],
  ['a key in the older form', pair.certificatePem, sec1, []],
  ['both in one file', pair.privateKeyPem + pair.certificatePem, pair.certificatePem + pair.privateKeyPem, []],
  ['an RSA pair', rsa.certificatePem, rsa.privateKeyPem, []],
  ['one that signs itself', selfSigned.certificatePem, selfSigned.privateKeyPem, []],
  ['one that does not restrict its use', anyUsage.certificatePem, anyUsage.privateKeyPem, []],
  [
    'the key of another',
    pair.certificatePem,
    other.privateKeyPem,
    [`tls.key: the key (ec) does not belong to the certificate (EC prime256v1) in tls.crt${MISMATCH}`],
  ],
  [
    'an RSA key',
    pair.certificatePem,
    rsa.privateKeyPem,
    [`tls.key: the key (rsa) does not belong to the certificate (EC prime256v1) in tls.crt${MISMATCH}`],
  ],
  [
    'an EC key',
    rsa.certificatePem,
    pair.privateKeyPem,
    [`tls.key: the key (ec) does not belong to the certificate (RSA 2048) in tls.crt${MISMATCH}`],
  ],
  [
    'the chain upside down',
    root.certificatePem + below.certificatePem + pair.certificatePem,
    pair.privateKeyPem,
    [
      'tls.crt: the key in tls.key belongs to certificate 3, not to the first; put the serving certificate first and its issuers after it',
    ],
  ],
  [
    'a chain out of order',
    pair.certificatePem + root.certificatePem + below.certificatePem,
    pair.privateKeyPem,
    ['2 did not issue certificate 1', '3 did not issue certificate 2'].map(
      text =>
        `tls.crt: certificate ${text}; after the serving certificate, put its issuer, then the issuer of that one, and nothing else`,
    ),
  ],
  [
    'an expired one',
    expired.certificatePem,
    expired.privateKeyPem,
    ['tls.crt: the certificate expired at 2027-01-09T00:00:00.000Z; issue a new one'],
  ],
  [
    'an expired issuer',
    underExpired.certificatePem + expiredBelow.certificatePem,
    underExpired.privateKeyPem,
    ['tls.crt: certificate 2 expired at 2027-01-09T00:00:00.000Z; issue a new one'],
  ],
  [
    'no name and the wrong use',
    unnamed.certificatePem,
    unnamed.privateKeyPem,
    [
      'tls.crt: the certificate is not for servers (extended key usage: clientAuth); issue it with the extended key usage serverAuth',
      'tls.crt: the certificate has no subject alternative name; issue it with the DNS name <service>.<namespace>.svc: API servers do not look at the common name',
    ],
  ],
  [
    'an encrypted key',
    pair.certificatePem,
    encrypted,
    ['tls.key: the private key is encrypted; store it unencrypted: there is nobody to ask for its passphrase'],
  ],
  [
    'an encrypted older key',
    rsa.certificatePem,
    encryptedPkcs1,
    ['tls.key: the private key is encrypted; store it unencrypted: there is nobody to ask for its passphrase'],
  ],
  [
    'a mangled key',
    pair.certificatePem,
    pair.privateKeyPem.replace(/\n.{10}/, '\n'),
    ['tls.key: the private key cannot be read; the file is mangled: write it again'],
  ],
])('%s', (_, certificate, privateKey, expected) => {
  expect(problems(certificate, privateKey)).toEqual(expected)
})

test('a certificate is good to the second, and five minutes early for clocks that lag', () => {
  const { certificatePem, privateKeyPem } = pair
  const good = (time: number) => problems(certificatePem, privateKeyPem, new Date(time)).length === 0
  const [start, end] = [at(-5).getTime(), at(5).getTime()]
  expect([start - 300_001, start - 300_000, end - 1, end].map(good)).toEqual([false, true, true, false])
})
