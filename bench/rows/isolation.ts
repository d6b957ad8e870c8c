import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Certificates, startPeer } from '../pairs.ts'
import { TYPICAL } from '../reviews.ts'
import type { Row } from '../run.ts'

const PER_SECOND = 50
/** What takes JSON.parse longest for its size: a list of millions of empty objects. */
const HOSTILE_BYTES = 7 * 1024 * 1024

/** Typical reviews at a steady pace, first alone, then beside a hostile large one every second. */
export async function benchIsolation(certificates: Certificates, seconds: number): Promise<readonly Row[]> {
  const gateway = await startPeer('servers/gateway.ts', certificates)
  const agent = new Agent({
    keepAlive: true,
    ca: readFileSync(certificates.ca),
    cert: readFileSync(certificates.clientCert),
    key: readFileSync(certificates.clientKey),
  })
  const send = (body: string) => post(agent, gateway.port, body)
  const hostile = TYPICAL.replace('"status":{}', `"status":{"x":[${'{},'.repeat(HOSTILE_BYTES / 3)}{}]}`)
  try {
    await pace(send, 5)
    const alone = await pace(send, seconds)
    let isOver = false
    const attack = (async () => {
      while (!isOver) await Promise.all([send(hostile), sleep(1000)])
    })()
    const beside = await pace(send, seconds)
    isOver = true
    await attack
    return [
      {
        name: `p99 of ${PER_SECOND} reviews/s beside one of ${HOSTILE_BYTES / 2 ** 20} MiB each second, ${seconds} s`,
        ours: `${beside.toFixed(1)} ms`,
        yardstick: `alone ${alone.toFixed(1)} ms`,
        ratio: beside / alone,
        aim: 'p99 < 100 ms',
      },
    ]
  } finally {
    agent.destroy()
    gateway.stop()
  }
}

/** Sends at a steady pace, whether or not answers come, and gives the 99th percentile in milliseconds. */
async function pace(send: (body: string) => Promise<number>, seconds: number): Promise<number> {
  const begin = performance.now()
  const pending: Promise<number>[] = []
  for (let i = 0; i < PER_SECOND * seconds; i++) {
    await sleep(Math.max(begin + (i * 1000) / PER_SECOND - performance.now(), 0))
    pending.push(send(TYPICAL))
  }
  const latencies = (await Promise.all(pending)).sort((a, b) => a - b)
  return latencies[Math.floor(0.99 * latencies.length)] ?? 0
}

function post(agent: Agent, port: number, body: string): Promise<number> {
  const begin = performance.now()
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, agent, method: 'POST', path: '/validate?timeout=10s' },
      incoming => {
        incoming.resume()
        incoming.on('end', () => {
          if (incoming.statusCode === 200) resolve(performance.now() - begin)
          else reject(new Error(`HTTP ${incoming.statusCode}`))
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
