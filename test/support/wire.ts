import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import type { TestGateway } from './gateway.ts'

/** A TLS connection of its own to the gateway's admission port, as an API server would open it. */
export async function openSocket(gateway: TestGateway): Promise<TLSSocket> {
  const { port } = gateway.gateway.address
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...gateway.certificates })
  socket.on('error', () => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** What came back on a raw connection. */
export interface RawAnswer {
  /** 0 where the connection ended without an answer. */
  readonly status: number
  readonly head: string
  readonly body: string
  readonly all: string
}

/** Bytes to write, or milliseconds or something else to wait for. */
export type Part = string | Buffer | number | Promise<void>

/**
 * Writes bytes as they are and reads until the gateway closes, or until one whole answer is there. A part that is a
 * number is a pause, and a promise one until it is kept.
 */
export async function exchange(gateway: TestGateway, parts: readonly Part[], isHalfClosed = false): Promise<RawAnswer> {
  const socket = await openSocket(gateway)
  let text = ''
  const answered = new Promise<void>(resolve => {
    socket.on('data', chunk => {
      text = (text + chunk.toString('latin1')).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
      if (isWhole(text)) resolve()
    })
    socket.on('close', () => resolve())
  })
  for (const part of parts) {
    if (typeof part === 'number') await sleep(part)
    else if (part instanceof Promise) await part
    else if (!socket.destroyed) socket.write(part)
  }
  if (isHalfClosed) socket.end()
  await answered
  socket.destroy()
  return readAnswer(text)
}

/** The first answer in what a connection brought. */
export function readAnswer(all: string): RawAnswer {
  const end = all.indexOf('\r\n\r\n')
  const head = end < 0 ? all : all.slice(0, end)
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
  const body = end < 0 ? '' : Buffer.from(all.slice(end + 4, end + 4 + length), 'latin1').toString()
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body, all }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)$/im.exec(text.slice(0, end))?.[1]
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length)
}

/** The head of a POST, with the blank line after it. */
export function head(path: string, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries({ Host: 'portcullis.portcullis-system.svc', ...headers }).map(([k, v]) => `${k}: ${v}`)
  return [`POST ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')
}

/** A metric's value in the text of `/metrics`; 0 where the sample is not there. `labels` in the order of the text. */
export function sample(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  let sum = 0
  for (const line of text.split('\n')) {
    const [, metric, braces = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (metric !== name) continue
    if (Object.entries(labels).every(([key, wanted]) => braces.includes(`${key}="${wanted}"`))) sum += Number(value)
  }
  return sum
}
