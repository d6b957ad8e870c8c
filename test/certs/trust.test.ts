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
    trust: TestAuthority[]
    trusted: boolean
  }[] = [
    { name: 'the root itself', certificate: leaf(root), trust: [root], trusted: true },
    { name: 'one of several', certificate: leaf(root), trust: [other, root], trusted: true },
    { name: 'the root renewed with its key', certificate: leaf(root), trust: [renewed(root)], trusted: true },
    { name: 'two between', certificate: leaf(deep), trust: [deep, below, root], trusted: true },
    { name: 'two between, in another order', certificate: leaf(deep), trust: [below, root, deep], trusted: true },
    { name: 'another root of the same name', certificate: leaf(root), trust: [other], trusted: false },
    { name: 'a gap', certificate: leaf(deep), trust: [root, deep], trusted: false },
    { name: 'a gap below a root', certificate: leaf(below), trust: [root, deep], trusted: false },
    { name: 'no root in the bundle', certificate: leaf(below), trust: [below], trusted: false },
    { name: 'an empty bundle', certificate: leaf(root), trust: [], trusted: false },
    { name: 'an expired certificate', certificate: leaf(root, PAST), trust: [root], trusted: false },
    { name: 'one that is not valid yet', certificate: leaf(root, FUTURE), trust: [root], trusted: false },
    { name: 'an expired root', certificate: leaf(expiredRoot), trust: [expiredRoot], trusted: false },
    {
      name: 'an expired one between',
      certificate: leaf(expiredBelow),
      trust: [expiredBelow, root],
      trusted: false,
    },
    { name: 'one between that is no CA', certificate: leaf(noCa), trust: [noCa, root], trusted: false },
    { name: 'a root that is no CA', certificate: leaf(noCaRoot), trust: [noCaRoot], trusted: false },
    {
      name: 'a self-signed client certificate in the bundle',
      certificate: noCaRoot.certificate,
      trust: [noCaRoot],
      trusted: false,
    },
  ]
  test.each(cases)('$name: $trusted', ({ certificate, trust, trusted }) => {
    const certificates = trust.map(authority => authority.certificate)
    expect(isTrusted(certificate, certificates, NOW)).toBe(trusted)
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
