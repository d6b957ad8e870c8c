import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { describeCertificateProblem } from '../../src/certs/pem.ts'
import { isTrusted, readTrust } from '../../src/certs/trust.ts'
import {
  authority,
  clientPair,
  DAY_MS,
  intermediate,
  renewed,
  selfSignedPair,
  type TestAuthority,
} from '../support/certificates.ts'

const NOW = new Date()
const PAST = { notBefore: new Date(NOW.getTime() - 9 * DAY_MS), notAfter: new Date(Date.UTC(2024, 0, 1)) }
const FUTURE = { notBefore: new Date(NOW.getTime() + DAY_MS) }

const root = authority('root')
const other = authority('root')
const below = intermediate(root, 'below')
const deep = intermediate(below, 'deep')
const expiredRoot = authority('root', { ...PAST, notBefore: new Date(Date.UTC(2023, 0, 1)) })
const expiredBelow = intermediate(root, 'expired', { ...PAST, notBefore: new Date(Date.UTC(2023, 0, 1)) })
const noCa = intermediate(root, 'leaf', { isCa: false })
const noCaRoot = authority('leaf', { isCa: false })
const leaf = (issuer: TestAuthority, overrides = {}) =>
  new X509Certificate(clientPair(issuer, 'x', overrides).certificatePem)

describe('isTrusted', () => {
  const cases: readonly {
    name: string
    certificate: X509Certificate
    sent?: TestAuthority[]
    trust: TestAuthority[]
    trusted: boolean
  }[] = [
    { name: 'the root itself', certificate: leaf(root), trust: [root], trusted: true },
    { name: 'one of several', certificate: leaf(root), trust: [other, root], trusted: true },
    { name: 'the root renewed with its key', certificate: leaf(root), trust: [renewed(root)], trusted: true },
    { name: 'two between, sent along', certificate: leaf(deep), sent: [deep, below], trust: [root], trusted: true },
    {
      name: 'two between, sent in another order',
      certificate: leaf(deep),
      sent: [below, root, deep],
      trust: [root],
      trusted: true,
    },
    { name: 'one sent, one in the bundle', certificate: leaf(deep), sent: [deep], trust: [below, root], trusted: true },
    { name: 'another root of the same name', certificate: leaf(root), trust: [other], trusted: false },
    { name: 'a root that was only sent', certificate: leaf(root), sent: [root], trust: [other], trusted: false },
    { name: 'a gap', certificate: leaf(deep), sent: [deep], trust: [root], trusted: false },
    { name: 'no root in the bundle', certificate: leaf(below), trust: [below], trusted: false },
    { name: 'an empty bundle', certificate: leaf(root), sent: [root], trust: [], trusted: false },
    { name: 'an expired certificate', certificate: leaf(root, PAST), trust: [root], trusted: false },
    { name: 'one that is not valid yet', certificate: leaf(root, FUTURE), trust: [root], trusted: false },
    { name: 'an expired root', certificate: leaf(expiredRoot), trust: [expiredRoot], trusted: false },
    {
      name: 'an expired one between',
      certificate: leaf(expiredBelow),
      sent: [expiredBelow],
      trust: [root],
      trusted: false,
    },
    { name: 'one between that is no CA', certificate: leaf(noCa), sent: [noCa], trust: [root], trusted: false },
    { name: 'a root that is no CA', certificate: leaf(noCaRoot), trust: [noCaRoot], trusted: false },
    {
      name: 'a self-signed client certificate in the bundle',
      certificate: noCaRoot.certificate,
      trust: [noCaRoot],
      trusted: false,
    },
  ]
  test.each(cases)('$name: $trusted', ({ certificate, sent = [], trust, trusted }) => {
    const certificates = (authorities: readonly TestAuthority[]) => authorities.map(authority => authority.certificate)
    expect(isTrusted(certificate, certificates(sent), certificates(trust), NOW)).toBe(trusted)
  })

  test('many issuers of one name end the search soon', () => {
    const lookalikes = Array.from({ length: 100 }, () => renewed(below))
    const started = performance.now()
    expect(
      isTrusted(
        leaf(below),
        lookalikes.map(({ certificate }) => certificate),
        [other.certificate],
        NOW,
      ),
    ).toBe(false)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe('readTrust', () => {
  const text = (...authorities: readonly { certificatePem: string }[]) =>
    authorities.map(({ certificatePem }) => certificatePem).join('')
  test.each([
    ['a root', text(root), undefined],
    ['a root with one below', text(below, root), undefined],
    ['an expired one beside a good one', text(expiredRoot, root), undefined],
    [
      'no CA',
      text(selfSignedPair('x')),
      'holds no CA certificate; use the certificate of the CA that issues the client certificates',
    ],
    [
      'expired ones only',
      text(expiredRoot),
      'all CA certificates expired by 2024-01-01T00:00:00.000Z; use the CA certificate that is in force',
    ],
    [
      'one that is not valid yet',
      text(authority('x', FUTURE)),
      'all CA certificates are not valid yet; use the CA certificate that is in force',
    ],
    [
      'no root',
      text(below),
      'holds no root: every CA certificate in it was issued by another; add the root certificate',
    ],
  ])('%s', (_, pem, expected) => {
    const result = readTrust({ file: 'ca.crt', pem }, NOW)
    expect(result.ok ? undefined : result.problems.map(describeCertificateProblem).join()).toBe(
      expected && `ca.crt: ${expected}`,
    )
  })
})
