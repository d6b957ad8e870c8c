import { expect, test } from 'vitest'
import { inspectCertificates } from '../../src/certs/inspect.ts'
import { describeCertificateProblem, readCertificates, splitPem } from '../../src/certs/pem.ts'
import { authority, serverPair } from '../support/certificates.ts'

const ca = authority()
const { certificatePem, privateKeyPem } = serverPair(ca)

function problem(pem: string): string | undefined {
  const result = readCertificates({ file: 'x.pem', pem })
  return result.ok ? undefined : result.problems.map(describeCertificateProblem).join('\n')
}

const CUT = 'the file is cut short or mangled: write it again'

test.each([
  ['nothing', '', 'x.pem: holds no certificate; it must hold a CERTIFICATE block'],
  [
    'a key',
    privateKeyPem,
    'x.pem: holds no certificate; it must hold a CERTIFICATE block, but holds only: PRIVATE KEY',
  ],
  ['DER', '\x30\x82\x01', 'x.pem: holds no certificate; it must hold a CERTIFICATE block'],
  ['no end', certificatePem.slice(0, -30), `x.pem: block 1 (CERTIFICATE) has no end; ${CUT}`],
  [
    'an end that belongs to the next',
    certificatePem.slice(0, -30) + certificatePem,
    `x.pem: block 1 (CERTIFICATE) has no end; ${CUT}`,
  ],
  [
    'a second without an end',
    `${certificatePem}-----BEGIN CERTIFICATE-----\n`,
    `x.pem: block 2 (CERTIFICATE) has no end; ${CUT}`,
  ],
  [
    'garbage inside',
    `${certificatePem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    'x.pem: certificate 2 cannot be read; the file is mangled: write it again',
  ],
  ['a good one', certificatePem, undefined],
])('%s', (_, pem, expected) => {
  expect(problem(pem)).toBe(expected)
})

test('P39 1,000 certificates are read, 1,001 are refused', () => {
  expect(problem(certificatePem.repeat(1000))).toBeUndefined()
  expect(problem(certificatePem.repeat(1001))).toBe('x.pem: holds more than 1000 PEM blocks; remove what is not needed')
})

test('P39 more than 1 MiB is refused', () => {
  const filler = '#'.repeat(1024 * 1024 - certificatePem.length)
  expect(problem(certificatePem + filler)).toBeUndefined()
  const expected = 'x.pem: is larger than 1048576 bytes; use a file that holds only the certificates needed'
  expect(problem(`${certificatePem}${filler}#`)).toBe(expected)
  // Bytes count, not characters.
  expect(problem(certificatePem + filler.slice(1).replaceAll('#', 'é'))).toBe(expected)
})

test('P39 a mebibyte of beginnings takes no time', () => {
  const started = performance.now()
  expect(problem('-----BEGIN '.repeat(95_000))).toBe('x.pem: holds no certificate; it must hold a CERTIFICATE block')
  expect(problem('-----BEGIN A-----'.repeat(60_000))).toBe(`x.pem: block 1 (A) has no end; ${CUT}`)
  expect(problem('-----BEGIN A-----\n-----END B-----\n'.repeat(29_000))).toContain('has no end')
  expect(performance.now() - started).toBeLessThan(5000)
})

test('blocks come as they stand, without what is between them', () => {
  const result = splitPem({ file: 'x', pem: `# a\n${certificatePem}# b\n${privateKeyPem}# c` })
  expect(result.ok && result.value).toEqual([
    { label: 'CERTIFICATE', pem: certificatePem },
    { label: 'PRIVATE KEY', pem: privateKeyPem },
  ])
})

test('inspecting tells all certificates in their order', () => {
  const result = inspectCertificates({ file: 'x', pem: certificatePem + ca.certificatePem })
  expect(result.ok && result.value.map(({ subject, isCa }) => [subject, isCa])).toEqual([
    ['CN=portcullis', false],
    ['CN=test-ca', true],
  ])
})
