import { expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'
import { ended, openTls } from '../support/hostile.ts'
import { plainPod, reviewOf } from '../support/reviews.ts'
import { head } from '../support/wire.ts'

const small = JSON.stringify(reviewOf(plainPod()))

test('B6 what bodies of clients without a certificate hold is given back: a hundred of 0.9 MiB are judged', async () => {
  const gateway = await startTestGateway({ clientAuth: 'none' })
  const large = small + ' '.repeat(900_000)
  for (let i = 0; i < 100; i++) {
    const { sent, response } = await gateway.ask('/validate', large)
    expect([sent.status, response.allowed]).toEqual([200, true])
  }
  await gateway.stop()
})

test('B6 strangers cannot hold more than their share of bytes, and clients with a certificate have their own', async () => {
  const gateway = await startTestGateway({ clientAuth: 'observe' })
  const open = []
  // 66 MiB: past 64 MiB the rest is read and thrown away.
  for (let i = 0; i < 66; i++) {
    const { tls } = await openTls(gateway, 'stranger')
    await new Promise(resolve => {
      tls.write(
        head('/validate', { 'Content-Length': 1_048_576 }) + small + ' '.repeat(1_048_500 - small.length),
        resolve,
      )
    })
    open.push(tls)
  }
  const { response } = await gateway.ask('/validate', small + ' '.repeat(500_000))
  expect(response.allowed).toBe(true)
  const last = open.at(-1)
  if (last === undefined) throw new Error('no connection')
  const said = ended(last)
  last.write(' '.repeat(76))
  last.write('GET /last HTTP/1.1\r\nConnection: close\r\n\r\n')
  expect(await said).toContain('"code":429')
  for (const tls of open) tls.destroy()
  await gateway.stop()
})

test('B4 a body that comes in ten thousand pieces of a byte is judged', async () => {
  const gateway = await startTestGateway()
  const { tls } = await openTls(gateway, 'allowed')
  const said = ended(tls)
  const chunks = [...small.padEnd(10_000)].map(byte => `1\r\n${byte}\r\n`).join('')
  tls.write(`${head('/validate', { 'Transfer-Encoding': 'chunked', Connection: 'close' })}${chunks}0\r\n\r\n`)
  expect(await said).toContain('"allowed":true')
  await gateway.stop()
})
