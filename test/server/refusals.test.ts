import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import pino from 'pino'
import { describe, expect, it } from 'vitest'
import type { KeyPairPem } from '../../src/certs/issue.ts'
import { RefusalLog } from '../../src/server/refusals.ts'
import { authority, clientPair, serverPair, temporaryFolder, writeFiles } from '../support/certificates.ts'
import { startTestGateway } from '../support/gateway.ts'
import { head } from '../support/wire.ts'

interface Line {
  readonly reason: string
  readonly client: string
  readonly suppressed: number
}

function logAt(clock: { now: number }) {
  const lines: object[] = []
  return { lines, log: new RefusalLog({ warn: fields => void lines.push(fields) }, () => clock.now) }
}

describe('the log of refused clients', () => {
  it('has one line a minute for each reason and name, and the number of those without one', () => {
    const clock = { now: 0 }
    const { lines, log } = logAt(clock)
    for (let i = 0; i < 5; i++) log.add('no', 'a')
    log.add('no', 'b')
    log.add('never', 'a')
    clock.now = 59_999
    log.add('no', 'a')
    clock.now = 60_000
    log.add('no', 'a')
    expect(lines).toEqual([
      { reason: 'no', client: 'a', suppressed: 0 },
      { reason: 'no', client: 'b', suppressed: 4 },
      { reason: 'never', client: 'a', suppressed: 0 },
      { reason: 'no', client: 'a', suppressed: 1 },
    ])
  })

  it('has ten lines a minute at most, whoever knocks', () => {
    const clock = { now: 0 }
    const { lines, log } = logAt(clock)
    for (let i = 0; i < 10_000; i++) log.add('no', `client-${i}`)
    expect(lines).toHaveLength(10)
    clock.now = 60_000
    log.add('no', 'client-0')
    expect(lines.slice(10)).toEqual([{ reason: 'no', client: 'client-0', suppressed: 9990 }])
  })

  it('shows names as inert text of a bounded length', () => {
    const { lines, log } = logAt({ now: 0 })
    log.add('no', `\u202e\u001b[31m${'x'.repeat(999)}`)
    expect(lines).toEqual([
      { reason: 'no', client: expect.stringMatching(/^\\u202e\\u001b\[31mx{239}…$/), suppressed: 0 },
    ])
  })
})

describe('a gateway that turns a client away', () => {
  it('says who and why, and nothing about connections that just end', async () => {
    const [servingCa, clientCa] = [authority('serving-ca'), authority('client-ca')]
    const folder = temporaryFolder()
    const serving = serverPair(servingCa)
    writeFiles(folder, {
      'tls.crt': serving.certificatePem,
      'tls.key': serving.privateKeyPem,
      'ca.crt': clientCa.certificatePem,
    })
    const [certFile, keyFile, clientCaFile] = ['tls.crt', 'tls.key', 'ca.crt'].map(name => join(folder, name))
    const written: string[] = []
    const gateway = await startTestGateway({
      tls: { certFile: certFile ?? '', keyFile: keyFile ?? '', clientCaFile: clientCaFile ?? '' },
      logger: pino({ level: 'warn' }, { write: line => void written.push(line) }),
    })
    const { port } = gateway.gateway.address
    const knock = async (pair: KeyPairPem | undefined) => {
      const { certificatePem: cert, privateKeyPem: key } = pair ?? {}
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca: servingCa.certificatePem,
        ...(cert && key && { cert, key }),
      })
      socket.on('error', () => {})
      socket.resume().write(head('/validate', { 'Content-Length': 2 }))
      await new Promise(resolve => socket.on('close', resolve))
    }
    const lines = () => written.map(line => JSON.parse(line) as Line & { readonly msg: string; readonly level: number })
    const probe = connectTcp({ host: '127.0.0.1', port })
    await once(probe, 'connect')
    probe.destroy()
    await knock(clientPair(clientCa, 'mallory'))
    await knock(clientPair(clientCa, 'mallory'))
    await knock(clientPair(authority('other-ca')))
    await expect.poll(lines).toHaveLength(2)
    await knock(clientPair(clientCa, 'kube-apiserver', { notAfter: new Date(Date.now() - 1000) }))
    await expect.poll(lines).toHaveLength(3)
    await knock(undefined)
    await expect.poll(lines).toHaveLength(4)
    const plain = connectTcp({ host: '127.0.0.1', port })
    plain
      .on('error', () => {})
      .resume()
      .write('GET / HTTP/1.1\r\n\r\n')
    await new Promise(resolve => plain.on('close', resolve))
    await expect.poll(lines).toHaveLength(5)
    await gateway.stop()
    const unverified = 'the client certificate does not verify:'
    expect(lines().map(({ reason, client, suppressed }) => ({ reason, client, suppressed }))).toEqual([
      { reason: 'its name is not one that may ask (--client-name)', client: 'mallory', suppressed: 0 },
      { reason: `${unverified} UNABLE_TO_VERIFY_LEAF_SIGNATURE`, client: '127.0.0.1', suppressed: 1 },
      { reason: `${unverified} CERT_HAS_EXPIRED`, client: '127.0.0.1', suppressed: 0 },
      {
        reason: 'the handshake failed: ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE',
        client: '127.0.0.1',
        suppressed: 0,
      },
      { reason: 'the handshake failed: ERR_SSL_HTTP_REQUEST', client: '127.0.0.1', suppressed: 0 },
    ])
    for (const { msg, level } of lines()) expect({ msg, level }).toEqual({ msg: 'client refused', level: 40 })
  })
})
