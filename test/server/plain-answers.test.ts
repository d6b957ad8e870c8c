import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { ended, type ListenerName, openTcp, openTls, portOf } from '../support/hostile.ts'
import { hostPathPod, reviewOf } from '../support/reviews.ts'
import { readAnswer } from '../support/wire.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

const review = JSON.stringify(reviewOf(hostPathPod()))
const post = (path: string, ...headers: readonly string[]) =>
  [`POST ${path} HTTP/1.1`, `Content-Length: ${Buffer.byteLength(review)}`, ...headers, '', review].join('\r\n')
const bare = (line: string, ...headers: readonly string[]) => [line, 'Host: x', ...headers, '', ''].join('\r\n')

/** Says something, with the end of what the client has to say, and reads until the gateway ends the connection. */
async function say(listener: ListenerName, text: string): Promise<string> {
  const socket =
    listener === 'health' ? await openTcp(portOf(gateway, listener)) : (await openTls(gateway, 'allowed')).tls
  const said = ended(socket)
  // A request of its own ends the connection, if the answer before did not.
  socket.write(text)
  socket.write('GET /last HTTP/1.1\r\nConnection: close\r\n\r\n')
  return said
}

interface Case {
  readonly name: string
  readonly text: string
  readonly status: number
  readonly body: string
  readonly closes?: boolean
}

const BOTH: readonly Case[] = [
  {
    name: 'a path that cannot be decoded',
    text: bare('GET /%zz HTTP/1.1'),
    status: 400,
    body: 'the request could not be read',
    closes: true,
  },
  { name: 'an unknown path', text: bare('GET /nowhere HTTP/1.1'), status: 404, body: 'not found' },
  { name: 'no Host', text: 'GET /nowhere HTTP/1.1\r\n\r\n', status: 404, body: 'not found' },
  {
    name: 'an unknown expectation',
    text: bare('GET /nowhere HTTP/1.1', 'Expect: wonders'),
    status: 404,
    body: 'not found',
  },
  { name: 'no HTTP', text: 'hello\r\n\r\n', status: 400, body: 'the request could not be read', closes: true },
  {
    name: 'another version of HTTP',
    text: bare('GET / HTTP/3.0'),
    status: 400,
    body: 'the request could not be read',
    closes: true,
  },
  {
    name: 'headers that are too large',
    text: bare('GET / HTTP/1.1', `X: ${'x'.repeat(20_000)}`),
    status: 431,
    body: "the request's headers are too large",
    closes: true,
  },
  {
    name: 'a path that is too long',
    text: bare(`GET /${'x'.repeat(20_000)} HTTP/1.1`),
    status: 431,
    body: "the request's headers are too large",
    closes: true,
  },
  {
    name: 'two lengths',
    text: bare('POST /nowhere HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2'),
    status: 400,
    body: 'the request could not be read',
    closes: true,
  },
  {
    name: 'a length and chunks',
    text: bare('POST /nowhere HTTP/1.1', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    status: 400,
    body: 'the request could not be read',
    closes: true,
  },
  {
    name: 'a line feed in a header',
    text: bare('GET / HTTP/1.1', 'X: a\rb'),
    status: 400,
    body: 'the request could not be read',
    closes: true,
  },
]
const ADMISSION: readonly Case[] = [
  { name: 'a method that few servers know', text: bare('PROPFIND /nowhere HTTP/1.1'), status: 404, body: 'not found' },
  { name: 'another method', text: bare('GET /validate HTTP/1.1'), status: 405, body: 'this path takes another method' },
  {
    name: 'a method that few servers know on an endpoint',
    text: bare('MKCALENDAR /validate HTTP/1.1'),
    status: 405,
    body: 'this path takes another method',
  },
  { name: 'a body on an unknown path', text: post('/nowhere'), status: 404, body: 'not found' },
]
const HEALTH: readonly Case[] = [
  {
    name: 'a method that few servers know',
    text: bare('PROPFIND /nowhere HTTP/1.1'),
    status: 404,
    body: 'not found',
    closes: true,
  },
  {
    name: 'another method',
    text: bare('DELETE /readyz HTTP/1.1'),
    status: 405,
    body: 'this path takes another method',
    closes: true,
  },
  { name: 'a review', text: post('/validate'), status: 404, body: 'not found', closes: true },
  {
    name: 'a review to a path of its own',
    text: post('/livez', 'Content-Type: a/b'),
    status: 405,
    body: 'this path takes another method',
    closes: true,
  },
]

for (const [listener, cases] of [
  ['admission', [...BOTH, ...ADMISSION]],
  ['health', [...BOTH, ...HEALTH]],
] as const) {
  for (const { name, text, status, body, closes = false } of cases)
    test(`B4 ${listener}: ${name} gets ${status} and a line of text`, async () => {
      const all = await say(listener, text)
      const answer = readAnswer(all)
      expect([answer.status, answer.body]).toEqual([status, `${body}\n`])
      expect(answer.head).toMatch(/^content-type: text\/plain/im)
      expect(/^connection: close$/im.test(answer.head)).toBe(closes)
      expect(all.match(/^HTTP\/1\.1 /gm)).toHaveLength(closes ? 1 : 2)
      const { version } = JSON.parse(readFileSync('node_modules/fastify/package.json', 'utf8')) as { version: string }
      expect(all).not.toMatch(/fastify|node|FST_|statusCode|"error"/i)
      expect(all).not.toContain(version)
    })
}

for (const expectation of ['100-continue', 'wonders', '100-continue, wonders', ''])
  test(`P01 a review with the expectation "${expectation}" is judged`, async () => {
    const all = (await say('admission', post('/validate', `Expect: ${expectation}`))).replace(
      /^HTTP\/1\.1 100 Continue\r\n\r\n/,
      '',
    )
    const answer = readAnswer(all)
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body).response).toMatchObject({ allowed: false, status: { code: 403 } })
  })

for (const [name, path] of [
  ['without Host', '/validate'],
  ['with an escaped path', '/valid%61te'],
  ['with an absolute path', 'http://x/validate'],
] as const)
  test(`P01 a review ${name} is judged`, async () => {
    const answer = readAnswer(await say('admission', post(path)))
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body).response.allowed).toBe(false)
  })
