import type { ServerResponse } from 'node:http'
import { isIPv6, type Socket } from 'node:net'
import type { ConnectionLimits } from './connection-limits.ts'

/** Whose place a connection takes. */
export type ConnectionKind = 'handshake' | 'allowed' | 'other'

/** What a connection waits for at a moment. */
export type Phase = 'handshake' | 'unused' | 'headers' | 'body' | 'judging' | 'answer' | 'idle' | 'ending'

/** Why the gateway ended a connection. */
export type EndReason =
  | 'handshake-timeout'
  | 'handshake-failed'
  | 'unused'
  | 'headers-timeout'
  | 'request-timeout'
  | 'stuck'
  | 'unread'
  | 'idle'
  | 'unreadable'
  | 'no-place'
  | 'client-ca'
  | 'stopping'

const REASONS: Readonly<Record<Phase, EndReason>> = {
  handshake: 'handshake-timeout',
  unused: 'unused',
  headers: 'headers-timeout',
  body: 'request-timeout',
  judging: 'stuck',
  answer: 'unread',
  idle: 'idle',
  ending: 'unread',
}

/** One open connection: the only thing that is kept about it. */
export class Connection {
  /** The accepted TCP connection. */
  readonly tcp: Socket
  /** What tells it from all others of the listener: its TLS socket is another object. */
  readonly remoteEnd: string
  /** What bounds by address go by. */
  readonly address: string
  /** Whether it counts for its address. */
  isCounted = false
  /** How often the client CA had changed when the connection was accepted. */
  readonly generation: number
  kind: ConnectionKind
  /** When it got its kind, by the monotonic clock. */
  since: number
  /** The TLS socket; in clear, the TCP connection itself. Undefined until the handshake is done. */
  stream: Socket | undefined
  /** The answer to the latest request whose headers were read. */
  response: ServerResponse | undefined
  /** Why the gateway ended it, once it has. */
  ended: EndReason | undefined
  #phase: Phase
  #phaseSince: number
  #phaseResponse: ServerResponse | undefined
  #blockedSince: number | undefined

  constructor(tcp: Socket, remoteEnd: string, stream: Socket | undefined, generation: number, now: number) {
    this.tcp = tcp
    this.remoteEnd = remoteEnd
    this.stream = stream
    this.address = addressKey(tcp.remoteAddress)
    this.generation = generation
    this.kind = stream === undefined ? 'handshake' : 'other'
    this.since = now
    this.#phase = this.phase
    this.#phaseSince = now
  }

  get phase(): Phase {
    const { stream, response } = this
    if (stream === undefined) return 'handshake'
    if (stream.writableEnded || this.ended !== undefined) return 'ending'
    if (response === undefined) return stream.bytesRead === 0 ? 'unused' : 'headers'
    // Also the rest of a body that was answered before it was read.
    if (!response.req.complete) return 'body'
    if (response.writableFinished) return 'idle'
    return response.writableEnded ? 'answer' : 'judging'
  }

  /** Notes the present phase; returns how long it has lasted, in milliseconds. A new request begins a new phase. */
  observe(now: number): number {
    const { phase, response, stream } = this
    if (phase !== this.#phase || response !== this.#phaseResponse) {
      this.#phase = phase
      this.#phaseSince = now
      this.#phaseResponse = response
    }
    // Whoever asks again and again and reads nothing has a new phase each time, but never an empty buffer.
    if (stream === undefined || stream.writableLength === 0) this.#blockedSince = undefined
    else this.#blockedSince ??= now
    return now - this.#phaseSince
  }

  /** Begins the time of an answered handshake. */
  secure(stream: Socket, kind: ConnectionKind, now: number): void {
    this.stream = stream
    this.kind = kind
    this.since = now
    this.observe(now)
  }

  /** Why it has to end now; undefined while it may go on. */
  overdue(now: number, limits: ConnectionLimits): EndReason | undefined {
    const lasted = this.observe(now)
    if (this.#blockedSince !== undefined && now - this.#blockedSince >= limits.answerMs) return 'unread'
    return lasted >= this.#limit(limits) ? REASONS[this.#phase] : undefined
  }

  /** Node's own timers answer 408 first, where there is somebody to answer: these are the net below them. */
  #limit(limits: ConnectionLimits): number {
    switch (this.#phase) {
      case 'handshake':
        return limits.handshakeMs
      case 'unused':
        return this.kind === 'allowed' ? limits.unusedAllowedMs : limits.unusedMs
      case 'headers':
        return limits.headersMs + 3 * limits.sweepMs
      case 'body':
        return limits.requestMs + 3 * limits.sweepMs
      case 'judging':
        return limits.judgeMs
      case 'answer':
        return limits.answerMs
      case 'idle':
        return limits.keepAliveMs
      case 'ending':
        return limits.endMs
    }
  }
}

/** An IPv4 address as it is; of an IPv6 address the first 64 bits, since whoever has one has all of those. */
export function addressKey(address: string | undefined): string {
  if (address === undefined || !isIPv6(address) || address.includes('.')) return address ?? 'unknown'
  const [front = '', back = ''] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const missing = 8 - groups(front).length - groups(back).length
  return [...groups(front), ...Array.from({ length: Math.max(missing, 0) }, () => '0'), ...groups(back)]
    .slice(0, 4)
    .join(':')
}
