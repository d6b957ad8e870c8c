import { type ChildProcess, fork, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A server in a process of its own. */
export interface Peer {
  readonly port: number
  usage(): Promise<{ readonly cpuMicroseconds: number; readonly rssBytes: number }>
  stop(): void
}

/** Paths of PEM files for both sides. */
export interface Certificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly clientCert: string
  readonly clientKey: string
}

/** Starts a server program, given by its path from here. */
export async function startPeer(
  program: string,
  certificates: Certificates,
  ...more: readonly string[]
): Promise<Peer> {
  const { ca, cert, key } = certificates
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), [ca, cert, key, ...more])
  const { port } = await nextMessage<{ port: number }>(child)
  return {
    port,
    usage: () => {
      child.send('usage')
      return nextMessage(child)
    },
    stop: () => child.disconnect(),
  }
}

function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null) => reject(new Error(`a server of the benchmark ended with code ${code}`))
    child.once('exit', fail)
    child.once('message', message => {
      child.off('exit', fail)
      resolve(message as T)
    })
  })
}

/** What one run of load showed. Latencies in milliseconds, CPU of the server in microseconds per request. */
export interface Load {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly cpuPerRequest: number
  readonly failures: number
}

/** Loads a server for some seconds from a process of its own. */
export async function load(
  peer: Peer,
  certificates: Certificates,
  bodyFile: string,
  connections: number,
  seconds: number,
  path = '/validate',
): Promise<Load> {
  const before = await peer.usage()
  const { ca, clientCert, clientKey } = certificates
  const program = fileURLToPath(new URL('./load.ts', import.meta.url))
  const args = [
    program,
    ca,
    clientCert,
    clientKey,
    String(peer.port),
    String(connections),
    String(seconds),
    bodyFile,
    path,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  await new Promise(resolve => child.once('close', resolve))
  const after = await peer.usage()
  const { requests, elapsed, p50, p99, failures } = JSON.parse(out) as Record<
    'requests' | 'elapsed' | 'p50' | 'p99' | 'failures',
    number
  >
  return {
    perSecond: requests / elapsed,
    p50,
    p99,
    failures,
    cpuPerRequest: (after.cpuMicroseconds - before.cpuMicroseconds) / requests,
  }
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Times two synchronous functions in turn, in both orders, and gives the median nanoseconds of one call of each. */
export function timePair(
  a: () => unknown,
  b: () => unknown,
  rounds: number,
  calls: number,
): { readonly a: number; readonly b: number } {
  const times: { a: number[]; b: number[] } = { a: [], b: [] }
  for (let round = -2; round < rounds; round++) {
    const order = round % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const)
    for (const side of order) {
      const subject = side === 'a' ? a : b
      const begin = process.hrtime.bigint()
      for (let i = 0; i < calls; i++) sink = subject()
      const elapsed = Number(process.hrtime.bigint() - begin) / calls
      // The first two rounds warm up.
      if (round >= 0) times[side].push(elapsed)
    }
  }
  return { a: median(times.a), b: median(times.b) }
}

/** Keeps results alive, so that no call can be optimised away. */
export let sink: unknown
