import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commonNames, parseAltNames } from '../../src/certs/names.ts'
import { authority, clientPair } from '../support/certificates.ts'

const ca = authority()
const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
  maxLength: 40,
})
const tricky = fc.oneof(
  latin1,
  fc.string({ unit: fc.constantFrom(',', ' ', '"', '\\', ':', 'DNS', 'URI', "'", 'a', '\n', '\0'), maxLength: 12 }),
)

// forge takes the tag [2] for an INTEGER's and drops what an INTEGER does not need at its start.
const dnsName = tricky.filter(name => !/^[\0\xff]/.test(name))

test('whatever is in a certificate comes back out: as many names, each as it was', () => {
  fc.assert(
    fc.property(fc.array(dnsName, { minLength: 1, maxLength: 4 }), fc.array(tricky, { maxLength: 3 }), (dns, uris) => {
      const certificate = new X509Certificate(clientPair(ca, 'x', { dns, uris }).certificatePem)
      expect(parseAltNames(certificate.subjectAltName)).toEqual([
        ...dns.map(value => ({ kind: 'DNS', value })),
        ...uris.map(value => ({ kind: 'URI', value })),
      ])
    }),
    { numRuns: 300 },
  )
})

test('every common name comes back out', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fc.array(name, { maxLength: 3 }), values => {
      const certificate = new X509Certificate(
        clientPair(ca, '', { commonNames: values, organization: 'CN=o' }).certificatePem,
      )
      expect(commonNames(certificate)).toEqual(values)
    }),
    { numRuns: 200 },
  )
})

test.each([
  [undefined, []],
  ['', []],
  ['DNS:a', [{ kind: 'DNS', value: 'a' }]],
  [
    'DNS:a, DNS:"b\\u002c c"',
    [
      { kind: 'DNS', value: 'a' },
      { kind: 'DNS', value: 'b, c' },
    ],
  ],
  ['IP Address:0:0:0:0:0:0:0:1', [{ kind: 'IP Address', value: '::1' }]],
  ['IP Address:<invalid length=3>', [{ kind: 'IP Address', value: '<invalid length=3>' }]],
  ['DNS', []],
  ['DNS:a,DNS:b', []],
  ['DNS:a, "DNS:b"', []],
  ['DNS:"a" b, DNS:c', []],
  ['DNS:a"b, DNS:c', []],
  ['DNS:"a', []],
  ['DNS:"\\x", DNS:c', []],
])('the text %j', (text, names) => {
  expect(parseAltNames(text)).toEqual(names)
})
