import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clientOf } from '../../src/cluster/client.ts'
import { ApiError, retrying, type Send, senderOf } from '../../src/cluster/http.ts'
import type { JsonObject } from '../../src/json/value.ts'
import { authority, clientPair, serverPair } from '../support/certificates.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  readonly port: number
}

type Reply = { readonly status?: number; readonly body: string; readonly headers?: Record<string, string> }

/** A server that demands a client certificate and answers what the test says, and a sender that may ask it. */
async function api(reply: (seen: Seen) => Reply, protocol: 'https' | 'http' = 'https') {
  const ca = authority()
  const [serving, client] = [serverPair(ca, { ip: ['127.0.0.1'] }), clientPair(ca, 'admin')]
  const seen: Seen[] = []
  const handle: Parameters<typeof createPlainServer>[1] = (request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const entry = { method, url, headers, body, port: request.socket.remotePort ?? 0 }
      seen.push(entry)
      const { status = 200, body: text, headers: extra = {} } = reply(entry)
      response.writeHead(status, extra).end(text)
    })
  }
  const server: Server =
    protocol === 'http'
      ? createPlainServer(handle as never)
      : createServer(
          {
            cert: serving.certificatePem,
            key: serving.privateKeyPem,
            ca: ca.certificatePem,
            requestCert: true,
            rejectUnauthorized: true,
          },
          handle as never,
        )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const config = new KubeConfig()
  config.loadFromOptions({
    currentContext: 'c',
    contexts: [{ name: 'c', cluster: 'c', user: 'u' }],
    clusters: [
      {
        name: 'c',
        server: `${protocol}://127.0.0.1:${port}`,
        caData: base64(ca.certificatePem),
        skipTLSVerify: protocol === 'http',
      },
    ],
    users: [{ name: 'u', certData: base64(client.certificatePem), keyData: base64(client.privateKeyPem), token: 't' }],
  })
  return { seen, send: senderOf(config, `${protocol}://127.0.0.1:${port}`) }
}

const client = (send: Send) => clientOf('https://api', send, () => () => () => {})
const PODS = { group: '', version: 'v1', resource: 'pods', namespace: 'shop' }

describe('a request to the API', () => {
  it.each(['https', 'http'] as const)('carries the credentials over %s, and its body as it is', async protocol => {
    const { send, seen } = await api(() => ({ body: '{"kind":"Pod","new":{"field":1}}' }), protocol)
    const { object } = await client(send).create(PODS, { metadata: { name: 'a' } }, { dryRun: true })
    expect(object).toEqual({ kind: 'Pod', new: { field: 1 } })
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/api/v1/namespaces/shop/pods?dryRun=All',
      body: '{"metadata":{"name":"a"}}',
      headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
    })
  })

  it('takes a connection that is there', async () => {
    const { send, seen } = await api(() => ({ body: '{}' }))
    for (let count = 0; count < 5; count++) await send({ method: 'GET', path: '/version' })
    expect(new Set(seen.map(({ port }) => port)).size).toBe(1)
  })

  it('names its kind of patch', async () => {
    const { send, seen } = await api(() => ({ body: '{}' }))
    await client(send).merge({ ...PODS, name: 'a/b' }, { metadata: { labels: null } })
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      url: '/api/v1/namespaces/shop/pods/a%2Fb',
      headers: { 'content-type': 'application/merge-patch+json' },
    })
  })

  it('comes back with the warnings of the API', async () => {
    const warning = '299 - "first, with a comma", 299 - "a \\"quoted\\" one"'
    const { send } = await api(() => ({ body: '{}', headers: { warning } }))
    const { warnings } = await client(send).create(PODS, {})
    expect(warnings).toEqual(['first, with a comma', 'a "quoted" one'])
  })

  it.each([
    ['a Status', '{"kind":"Status","reason":"Conflict","message":"was modified"}', 'Conflict', 'was modified'],
    ['a text', 'upstream is down\n', '', 'upstream is down'],
    ['nothing', '', '', 'HTTP 409'],
  ])('is an error where the API says no, with %s', async (_what, body, reason, message) => {
    const { send } = await api(() => ({ status: 409, body }))
    const error = await send({ method: 'PUT', path: '/api/v1/pods' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ code: 409, reason, message })
  })

  it('is an error where what answers is no API', async () => {
    const { send } = await api(() => ({ body: '<html>' }))
    await expect(send({ method: 'GET', path: '/api' })).rejects.toThrow(
      'the API answered 200 with something that is no JSON',
    )
  })

  it('reads what is not there as undefined, and deletes it without an error', async () => {
    const { send } = await api(() => ({ status: 404, body: '{}' }))
    expect(await client(send).read({ ...PODS, name: 'a' })).toBeUndefined()
    await client(send).remove({ ...PODS, name: 'a' })
  })
})

describe('a page of a list', () => {
  it('gives each object the kind that the API says once, for the list', async () => {
    const list: JsonObject = {
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '7', continue: 'next' },
      items: [{ metadata: { name: 'a' } }],
    }
    const { send, seen } = await api(() => ({ body: JSON.stringify(list) }))
    const page = await client(send).list({ ...PODS, namespace: '' }, { limit: 500, labelSelector: 'a=b' })
    expect(page).toEqual({
      items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }],
      resourceVersion: '7',
      continue: 'next',
    })
    expect(seen[0]?.url).toBe('/api/v1/pods?labelSelector=a%3Db&limit=500')
  })
})

describe('an API server that has too much to do', () => {
  const request = { method: 'GET', path: '/api' } as const
  const busy = (retryAfter?: number) => new ApiError(429, 'TooManyRequests', 'later', [], retryAfter)

  it('is asked again when it says, no sooner and not for ever', async () => {
    const waits: number[] = []
    const wait = async (seconds: number) => void waits.push(seconds)
    const answers = [busy(1), busy(60)]
    const send = retrying(async () => {
      const error = answers.shift()
      if (error !== undefined) throw error
      return { body: 'here', warnings: [] }
    }, wait)
    expect((await send(request)).body).toBe('here')
    expect(waits).toEqual([1, 5])
    let tries = 0
    const never = retrying(async () => {
      tries++
      throw busy(1)
    }, wait)
    await expect(never(request)).rejects.toThrow('later')
    expect(tries).toBe(5)
  })

  it('is believed where it says no time, as a quota of evictions does', async () => {
    let tries = 0
    const send = retrying(async () => {
      tries++
      throw busy()
    })
    await expect(send(request)).rejects.toThrow('later')
    expect(tries).toBe(1)
  })
})
