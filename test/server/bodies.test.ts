import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ReviewResponse, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { goJson, hostPathPod, plainPod, reviewOf } from '../support/reviews.ts'
import { exchange, head, openSocket, type Part, type RawAnswer, readAnswer, sample } from '../support/wire.ts'

const MIB = 1024 * 1024
const PATHS = ['validate', 'observe', 'mutate'] as const

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

const responseOf = ({ body }: { readonly body: string }) => (JSON.parse(body) as { response: ReviewResponse }).response

describe('B1 what etcd would refuse is judged all the same', () => {
  // Go writes each `<` as six bytes: 1.4 MiB of them are 8.4 MiB on the wire.
  const pod = (mebibytes: number, path = '/') => hostPathPod(path, {}, ['<'.repeat(mebibytes * MIB)])
  test('B1 a CREATE of 8.4 MiB, 1.4 MiB of `<` in the arguments', async () => {
    const body = goJson(reviewOf(pod(1.4)))
    expect(body.length / MIB).toBeGreaterThan(8.3)
    expect((await gateway.ask('/validate', body)).response).toMatchObject({ allowed: false, status: { code: 403 } })
    const harmless = await gateway.ask('/validate', goJson(reviewOf({ ...pod(1.4), spec: { containers: [] } })))
    expect(harmless.response).toMatchObject({ allowed: true })
  })
  test('B1 a CREATE of 18 MiB', async () => {
    const body = goJson(reviewOf(pod(3)))
    expect(body.length / MIB).toBeGreaterThan(18)
    expect((await gateway.ask('/validate', body)).response).toMatchObject({ allowed: false, status: { code: 403 } })
  })
  test('B1 an UPDATE of 34.8 MiB: patched with 3 MiB of it, and the old object in it too', async () => {
    const oldObject = { ...pod(1.4), spec: { ...pod(1.4).spec, volumes: [] } }
    const body = goJson(reviewOf(pod(4.4), { operation: 'UPDATE', oldObject }))
    expect(body.length / MIB).toBeGreaterThan(34.7)
    expect((await gateway.ask('/validate', body)).response).toMatchObject({ allowed: false, status: { code: 403 } })
    const small = goJson(reviewOf(pod(1.4), { operation: 'UPDATE', oldObject }))
    expect((await gateway.ask('/validate', small)).response).toMatchObject({ allowed: false, status: { code: 403 } })
  })
})

/** Reads the answer only once every byte is written, as Go's client may: what was sent before is lost in a reset. */
async function writeThenRead(gateway: TestGateway, path: string, body: Buffer): Promise<RawAnswer> {
  const socket = await openSocket(gateway)
  socket.pause()
  socket.write(head(`/${path}`, { 'Content-Length': body.length, Connection: 'close' }))
  await new Promise<void>(resolve => void socket.write(body, () => resolve()))
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  const closed = socket.closed ? undefined : once(socket, 'close')
  socket.resume()
  await closed
  return readAnswer(text)
}

describe('B2 over the limit', () => {
  let small: TestGateway
  beforeAll(async () => {
    small = await startTestGateway({ maxBody: 3 * MIB })
  })
  afterAll(() => small.stop())

  test('B2 a client that writes 30 MiB gets its answer, 50 times of 50, by path and with its uid', async () => {
    const body = Buffer.from(
      JSON.stringify(reviewOf(hostPathPod('/', {}, ['x'.repeat(30 * MIB)]), { uid: 'large-00' })),
    )
    const at = body.indexOf('large-00') + 6
    for (let i = 0; i < 50; i += 5) {
      const batch = await Promise.all(
        Array.from({ length: 5 }, async (_, j) => {
          const path = PATHS[(i + j) % 3] ?? 'validate'
          const own = Buffer.from(body)
          own.write(String(i + j).padStart(2, '0'), at)
          return { path, uid: `large-${String(i + j).padStart(2, '0')}`, sent: await writeThenRead(small, path, own) }
        }),
      )
      for (const { path, uid, sent } of batch) {
        expect(sent.status).toBe(200)
        expect(responseOf(sent)).toMatchObject({ uid, allowed: path !== 'validate' })
        const text = 'the review is larger than 3145728 bytes (--max-body): it cannot be judged'
        if (path === 'validate') expect(responseOf(sent).status).toMatchObject({ code: 413, message: text })
        else expect(responseOf(sent).warnings).toEqual([`not judged: ${text}`])
      }
    }
    expect(sample(await small.metrics(), 'portcullis_review_errors_total', { code: '413' })).toBe(50)
  })
  test('B2 the connection can be used again after it', async () => {
    const socket = await openSocket(small)
    const ask = async (body: Buffer | string) => {
      let text = ''
      const done = new Promise<void>(resolve => {
        const onData = (chunk: Buffer) => {
          text += chunk.toString('latin1')
          if (!text.endsWith('}')) return
          socket.off('data', onData)
          resolve()
        }
        socket.on('data', onData)
      })
      socket.write(head('/validate', { 'Content-Length': Buffer.byteLength(body) }))
      socket.write(body)
      await done
      return responseOf(readAnswer(text))
    }
    const large = JSON.stringify(reviewOf(plainPod({ labels: { x: 'x'.repeat(4 * MIB) } }), { uid: 'large' }))
    expect(await ask(large)).toMatchObject({ uid: 'large', allowed: false, status: { code: 413 } })
    expect(await ask(JSON.stringify(reviewOf(plainPod(), { uid: 'next' })))).toMatchObject({
      uid: 'next',
      allowed: true,
    })
    socket.destroy()
  })
  test('B2 exactly the limit is judged, one byte more is not', async () => {
    const base = JSON.stringify(reviewOf(plainPod({ labels: { x: '' } })))
    const fill = (bytes: number) => base.replace('"x":""', `"x":"${'x'.repeat(bytes - base.length)}"`)
    expect(fill(3 * MIB).length).toBe(3 * MIB)
    expect((await small.ask('/validate', fill(3 * MIB))).response).toMatchObject({ allowed: true })
    expect((await small.ask('/validate', fill(3 * MIB + 1))).response).toMatchObject({ status: { code: 413 } })
  })
  test('B2 a body that names no uid in its first bytes gets an HTTP 400', async () => {
    const sent = await small.send('/validate', Buffer.alloc(4 * MIB, ' '))
    expect(sent.status).toBe(400)
    expect(sent.body).toBe('the review is larger than 3145728 bytes (--max-body): it cannot be judged\n')
  })
})

const JSON_TYPE = { 'Content-Type': 'application/json' }
const review = JSON.stringify(reviewOf(hostPathPod(), { uid: 'u1' }))
const length = Buffer.byteLength(review)
const post = (headers: Readonly<Record<string, string | number>>, body: string | Buffer): readonly Part[] => [
  Buffer.concat([Buffer.from(head('/validate', headers)), Buffer.from(body)]),
]

describe('B4 odd bodies get bounded, defined answers', () => {
  const refused = (text: string | RegExp) => (answer: RawAnswer) => {
    expect(answer.status).toBe(200)
    expect(responseOf(answer)).toMatchObject({ uid: 'u1', allowed: false, status: { code: 400, reason: 'BadRequest' } })
    expect(responseOf(answer).status?.message).toMatch(text)
  }
  const judged = (answer: RawAnswer) => {
    expect(answer.status).toBe(200)
    expect(responseOf(answer)).toMatchObject({ uid: 'u1', allowed: false, status: { code: 403 } })
  }
  const http = (status: number, text: string) => (answer: RawAnswer) => {
    expect(answer.status).toBe(status)
    expect(answer.body).toBe(`${text}\n`)
    expect(answer.head).toMatch(/^content-type: text\/plain/im)
  }
  const cases: readonly {
    readonly name: string
    readonly parts: readonly Part[]
    readonly isHalfClosed?: true
    readonly holds: (answer: RawAnswer) => void
  }[] = [
    {
      name: 'a Content-Length that is too small, and the rest after it',
      parts: post({ ...JSON_TYPE, 'Content-Length': length - 10 }, review),
      holds: refused(/^the body is not one JSON value: /),
    },
    {
      name: 'a Content-Length that is too small, and the rest a moment later',
      parts: [head('/validate', { 'Content-Length': length - 10 }), review.slice(0, -10), 50, review.slice(-10)],
      holds: refused(/^the body is not one JSON value: /),
    },
    {
      name: 'a Content-Length that is too large, and the end of the stream',
      parts: post({ ...JSON_TYPE, 'Content-Length': length + 10 }, review),
      isHalfClosed: true,
      holds: http(400, 'the request could not be read'),
    },
    {
      name: 'a Content-Length that is no number',
      parts: post({ 'Content-Length': 'many' }, review),
      holds: http(400, 'the request could not be read'),
    },
    {
      name: 'two Content-Lengths',
      parts: [
        head('/validate', { 'Content-Length': length }).replace(
          '\r\n\r\n',
          `\r\nContent-Length: ${length + 1}\r\n\r\n`,
        ),
        review,
      ],
      holds: http(400, 'the request could not be read'),
    },
    {
      name: 'no Content-Length: a request without a body',
      parts: post(JSON_TYPE, ''),
      holds: http(400, 'the body is empty'),
    },
    {
      name: 'no Content-Length, and a body that is a request of its own then',
      parts: post(JSON_TYPE, review),
      holds: http(400, 'the body is empty'),
    },
    {
      name: 'chunks',
      parts: post({ 'Transfer-Encoding': 'chunked' }, `${length.toString(16)}\r\n${review}\r\n0\r\n\r\n`),
      holds: judged,
    },
    {
      name: 'chunks of one byte',
      parts: post(
        { 'Transfer-Encoding': 'chunked' },
        `${[...review].map(byte => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`,
      ),
      holds: judged,
    },
    {
      name: 'chunks and a Content-Length',
      parts: post({ 'Transfer-Encoding': 'chunked', 'Content-Length': length }, review),
      holds: http(400, 'the request could not be read'),
    },
    {
      name: 'broken chunks',
      parts: post({ 'Transfer-Encoding': 'chunked' }, `zz\r\n${review}\r\n0\r\n\r\n`),
      holds: http(400, 'the request could not be read'),
    },
    {
      name: 'an unknown transfer encoding',
      parts: post({ 'Transfer-Encoding': 'gzip' }, review),
      holds: http(400, 'the request could not be read'),
    },
    {
      name: 'gzip',
      parts: post({ 'Content-Encoding': 'gzip', 'Content-Length': gzipSync(review).length }, gzipSync(review)),
      holds: http(400, 'the body is not UTF-8'),
    },
    { name: 'an empty body', parts: post({ 'Content-Length': 0 }, ''), holds: http(400, 'the body is empty') },
    {
      name: 'two JSON values',
      parts: post({ 'Content-Length': 2 * length }, review + review),
      holds: refused(/^the body is not one JSON value: /),
    },
    {
      name: 'a JSON value and white space',
      parts: post({ 'Content-Length': length + 3 }, `${review}\r\n `),
      holds: judged,
    },
    {
      name: 'a byte order mark',
      parts: post({ 'Content-Length': length + 3 }, `\ufeff${review}`),
      holds: refused(/^the body is not one JSON value: /),
    },
    {
      name: 'UTF-16',
      parts: post({ 'Content-Length': 2 * length }, Buffer.from(review, 'utf16le')),
      holds: answer => {
        expect(answer.status).toBe(400)
        expect(answer.body).toMatch(/^the body is not one JSON value: [ -~]+\n$/)
      },
    },
    {
      name: 'invalid UTF-8',
      parts: post({ 'Content-Length': length + 1 }, Buffer.from(review.replace('app', 'ap\xffp'), 'latin1')),
      holds: refused(/^the body is not UTF-8$/),
    },
    {
      name: 'an overlong slash',
      parts: post({ 'Content-Length': length + 2 }, Buffer.from(review.replace('app', 'ap\xc0\xafp'), 'latin1')),
      holds: refused(/^the body is not UTF-8$/),
    },
    {
      name: 'half a review',
      parts: post({ 'Content-Length': 300 }, review.slice(0, 300)),
      holds: refused(/^the body is not one JSON value: /),
    },
    {
      name: 'no review',
      parts: post({ 'Content-Length': 2 }, '{}'),
      holds: http(400, 'the body is no AdmissionReview: it has no request.uid'),
    },
    {
      name: 'no JSON',
      parts: post({ 'Content-Length': 5 }, 'hello'),
      holds: http(400, "the body is not one JSON value: Unexpected token 'h'"),
    },
    {
      name: 'control characters and a secret beside a syntax error',
      parts: post({ 'Content-Length': 24 }, '{"password":"hunter2"\u001b[}'),
      holds: http(
        400,
        "the body is not one JSON value: Expected ',' or '}' after property value in JSON at position 21 (line 1 column 22)",
      ),
    },
    {
      name: 'control characters where a value should be',
      parts: post({ 'Content-Length': 14 }, '{"hunter2":\u001b\n}'),
      holds: http(400, "the body is not one JSON value: Unexpected token '\\u001b'"),
    },
    {
      name: 'a uid that is none',
      parts: post({ 'Content-Length': 23 }, '{"request":{"uid":1 } }'),
      holds: http(400, 'the body is no AdmissionReview: it has no request.uid'),
    },
    {
      name: 'headers that are too large',
      parts: post({ 'Content-Length': length, 'X-Large': 'x'.repeat(100_000) }, review),
      holds: http(431, "the request's headers are too large"),
    },
    { name: 'no HTTP', parts: ['hello\r\n\r\n'], holds: http(400, 'the request could not be read') },
    {
      name: 'Expect: 100-continue',
      parts: post({ 'Content-Length': length, Expect: '100-continue' }, review),
      holds: answer => expect(answer.all).toContain('"uid":"u1","allowed":false'),
    },
  ]
  for (const { name, parts, isHalfClosed, holds } of cases)
    test(`B4 ${name}`, async () => holds(await exchange(gateway, parts, isHalfClosed ?? false)))

  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'application/json; charset=utf-16',
    'text/plain',
    'application/x-yaml',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'nonsense',
    '',
    'a/b; c="d',
    'application/json, text/html',
  ]) {
    test(`B4 the content type "${type}" changes nothing: bytes are judged, not their label`, async () => {
      judged(await exchange(gateway, post({ 'Content-Type': type, 'Content-Length': length }, review)))
    })
  }
  test('B4 by path where the uid is readable', async () => {
    for (const path of ['observe', 'mutate']) {
      const { response } = await gateway.ask(`/${path}`, review + review)
      expect(response).toMatchObject({ uid: 'u1', allowed: true })
      expect(response.warnings?.[0]).toMatch(/^not judged: the body is not one JSON value: /)
    }
  })
  test('B4 the process is none the worse', async () => {
    expect((await gateway.ask('/validate', review)).response).toMatchObject({ uid: 'u1', status: { code: 403 } })
    expect(sample(await gateway.metrics(), 'portcullis_in_flight_requests')).toBe(0)
  })
})

describe('B8 depth', () => {
  const nested = (levels: number) =>
    JSON.stringify(reviewOf({ ...hostPathPod(), deep: 0 }, { uid: 'deep' })).replace(
      '"deep":0',
      `"deep":${'['.repeat(levels)}${']'.repeat(levels)}`,
    )
  test('B8 up to 200 levels are judged', async () => {
    // The review, its request and the object are three of them.
    expect((await gateway.ask('/validate', nested(197))).response.status?.code).toBe(403)
    expect((await gateway.ask('/validate', nested(198))).response.status).toMatchObject({
      code: 400,
      message: 'the body nests deeper than 200 levels',
    })
  })
  for (const levels of [5000, 100_000, 1_000_000]) {
    test(`B8 ${levels} levels are refused, and the process lives`, async () => {
      for (const path of PATHS) {
        const { response } = await gateway.ask(`/${path}`, nested(levels))
        expect(response).toMatchObject({ uid: 'deep', allowed: path !== 'validate' })
        if (path === 'validate')
          expect(response.status).toMatchObject({ code: 400, message: 'the body nests deeper than 200 levels' })
      }
    })
  }
})
