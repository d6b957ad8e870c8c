import { connect, createServer, type Socket } from 'node:net'
import { listen } from './processes.ts'

/** Something behind the balancer: where it serves, and whether it wants connections. */
export interface Backend {
  /** 127.0.0.1 unless given. */
  readonly host?: string
  readonly port: number
  isReady(): Promise<boolean>
}

/** One address for several backends, as a Service is: new connections go to those that are ready, in turn. */
export interface Balancer {
  readonly port: number
  add(backend: Backend): void
  /** Forgets a backend; its open connections stay. */
  remove(backend: Backend): void
  /** Whether new connections go there. */
  leadsTo(backend: Backend): boolean
  stop(): Promise<void>
}

const PROBE_INTERVAL_MS = 100

/** Starts a balancer on the loopback. It passes bytes on, looks at readiness ten times a second and repeats nothing. */
export async function startBalancer(): Promise<Balancer> {
  const backends = new Map<Backend, boolean>()
  const sockets = new Set<Socket>()
  let next = 0
  const probe = async (backend: Backend): Promise<void> => {
    const isReady = await backend.isReady().catch(() => false)
    if (backends.has(backend)) backends.set(backend, isReady)
  }
  const timer = setInterval(() => {
    for (const backend of backends.keys()) void probe(backend)
  }, PROBE_INTERVAL_MS)
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer({ allowHalfOpen: true }, client => {
    const ready = [...backends].filter(([, isReady]) => isReady).map(([backend]) => backend)
    const backend = ready[next++ % ready.length]
    if (backend === undefined) {
      client.destroy()
      return
    }
    const upstream = connect({ host: backend.host ?? '127.0.0.1', port: backend.port, allowHalfOpen: true })
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      keep(from)
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  const port = await listen(server)
  return {
    port,
    add: backend => {
      backends.set(backend, false)
      void probe(backend)
    },
    remove: backend => void backends.delete(backend),
    leadsTo: backend => backends.get(backend) === true,
    stop: () => {
      clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
