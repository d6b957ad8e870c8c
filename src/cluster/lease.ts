import { setTimeout as sleep } from 'node:timers/promises'
import { dig, getString, type Json, type JsonObject } from '../json/value.ts'
import type { ClusterClient, ObjectPath } from './client.ts'
import { isApiError } from './http.ts'

export interface LeaderElectionOptions {
  readonly client: Pick<ClusterClient, 'read' | 'create' | 'replace'>
  readonly namespace: string
  /** Of the Lease. */
  readonly name: string
  /** Of this process, unlike any other: the name of its pod and something random. */
  readonly identity: string
  /** Milliseconds since 1970, for what people read in the Lease. Nothing is decided by it. */
  readonly now: () => number
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number
  /** Told of every change of leadership, of this process. */
  readonly onChange: (isLeading: boolean) => void
  readonly onError: (error: unknown) => void
  /** How long a leader that is no longer heard of counts as one. */
  readonly leaseMs?: number
  /** How often the Lease is renewed, or looked at. */
  readonly retryMs?: number
}

const LEASE_MS = 15_000
const RETRY_MS = 2000
/** A process that ends does not wait longer for an API that does not answer. */
const RELEASE_MS = 2000

/**
 * Leader election by a Lease, as client-go does it: a Lease that has not changed for its duration, by this process' own
 * clock, is free; a leader that could not renew for two thirds of it stops leading before anybody else can begin.
 */
export class LeaderElection {
  readonly #options: Required<LeaderElectionOptions>
  readonly #path: ObjectPath
  /** The version of the Lease that was seen last, and when it was seen first. */
  #seen = { version: '', at: Number.NEGATIVE_INFINITY }
  #holder = ''

  constructor(options: LeaderElectionOptions) {
    const { namespace, name } = options
    this.#options = { leaseMs: LEASE_MS, retryMs: RETRY_MS, ...options }
    this.#path = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases', namespace, name }
  }

  /** Who leads, as far as this process knows; `''` where nobody does. */
  get holder(): string {
    return this.#holder
  }

  /**
   * Waits to lead, leads, and so on until `stop` is aborted; then hands over.
   *
   * @param lead does the work of a leader until its signal is aborted.
   */
  async run(lead: (signal: AbortSignal) => Promise<void>, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      if (await this.#takeInTime(this.#options.leaseMs, stop)) await this.#term(lead, stop)
      else await pause(this.#options.retryMs, stop)
    }
  }

  async #term(lead: (signal: AbortSignal) => Promise<void>, stop: AbortSignal): Promise<void> {
    const { onChange, monotonic, leaseMs, retryMs } = this.#options
    const ended = new AbortController()
    const end = () => ended.abort()
    stop.addEventListener('abort', end)
    onChange(true)
    const work = lead(ended.signal)
    let renewed = monotonic()
    while (!ended.signal.aborted) {
      await pause(retryMs, ended.signal)
      if (ended.signal.aborted) break
      const started = monotonic()
      if (await this.#takeInTime(renewed + (leaseMs * 2) / 3 - started, stop)) renewed = started
      else if (this.#holder !== this.#options.identity || monotonic() - renewed >= (leaseMs * 2) / 3) end()
    }
    // The next leader begins when this one has ended, not while it still writes.
    await work
    onChange(false)
    stop.removeEventListener('abort', end)
    if (this.#holder === this.#options.identity) await Promise.race([this.#release(), sleep(RELEASE_MS)])
  }

  /** A renewal that hangs is one that failed: the time for it is what is left of the term. */
  async #takeInTime(milliseconds: number, stop: AbortSignal): Promise<boolean> {
    return Promise.race([this.#take(), pause(Math.max(0, milliseconds), stop).then(() => false)])
  }

  /** Takes or renews the Lease; false where somebody else has it or the API does not say. */
  async #take(): Promise<boolean> {
    const { client, identity, onError } = this.#options
    try {
      const lease = await client.read(this.#path)
      if (lease === undefined) {
        const { group, version, resource, namespace } = this.#path
        const { object } = await client.create(
          { group, version, resource, ...(namespace !== undefined && { namespace }) },
          this.#lease({}, identity, 0),
        )
        return this.#taken(object)
      }
      this.#look(lease)
      const { holder, isFree } = this.#stateOf(lease)
      if (holder !== identity && !isFree) return false
      const transitions = Number(dig(lease, 'spec', 'leaseTransitions') ?? 0) + (holder === identity ? 0 : 1)
      const { object } = await client.replace(this.#path, this.#lease(lease, identity, transitions))
      return this.#taken(object)
    } catch (error) {
      // Somebody else was faster.
      if (!isApiError(error, 409)) onError(error)
      return false
    }
  }

  #taken(lease: JsonObject): boolean {
    this.#look(lease)
    this.#holder = this.#options.identity
    return true
  }

  #look(lease: JsonObject): void {
    const version = getString(dig(lease, 'metadata'), 'resourceVersion') ?? ''
    if (version !== this.#seen.version) this.#seen = { version, at: this.#options.monotonic() }
    this.#holder = getString(dig(lease, 'spec'), 'holderIdentity') ?? ''
  }

  #stateOf(lease: JsonObject): { readonly holder: string; readonly isFree: boolean } {
    const holder = getString(dig(lease, 'spec'), 'holderIdentity') ?? ''
    // The duration that its holder promised counts: versions of this program may differ in it.
    const seconds = Number(dig(lease, 'spec', 'leaseDurationSeconds') ?? 0)
    const duration = seconds > 0 ? seconds * 1000 : this.#options.leaseMs
    return { holder, isFree: holder === '' || this.#options.monotonic() - this.#seen.at >= duration }
  }

  async #release(): Promise<void> {
    const { client, onError } = this.#options
    try {
      const lease = await client.read(this.#path)
      if (lease === undefined || this.#stateOf(lease).holder !== this.#options.identity) return
      const transitions = Number(dig(lease, 'spec', 'leaseTransitions') ?? 0)
      await client.replace(this.#path, this.#lease(lease, '', transitions))
      this.#holder = ''
    } catch (error) {
      // The others wait until it has run out.
      if (!isApiError(error, 409)) onError(error)
    }
  }

  #lease(old: JsonObject, holderIdentity: string, leaseTransitions: number): JsonObject {
    const { name, namespace } = this.#path
    const time = `${new Date(this.#options.now()).toISOString().slice(0, -1)}000Z`
    const spec = dig(old, 'spec')
    const isRenewal = getString(spec, 'holderIdentity') === holderIdentity
    const acquired: Json = (isRenewal && dig(spec, 'acquireTime')) || time
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: dig(old, 'metadata') ?? { name, ...(namespace !== undefined && { namespace }) },
      spec: {
        holderIdentity,
        leaseDurationSeconds: holderIdentity === '' ? 1 : Math.ceil(this.#options.leaseMs / 1000),
        acquireTime: acquired,
        renewTime: time,
        leaseTransitions,
      },
    }
  }
}

/** Waits, and no longer once the signal is aborted. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {})
}
