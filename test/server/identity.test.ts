import { X509Certificate } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { type Der, explicit, implicit, oid, utf8 } from '../../src/certs/der.ts'
import { distinguishedName, OID } from '../../src/certs/x509.ts'
import { type ClientIdentity, clientIdentity, isAllowedClient } from '../../src/server/identity.ts'
import { authority, clientPair, type Overrides } from '../support/certificates.ts'

const ca = authority()
const ALLOWED = ['kube-apiserver']

function identityOf(commonName: string, overrides: Overrides = {}, authorized = true): ClientIdentity {
  const certificate = new X509Certificate(clientPair(ca, commonName, overrides).certificatePem)
  return clientIdentity({ authorized, getPeerX509Certificate: () => certificate })
}

/** An otherName that Node prints as text: the user principal name of Microsoft. */
function otherName(text: string): Der {
  return { ...explicit(0, utf8('')), value: [oid('1.3.6.1.4.1.311.20.2.3'), explicit(0, utf8(text))] }
}

test('names are the common name, then the alternative names in their order, each once', () => {
  const overrides = {
    ...{ dns: ['a.example', 'kube-apiserver', 'a.example'], ip: ['10.0.0.1'] },
    ...{ uris: ['spiffe://cluster.local/ns/x/sa/y'], emails: ['a@example.com'], organization: 'system:masters' },
  }
  expect(identityOf('kube-apiserver', overrides)).toEqual({
    presented: true,
    verified: true,
    names: ['kube-apiserver', 'a.example', '10.0.0.1', 'spiffe://cluster.local/ns/x/sa/y', 'a@example.com'],
  })
})

test('an IPv6 address has the form in which people write it', () => {
  const otherNames = [
    implicit(7, Buffer.from('00000000000000000000000000000001', 'hex')),
    implicit(7, Buffer.from('20010db8000000000000000000000010', 'hex')),
  ]
  expect(identityOf('x', { otherNames }).names).toEqual(['x', '::1', '2001:db8::10'])
})

describe('a name cannot be smuggled into another', () => {
  const cases: readonly {
    readonly name: string
    readonly commonName?: string
    readonly overrides?: Overrides
    readonly names: readonly string[]
  }[] = [
    {
      name: 'a URI with a comma',
      overrides: { uris: ['http://x/, DNS:kube-apiserver'] },
      names: ['x', 'http://x/, DNS:kube-apiserver'],
    },
    {
      name: 'a URI with quotes',
      overrides: { uris: ['a", DNS:"kube-apiserver'] },
      names: ['x', 'a", DNS:"kube-apiserver'],
    },
    {
      name: 'a URI with a backslash',
      overrides: { uris: ['a\\", DNS:kube-apiserver, URI:\\'] },
      names: ['x', 'a\\", DNS:kube-apiserver, URI:\\'],
    },
    {
      name: 'a DNS name with a line break',
      overrides: { dns: ['a\nkube-apiserver'] },
      names: ['x', 'a\nkube-apiserver'],
    },
    {
      name: 'a DNS name with a NUL',
      overrides: { dns: ['kube-apiserver\0.evil.example'] },
      names: ['x', 'kube-apiserver\0.evil.example'],
    },
    {
      name: 'a DNS name that looks escaped',
      overrides: { dns: ['"kube-apiserver"'] },
      names: ['x', '"kube-apiserver"'],
    },
    {
      name: 'an e-mail name with a comma',
      overrides: { emails: ['a@b, DNS:kube-apiserver'] },
      names: ['x', 'a@b, DNS:kube-apiserver'],
    },
    { name: 'a colon', overrides: { dns: ['DNS:kube-apiserver'] }, names: ['x', 'DNS:kube-apiserver'] },
    {
      name: 'white space',
      overrides: { dns: [' kube-apiserver', 'kube-apiserver '] },
      names: ['x', ' kube-apiserver', 'kube-apiserver '],
    },
    { name: 'an empty name', overrides: { dns: ['', 'b'] }, names: ['x', '', 'b'] },
    {
      name: 'a directory name',
      overrides: {
        otherNames: [explicit(4, distinguishedName([{ oid: OID.commonName, value: 'kube-apiserver' }]))],
        dns: ['b'],
      },
      names: ['x', 'b'],
    },
    {
      name: 'another kind of name',
      overrides: { otherNames: [otherName('a, DNS:kube-apiserver')], dns: ['b'] },
      names: ['x', 'b'],
    },
    {
      name: 'a registered identifier',
      overrides: { otherNames: [implicit(8, Buffer.from([0x2a, 3, 4]))] },
      names: ['x'],
    },
    { name: 'a common name with a line break', commonName: 'x\nCN=kube-apiserver', names: ['x\nCN=kube-apiserver'] },
    { name: 'a common name with a plus', commonName: 'x + CN=kube-apiserver', names: ['x + CN=kube-apiserver'] },
    { name: 'a common name with a comma', commonName: 'x, CN=kube-apiserver', names: ['x, CN=kube-apiserver'] },
    { name: 'a common name with a NUL', commonName: 'kube-apiserver\0.example', names: ['kube-apiserver\0.example'] },
    { name: 'an organization with a line break', overrides: { organization: 'o\nCN=kube-apiserver' }, names: ['x'] },
    { name: 'two common names', overrides: { commonNames: ['kube-apiserver', 'x'] }, names: [] },
    { name: 'two common names, the other way', overrides: { commonNames: ['x', 'kube-apiserver'] }, names: [] },
    { name: 'the same common name twice', overrides: { commonNames: ['kube-apiserver', 'kube-apiserver'] }, names: [] },
    { name: 'no common name', overrides: { commonNames: [] }, names: [] },
  ]
  test.each(cases)('$name', ({ commonName = 'x', overrides, names }) => {
    const identity = identityOf(commonName, overrides)
    expect(identity.names).toEqual(names)
    expect(isAllowedClient(identity, ALLOWED)).toBe(false)
  })
})

test('two common names do not take away an alternative name', () => {
  const identity = identityOf('', { commonNames: ['a', 'b'], dns: ['kube-apiserver'] })
  expect(identity.names).toEqual(['kube-apiserver'])
  expect(isAllowedClient(identity, ALLOWED)).toBe(true)
})

test('a certificate that was not verified has names and is not allowed; no certificate is nobody', () => {
  const unverified = identityOf('kube-apiserver', {}, false)
  expect(unverified).toEqual({ presented: true, verified: false, names: ['kube-apiserver'] })
  expect(isAllowedClient(unverified, ALLOWED)).toBe(false)
  const nobody = clientIdentity({ authorized: true, getPeerX509Certificate: () => undefined })
  expect(nobody).toEqual({ presented: false, verified: false, names: [] })
  expect(isAllowedClient({ ...nobody, verified: true }, ALLOWED)).toBe(false)
})

test('an empty list allows nobody', () => {
  expect(isAllowedClient(identityOf('kube-apiserver'), [])).toBe(false)
})

test('the identity of a verified connection is read once', () => {
  const certificate = new X509Certificate(clientPair(ca).certificatePem)
  const getPeerX509Certificate = vi.fn(() => certificate)
  const socket = { authorized: true, getPeerX509Certificate }
  expect(clientIdentity(socket)).toBe(clientIdentity(socket))
  expect(getPeerX509Certificate).toHaveBeenCalledTimes(1)
})
