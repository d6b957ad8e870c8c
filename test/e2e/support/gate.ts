import { connect, createServer, type Socket } from 'node:net'
import { listen } from './processes.ts'

/** A way to a port of the loopback that can be shut. */
export interface Gate {
  readonly port: number
  /** Ends every connection, and accepts no other. */
  close(): void
  open(): void
  stop(): Promise<void>
}

/** Passes bytes on to a port while it is open. */
export async function startGate(target: number): Promise<Gate> {
  const sockets = new Set<Socket>()
  let isOpen = true
  const server = createServer(client => {
    if (!isOpen) {
      client.destroy()
      return
    }
    const upstream = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  const port = await listen(server)
  const close = () => {
    isOpen = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    close,
    open: () => {
      isOpen = true
    },
    stop: () => {
      close()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
