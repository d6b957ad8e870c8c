import { once } from 'node:events'
import { type ConnectionOptions, connect, getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClientAuth, tlsOptions } from '../../src/server/tls.ts'
import { authority, clientPair, DAY_MS, intermediate, selfSignedPair, serverPair } from '../support/certificates.ts'
import { type CallOptions, call, filesOf, materialOf, startServer, statusOf } from './tls-server.ts'

const servingCa = authority('serving-ca')
const clientCa = authority('client-ca')
const other = authority('client-ca')
const below = intermediate(clientCa)
const belowPair = clientPair(below)

async function start(clientAuth: ClientAuth, pair = serverPair(servingCa)) {
  return startServer(tlsOptions(await materialOf(filesOf(pair, clientCa.certificatePem)), clientAuth))
}

const MATRIX: readonly {
  readonly name: string
  readonly pair?: CallOptions['pair']
  readonly status: number | undefined
}[] = [
  { name: 'the right certificate', pair: clientPair(clientCa), status: 200 },
  {
    name: 'the right certificate with an RSA key',
    pair: clientPair(clientCa, 'kube-apiserver', { key: 'rsa' }),
    status: 200,
  },
  { name: 'the other name of the list', pair: clientPair(clientCa, 'system:kube-apiserver'), status: 200 },
  {
    name: 'the right name as a DNS name only',
    pair: clientPair(clientCa, 'x', { dns: ['kube-apiserver'] }),
    status: 200,
  },
  {
    name: 'a certificate for servers and clients',
    pair: clientPair(clientCa, 'kube-apiserver', { usage: 'both' }),
    status: 200,
  },
  {
    name: 'a CA below the client CA, sent along',
    pair: { ...belowPair, certificatePem: belowPair.certificatePem + below.certificatePem },
    status: 200,
  },
  {
    name: 'the same CA, a kubelet',
    pair: clientPair(clientCa, 'system:node:n1', { organization: 'system:nodes' }),
    status: 403,
  },
  { name: 'the same CA, a longer name', pair: clientPair(clientCa, 'kube-apiserver.example'), status: 403 },
  { name: 'the same CA, another case', pair: clientPair(clientCa, 'Kube-Apiserver'), status: 403 },
  {
    name: 'the right name in the organization',
    pair: clientPair(clientCa, 'x', { organization: 'kube-apiserver' }),
    status: 403,
  },
  { name: 'another CA of the same name', pair: clientPair(other), status: undefined },
  { name: 'the CA of the serving certificate', pair: clientPair(servingCa), status: undefined },
  { name: 'no CA at all', pair: selfSignedPair('kube-apiserver'), status: undefined },
  { name: 'no certificate', status: undefined },
  {
    name: 'an expired one',
    pair: clientPair(clientCa, 'kube-apiserver', { notAfter: new Date(Date.now() - 1000) }),
    status: undefined,
  },
  {
    name: 'one that is not valid yet',
    pair: clientPair(clientCa, 'kube-apiserver', { notBefore: new Date(Date.now() + DAY_MS) }),
    status: undefined,
  },
  {
    name: 'key usage for servers only',
    pair: clientPair(clientCa, 'kube-apiserver', { usage: 'server' }),
    status: undefined,
  },
  { name: 'a CA below the client CA, not sent', pair: belowPair, status: undefined },
]

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('P30 %s, client certificate required', version => {
  test.each(MATRIX)('P30 $name: $status', async ({ pair, status }) => {
    const { port, handshakes } = await start('require')
    const answer = await call(port, { ca: servingCa, minVersion: version, maxVersion: version, ...(pair && { pair }) })
    expect(statusOf(answer)).toBe(status)
    expect(handshakes()).toBe(status === undefined ? 0 : 1)
    if ('body' in answer) expect(JSON.parse(answer.body)).toMatchObject({ protocol: version, verified: true })
  })

  test.each(['ec', 'rsa'] as const)('P30 serves with a key of type %s', async key => {
    const { port } = await start('require', serverPair(servingCa, { key }))
    const answer = await call(port, {
      ca: servingCa,
      pair: clientPair(clientCa),
      minVersion: version,
      maxVersion: version,
    })
    expect(statusOf(answer)).toBe(200)
  })
})

test('P30 TLS 1.1 is refused by the gateway, and not only by the client', async () => {
  // At OpenSSL's security level 0 both sides could speak it; the control shows that the client does.
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const options = tlsOptions(await materialOf(filesOf(serverPair(servingCa), clientCa.certificatePem)), 'require')
  const lax = { ...options, ciphers: `${options.ciphers}:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0` }
  const control = await startServer({ ...lax, minVersion: 'TLSv1' })
  const pair = clientPair(clientCa)
  expect(statusOf(await call(control.port, { ca: servingCa, pair, ...old }))).toBe(200)
  for (const strict of [options, lax]) {
    const { port, handshakes } = await startServer(strict)
    expect(await call(port, { ca: servingCa, pair, ...old })).toMatchObject({
      error: expect.stringContaining('protocol version'),
    })
    expect(handshakes()).toBe(0)
  }
})

describe('P31 without the requirement', () => {
  const cases: readonly { clientAuth: ClientAuth; name: string; pair?: CallOptions['pair']; identity: object }[] = [
    { clientAuth: 'observe', name: 'no certificate', identity: { presented: false, verified: false, names: [] } },
    {
      clientAuth: 'observe',
      name: 'the right one',
      pair: clientPair(clientCa),
      identity: { presented: true, verified: true, names: ['kube-apiserver'] },
    },
    {
      clientAuth: 'observe',
      name: 'the right name of another CA',
      pair: clientPair(other),
      identity: { presented: true, verified: false, names: ['kube-apiserver'] },
    },
    {
      clientAuth: 'none',
      name: 'a certificate nobody asks for',
      pair: clientPair(clientCa),
      identity: { presented: false, verified: false, names: [] },
    },
  ]
  test.each(cases)('P31 $clientAuth: $name', async ({ clientAuth, pair, identity }) => {
    const { port } = await start(clientAuth)
    const answer = await call(port, { ca: servingCa, ...(pair && { pair }) })
    expect('body' in answer && JSON.parse(answer.body)).toMatchObject(identity)
  })
})

test('without a client CA nobody is verified, not even by a CA that Node itself trusts', async () => {
  const defaults = getCACertificates('default')
  onTestFinished(() => setDefaultCACertificates(defaults))
  setDefaultCACertificates([clientCa.certificatePem])
  const options = tlsOptions(await materialOf(filesOf(serverPair(servingCa))), 'require')
  const pair = clientPair(clientCa)
  const { port, server } = await startServer(options)
  expect(statusOf(await call(port, { ca: servingCa, pair }))).toBeUndefined()
  server.setSecureContext(options)
  expect(statusOf(await call(port, { ca: servingCa, pair }))).toBeUndefined()
  const { ca: _, ...careless } = options
  server.setSecureContext(careless)
  expect(statusOf(await call(port, { ca: servingCa, pair }))).toBe(200)
})

test('speaks HTTP/1.1 only: h2 alone is refused, h2 or http/1.1 is http/1.1', async () => {
  const { port } = await start('require')
  expect(await handshake(port, { ALPNProtocols: ['h2'] })).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
  expect(await handshake(port, { ALPNProtocols: ['h2', 'http/1.1'] })).toMatchObject({ alpnProtocol: 'http/1.1' })
})

test('a connection cannot be renegotiated, so its certificate stays the one of its handshake', async () => {
  const { port } = await start('require')
  const socket = await handshake(port, { maxVersion: 'TLSv1.2' })
  if (typeof socket === 'string') throw new Error(socket)
  const error = await new Promise(resolve => {
    socket.once('error', resolve)
    socket.renegotiate({ rejectUnauthorized: false }, resolve)
  })
  expect(error).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' })
})

async function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket | string> {
  const { certificatePem: cert, privateKeyPem: key } = clientPair(clientCa)
  const socket = connect({ host: '127.0.0.1', port, ca: servingCa.certificatePem, cert, key, ...options })
  onTestFinished(() => void socket.destroy())
  try {
    await once(socket, 'secureConnect')
    return socket
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
