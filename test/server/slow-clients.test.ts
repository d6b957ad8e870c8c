import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { plainPod, reviewOf } from '../support/reviews.ts'
import { exchange, head, openSocket, readAnswer, sample } from '../support/wire.ts'

// These wait for real timeouts: all at once, each with a gateway of its own.
describe.concurrent('clients that take their time', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway()
  })
  afterAll(() => gateway.stop())

  const body = JSON.stringify(reviewOf(plainPod()))
  const seconds = async (work: Promise<unknown>) => {
    const started = performance.now()
    await work
    return (performance.now() - started) / 1000
  }

  test('S5 a connection that API servers dialled ahead can be taken up long after, and is timed from then on', async ({
    expect,
  }) => {
    const socket = await openSocket(gateway)
    await sleep(9000)
    expect(socket.destroyed).toBe(false)
    socket.write(`${head('/validate', { 'Content-Length': Buffer.byteLength(body) })}${body}`)
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 200 /)
    socket.destroy()
    const slow = await openSocket(gateway)
    await sleep(7000)
    const took = seconds(once(slow, 'close'))
    slow.on('error', () => {})
    slow.resume()
    slow.write('POST /validate HT')
    expect(await took).toBeGreaterThan(4.5)
    // Not only by the end of what a whole request has.
    expect(await took).toBeLessThan(10)
  })

  test('B5 headers have five seconds, checked every second', async ({ expect }) => {
    const silent = () => exchange(gateway, ['POST /validate HT'])
    // One byte now and then changes nothing.
    const dripping = async () => {
      const socket = await openSocket(gateway)
      socket.write('POST /validate HTTP/1.1\r\nX-Drip: ')
      const timer = setInterval(() => socket.write('x'), 200)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      clearInterval(timer)
      socket.destroy()
      return readAnswer(answer.toString('latin1'))
    }
    const times = [silent, dripping].map(ask =>
      seconds(
        ask().then(answer => {
          expect(answer.status).toBe(408)
          expect(answer.body).toBe('the request took too long to arrive\n')
        }),
      ),
    )
    for (const took of await Promise.all(times)) {
      expect(took).toBeGreaterThan(4.5)
      expect(took).toBeLessThan(10)
    }
  })

  test('B5 a whole request has ten seconds', async ({ expect }) => {
    const took = await seconds(
      exchange(gateway, [head('/validate', { 'Content-Length': body.length }), body.slice(0, 100)]).then(answer => {
        expect(answer.status).toBe(408)
        expect(answer.body).toBe('the request took too long to arrive\n')
      }),
    )
    expect(took).toBeGreaterThan(9)
    expect(took).toBeLessThan(14)
    await expect.poll(async () => sample(await gateway.metrics(), 'portcullis_in_flight_requests')).toBe(0)
  })

  test('B5 a slow body that arrives in time is judged', async ({ expect }) => {
    const parts = [
      head('/validate?timeout=10s', { 'Content-Length': body.length }),
      body.slice(0, 100),
      3000,
      body.slice(100),
    ]
    const answer = await exchange(gateway, parts)
    expect(answer.status).toBe(200)
    expect(answer.body).toContain('"allowed":true')
  })

  test('B5 thousands of silent connections, held past their time and gone, keep nobody out', async ({ expect }) => {
    const crowded = await startTestGateway()
    const standing = await openSocket(crowded)
    const { port } = crowded.gateway.address
    const closed: Promise<unknown>[] = []
    for (let i = 0; i < 2050; i++) {
      const socket = connectTcp(port, '127.0.0.1')
      socket.on('error', () => {})
      // Over a thousand make way for others at once; the rest end with the time that a handshake has.
      closed.push(new Promise(resolve => socket.once('close', resolve)))
      socket.resume()
      if (i % 100 === 99) await once(socket, 'connect')
    }
    await Promise.all(closed)
    for (const socket of [standing, await openSocket(crowded)]) {
      socket.write(head('/validate', { 'Content-Length': body.length }) + body)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /)
      socket.destroy()
    }
    const counted = await crowded.metrics()
    expect(sample(counted, 'portcullis_connections', { listener: 'admission', kind: 'handshake' })).toBe(0)
    await crowded.stop()
  })

  test('S5 an idle connection outlives the 90 seconds of kube-apiserver', async ({ expect }) => {
    const socket = await openSocket(gateway)
    const ask = async () => {
      socket.write(head('/validate', { 'Content-Length': body.length }) + body)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      return answer.toString()
    }
    const answer = await ask()
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).not.toMatch(/^connection: close/im)
    // What Node says here is what it does; without the setting of ours it would close after 5 seconds.
    expect(Number(/^keep-alive: timeout=(\d+)/im.exec(answer)?.[1])).toBeGreaterThan(95)
    await sleep(8000)
    expect(await ask()).toMatch(/^HTTP\/1\.1 200 /)
    socket.destroy()
  })

  test('S1 a client that never finishes its request does not hold a gateway that stops', async ({ expect }) => {
    const held = await startTestGateway()
    const half = await openSocket(held)
    half.write(head('/validate', { 'Content-Length': body.length }) + body.slice(0, 100))
    const silent = await openSocket(held)
    await sleep(100)
    expect(await seconds(held.stop())).toBeLessThan(20)
    half.destroy()
    silent.destroy()
  })
})
