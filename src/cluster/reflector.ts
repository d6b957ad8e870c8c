import { setTimeout as sleep } from 'node:timers/promises'
import { dig, getString, isObject, type Json, type JsonObject } from '../json/value.ts'

/** A kind of object of the API, to be listed and watched. */
export interface ResourceSource {
  /** What it is called in messages. */
  readonly name: string
  /** All objects of the kind, and the version of that list. */
  list(): Promise<{ readonly items: readonly JsonObject[]; readonly resourceVersion: string }>
  /**
   * Watches from a version on. `onEnd` is called once, with an error where it was one; what is returned ends the watch
   * without it.
   */
  watch(
    resourceVersion: string,
    onEvent: (type: string, object: Json) => void,
    onEnd: (error: unknown) => void,
  ): () => void
}

export interface ReflectorOptions {
  readonly source: ResourceSource
  /** Called after every change, and when the first list is there. */
  readonly onChange: () => void
  readonly onError: (error: unknown) => void
  /** Milliseconds before the first retry; each further one waits twice as long, up to `MAX_DELAY_MS`. */
  readonly delayMs?: number
}

const DELAY_MS = 500
const MAX_DELAY_MS = 30_000

/**
 * Keeps a copy of all objects of a kind: lists them, then follows the watch. A watch that ends is resumed where it was; a
 * version that the server has forgotten (410) means a new list; anything else is tried again, ever more slowly. What was
 * known stays known while the server is away.
 */
export class Reflector {
  readonly #options: ReflectorOptions
  readonly #objects = new Map<string, JsonObject>()
  #version = ''
  #isSynced = false
  #isStopped = false
  #stopWatch: () => void = () => {}
  #endWatch: () => void = () => {}
  #failures = 0

  constructor(options: ReflectorOptions) {
    this.#options = options
  }

  /** Whether a list has been seen. */
  get isSynced(): boolean {
    return this.#isSynced
  }

  /** The objects by their namespaces and names, in that order. */
  get objects(): readonly JsonObject[] {
    return [...this.#objects].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
  }

  /** Follows the kind until it is stopped. Never rejects. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        if (this.#version === '') await this.#list()
        const started = performance.now()
        await this.#watch()
        this.#failures = 0
        // A server that ends every watch at once is not asked without a pause.
        const { delayMs = DELAY_MS } = this.#options
        if (performance.now() - started < delayMs && !this.#isStopped) await sleep(delayMs, undefined, { ref: false })
      } catch (error) {
        if (this.#isStopped) return
        if (isGone(error)) this.#version = ''
        else {
          this.#options.onError(error)
          this.#failures++
          await sleep(this.#delay(), undefined, { ref: false })
        }
      }
    }
  }

  /** Ends the watch; the objects stay. */
  stop(): void {
    this.#isStopped = true
    this.#stopWatch()
    this.#endWatch()
  }

  /** Longer after each failure, and not the same for all replicas. */
  #delay(): number {
    const { delayMs = DELAY_MS } = this.#options
    const most = Math.min(delayMs * 2 ** (this.#failures - 1), MAX_DELAY_MS)
    return most * (0.5 + Math.random() / 2)
  }

  async #list(): Promise<void> {
    const { items, resourceVersion } = await this.#options.source.list()
    this.#objects.clear()
    for (const item of items) this.#objects.set(keyOf(item), item)
    this.#version = resourceVersion
    this.#isSynced = true
    this.#options.onChange()
  }

  #watch(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isStopped) {
        resolve()
        return
      }
      this.#endWatch = resolve
      const end = (error: unknown) => (error === null || error === undefined ? resolve() : reject(error))
      this.#stopWatch = this.#options.source.watch(
        this.#version,
        (type, object) => {
          const failure = this.#take(type, object)
          if (failure === undefined) return
          this.#stopWatch()
          reject(failure)
        },
        end,
      )
    })
  }

  /** Takes one event; gives the error that the server sends as one. */
  #take(type: string, object: Json): unknown {
    if (type === 'ERROR')
      return Object.assign(new Error(getString(object, 'message') ?? 'the watch failed'), { code: dig(object, 'code') })
    if (!isObject(object)) return undefined
    const version = getString(dig(object, 'metadata'), 'resourceVersion')
    if (version !== undefined) this.#version = version
    if (type === 'BOOKMARK') return undefined
    if (type === 'DELETED') this.#objects.delete(keyOf(object))
    else this.#objects.set(keyOf(object), object)
    this.#failures = 0
    this.#options.onChange()
    return undefined
  }
}

function keyOf(object: JsonObject): string {
  const metadata = dig(object, 'metadata')
  return `${getString(metadata, 'namespace') ?? ''}/${getString(metadata, 'name') ?? ''}`
}

function isGone(error: unknown): boolean {
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  return code === 410 || statusCode === 410
}
