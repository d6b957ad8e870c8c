// A gateway under hostile connections of every kind, as a process of its own, on the loopback:
//
//   node test/soak/connections.ts [--seconds 600] [--connections 20000]
//
// Passes if an allowed client that asks all the time gets every answer, the memory is flat, no socket is left, and
// SIGTERM ends the process with every kind of connection open.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureDevelopmentCertificates } from '../../src/certs/development.ts'
import { ask, type Target } from '../support/hostile.ts'
import { plainPod, reviewOf } from '../support/reviews.ts'
import { KINDS } from './kinds.ts'

const MAIN = fileURLToPath(new URL('../../src/main/portcullis.ts', import.meta.url))
/** A hostile connection goes after this long, if the gateway has not ended it: longer than most limits. */
const HOLD_MS = 20_000
const DRAIN_MS = 2000
/** The drain, and the 15 s that Kubernetes adds to it before SIGKILL. */
const STOP_MS = DRAIN_MS + 15_000

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, connections: { type: 'string', default: '20000' } },
})
const seconds = Number(values.seconds)
const connections = Number(values.connections)
const body = JSON.stringify(reviewOf(plainPod()))

/** Starts `portcullis serve` and waits until it serves. */
async function startServe(directory: string) {
  const made = await ensureDevelopmentCertificates(directory, new Date())
  if (!made.ok) throw new Error('no certificates')
  const { certFile, keyFile, caFile, clientCertFile, clientKeyFile } = made.value.files
  const tls = ['--tls-cert', certFile, '--tls-key', keyFile, '--client-ca', caFile, '--client-auth', 'observe']
  const listen = ['--listen', '127.0.0.1:0', '--health-listen', '127.0.0.1:0', '--log-level', 'info']
  const args = [MAIN, 'serve', ...listen, ...tls, '--drain', `${DRAIN_MS / 1000}s`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const target = await new Promise<Target['gateway']>((resolve, reject) => {
    let log = ''
    child.once('exit', () => reject(new Error(log)))
    const read = (chunk: Buffer) => {
      log += chunk
      const line = log.split('\n').find(text => text.endsWith('"msg":"serving"}'))
      if (line === undefined) return
      const { admission, health } = JSON.parse(line)
      child.stderr.off('data', read).resume()
      resolve({ address: admission, healthAddress: health })
    }
    child.stderr.on('data', read)
  })
  const [ca, cert, key] = await Promise.all([caFile, clientCertFile, clientKeyFile].map(file => readFile(file)))
  if (ca === undefined || cert === undefined || key === undefined) throw new Error('no certificates')
  return { child, target: { gateway: target, certificates: { ca, cert, key } } }
}

/** Asks again and again, with or without a certificate, until it is told to stop. */
function askOnAndOn(target: Target, isAllowed: boolean) {
  const { ca, cert, key } = target.certificates
  const agent = new Agent({ keepAlive: true, maxSockets: 4, ca, ...(isAllowed && { cert, key }) })
  const counts = { asked: 0, failed: 0, worstMs: 0, firstFailure: '' }
  let isOver = false
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const { port } = target.gateway.address
      const outgoing = request({ port, host: '127.0.0.1', path: '/validate', method: 'POST', agent }, incoming => {
        let text = ''
        incoming.on('data', chunk => {
          text += chunk
        })
        incoming.on('end', () => (text.includes('"allowed":true') ? resolve() : reject(new Error(text))))
        incoming.on('error', reject)
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  const caller = async () => {
    while (!isOver) {
      const started = performance.now()
      counts.asked++
      await one().catch((error: Error) => {
        counts.failed++
        counts.firstFailure ||= error.message
      })
      counts.worstMs = Math.max(counts.worstMs, performance.now() - started)
      await sleep(20)
    }
  }
  const callers = [caller(), caller()]
  const stop = async () => {
    isOver = true
    await Promise.all(callers)
    agent.destroy()
    return counts
  }
  return { stop }
}

/** Opens hostile connections at an even rate; returns those that are open at the end. */
async function attack(target: Target): Promise<Set<Socket>> {
  const kinds = Object.values(KINDS)
  const open = new Set<Socket>()
  const started = performance.now()
  for (let made = 0; made < connections; ) {
    const due = Math.floor(((performance.now() - started) / (seconds * 1000)) * connections)
    for (; made < Math.min(due, connections); made++) {
      const address = `127.0.${made % 4}.${2 + (made % 250)}`
      const kind = kinds[made % kinds.length]
      void kind?.(target, address).then(
        socket => {
          open.add(socket)
          socket.on('close', () => open.delete(socket))
          setTimeout(() => socket.destroy(), HOLD_MS).unref()
        },
        // The gateway may end it before it has become what it wanted to be.
        () => {},
      )
    }
    await sleep(50)
  }
  return open
}

/** Connections of the ports that the kernel still has for the process: neither listening nor in TIME-WAIT. */
async function socketsOf(target: Target): Promise<number> {
  const ports = [target.gateway.address.port, target.gateway.healthAddress.port].map(port =>
    port.toString(16).toUpperCase().padStart(4, '0'),
  )
  let found = 0
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (await readFile(file, 'utf8')).split('\n').slice(1)) {
      const [, local = '', , state = ''] = line.trim().split(/\s+/)
      if (ports.includes(local.split(':')[1] ?? '') && state !== '0A' && state !== '06') found++
    }
  }
  return found
}

async function rss(pid: number): Promise<number> {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

const directory = await mkdtemp(join(tmpdir(), 'portcullis-soak-'))
const { child, target } = await startServe(directory)
const faults: string[] = []
try {
  const allowed = askOnAndOn(target, true)
  const unknown = askOnAndOn(target, false)
  const memory: number[] = []
  const sampling = setInterval(() => void rss(child.pid ?? 0).then(mib => memory.push(mib)), (seconds * 1000) / 120)
  const open = await attack(target)
  clearInterval(sampling)
  const [known, strangers] = [await allowed.stop(), await unknown.stop()]
  if (known.failed > 0)
    faults.push(`the allowed client: ${known.failed} of ${known.asked} failed: ${known.firstFailure}`)
  // After the first quarter, in which every buffer and cache grows to its size.
  const quarter = Math.floor(memory.length / 4)
  const [early, late] = [median(memory.slice(quarter, 2 * quarter)), median(memory.slice(-quarter))]
  if (late > early * 1.1 + 16) faults.push(`memory grew from ${early.toFixed(0)} to ${late.toFixed(0)} MiB`)
  for (const socket of open) socket.destroy()
  let left = await socketsOf(target)
  for (let i = 0; i < 200 && left > 0; i++) {
    await sleep(100)
    left = await socketsOf(target)
  }
  if (left > 0) faults.push(`${left} sockets are left`)
  const metrics = (await ask(target, '/metrics')).text.split('\n').filter(line => /^portcullis_connections/.test(line))
  // Every kind once more, open while it stops.
  await Promise.allSettled(Object.values(KINDS).map(kind => kind(target, '127.0.0.1')))
  const asked = performance.now()
  child.kill('SIGTERM')
  const code = await Promise.race([once(child, 'exit').then(([exit]) => exit), sleep(STOP_MS, 'none', { ref: false })])
  const took = (performance.now() - asked) / 1000
  if (code !== 0) faults.push(`SIGTERM: exit code ${code} after ${took.toFixed(1)} s`)
  process.stdout.write(
    [
      `${connections} hostile connections of ${Object.keys(KINDS).length} kinds in ${seconds} s`,
      `allowed client: ${known.asked} asked, ${known.failed} failed, worst ${known.worstMs.toFixed(0)} ms`,
      `client without a certificate: ${strangers.asked} asked, ${strangers.failed} failed`,
      `memory: ${early.toFixed(0)} MiB in the second quarter, ${late.toFixed(0)} MiB in the last, ${Math.max(...memory).toFixed(0)} MiB at most`,
      `sockets left: ${left}; SIGTERM: exit code ${code} after ${took.toFixed(1)} s`,
      ...metrics,
      '',
    ].join('\n'),
  )
} finally {
  child.kill('SIGKILL')
  await rm(directory, { recursive: true, force: true })
}
process.stdout.write(faults.length === 0 ? 'passed\n' : `${faults.join('\n')}\n`)
process.exit(faults.length === 0 ? 0 : 1)
