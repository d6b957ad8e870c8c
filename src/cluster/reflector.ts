import { setTimeout as sleep } from 'node:timers/promises'
import { dig, getString, isObject, type Json, type JsonObject } from '../json/value.ts'

/** A kind of object of the API, to be listed and watched. */
export interface ResourceSource {
  /** What it is called in messages. */
  readonly name: string
  /** All objects of the kind, and the version of that list. */
  list(): Promise<{ readonly items: readonly JsonObject[]; readonly resourceVersion: string }>
  /**
   * Watches from a version on. `onEnd` is called once: with null if the server ended the watch, as it does now and then, else with
   * an error. What is returned ends the watch without it.
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
  /**
   * Names the definition of the kind, for kinds whose objects must not vanish with it; resolves to undefined if it is gone or about
   * to go, and rejects if that is unknown. Without it an object that is deleted is gone.
   */
  readonly identify?: () => Promise<string | undefined>
  /** Told of each object that is gone for good, after it has left. */
  readonly onGone?: (object: JsonObject) => void
  /** Milliseconds before the first retry; each further one waits twice as long, up to `MAX_DELAY_MS`. */
  readonly delayMs?: number
}

const DELAY_MS = 500
const MAX_DELAY_MS = 30_000

/**
 * Keeps a copy of all objects of a kind: lists them, then follows the watch. A watch that ends is resumed where it was; a
 * version that the server has forgotten (410) means a new list; anything else is tried again, ever more slowly. What was
 * known stays known while the server is away.
 *
 * Deleting the definition of a kind deletes all of its objects first, and a watch tells that like any other deletion. So the
 * definition is asked for before an object goes: objects that went with it are kept as they were last, until one of the same name is
 * there again.
 */
export class Reflector {
  readonly #options: ReflectorOptions
  readonly #objects = new Map<string, JsonObject>()
  #version = ''
  #isSynced = false
  #isUnserved = false
  /** Which definition the objects are of, as far as it is known. */
  #identity: string | undefined
  /** Deleted, and not yet known to be gone for good; all of them are still in `#objects`. */
  readonly #vanished = new Set<string>()
  /** Gone with their definition, and kept; all of them are still in `#objects`. */
  readonly #lost = new Set<string>()
  #isSettling = false
  #needsIdentity = false
  /** When the API last said anything about the kind. */
  #contactAt = performance.now()
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

  /** Whether the API said last that it serves no such kind. */
  get isUnserved(): boolean {
    return this.#isUnserved
  }

  /** Milliseconds since the API last said anything about the kind; since the start if it never did. */
  get ageMs(): number {
    return performance.now() - this.#contactAt
  }

  /** The objects that went with their definition, and are kept. */
  get lost(): readonly JsonObject[] {
    return this.#pick(this.#lost)
  }

  /** The objects that were deleted, or are kept although they were. */
  get deleted(): readonly JsonObject[] {
    return this.#pick([...this.#lost, ...this.#vanished])
  }

  #pick(keys: Iterable<string>): readonly JsonObject[] {
    return [...keys].map(key => this.#objects.get(key)).filter(object => object !== undefined)
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
        this.#contactAt = performance.now()
        // A server that ends every watch at once is not asked without a pause.
        const { delayMs = DELAY_MS } = this.#options
        if (performance.now() - started < delayMs && !this.#isStopped) await sleep(delayMs, undefined, { ref: false })
      } catch (error) {
        if (this.#isStopped) return
        if (codeOf(error) === 410) this.#version = ''
        else {
          if (codeOf(error) === 404) this.#takeUnserved()
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
    const present = new Set(items.map(keyOf))
    const absent = [...this.#objects.keys()].filter(key => !present.has(key))
    for (const item of items) this.#put(item)
    this.#version = resourceVersion
    this.#isSynced = true
    this.#isUnserved = false
    this.#contactAt = performance.now()
    if (this.#options.identify === undefined) for (const key of absent) this.#drop(key)
    else {
      for (const key of absent) if (!this.#lost.has(key)) this.#vanished.add(key)
      this.#needsIdentity = true
      void this.#settle()
    }
    this.#options.onChange()
  }

  #put(object: JsonObject): void {
    const key = keyOf(object)
    this.#objects.set(key, object)
    this.#vanished.delete(key)
    if (!this.#lost.delete(key)) return
    // It is of another definition than before.
    this.#identity = undefined
    this.#needsIdentity = true
    void this.#settle()
  }

  #drop(key: string): void {
    const object = this.#objects.get(key)
    this.#objects.delete(key)
    if (object !== undefined) this.#options.onGone?.(object)
  }

  /** A kind that is served no longer: what was known of it is kept. It is listed anew once it is served again. */
  #takeUnserved(): void {
    this.#version = ''
    this.#isUnserved = true
    this.#contactAt = performance.now()
    if (this.#options.identify === undefined || this.#lost.size === this.#objects.size) return
    this.#vanished.clear()
    for (const key of this.#objects.keys()) this.#lost.add(key)
    this.#options.onChange()
  }

  /** Finds out whether what was deleted went with the definition of its kind, and asks again until that is known. */
  async #settle(): Promise<void> {
    const { identify, onError, onChange, delayMs = DELAY_MS } = this.#options
    if (this.#isSettling || identify === undefined) return
    this.#isSettling = true
    while (!this.#isStopped && (this.#needsIdentity || this.#vanished.size > 0)) {
      this.#needsIdentity = false
      const keys = [...this.#vanished]
      try {
        this.#settled(keys, await identify())
        if (keys.length > 0) onChange()
      } catch (error) {
        onError(error)
        if (keys.length === 0) this.#identity = undefined
        await sleep(delayMs, undefined, { ref: false })
      }
    }
    this.#isSettling = false
  }

  #settled(keys: readonly string[], identity: string | undefined): void {
    const isLost = identity === undefined || (this.#identity !== undefined && identity !== this.#identity)
    this.#identity = identity ?? this.#identity
    for (const key of keys) {
      // It may have come back meanwhile.
      if (!this.#vanished.delete(key)) continue
      if (isLost) this.#lost.add(key)
      else this.#drop(key)
    }
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
    this.#contactAt = performance.now()
    if (type === 'BOOKMARK') return undefined
    this.#failures = 0
    if (type === 'DELETED') return this.#delete(keyOf(object))
    this.#put(object)
    this.#options.onChange()
    return undefined
  }

  #delete(key: string): undefined {
    if (this.#options.identify === undefined) {
      this.#drop(key)
      this.#options.onChange()
    } else if (this.#objects.has(key) && !this.#lost.has(key)) {
      this.#vanished.add(key)
      void this.#settle()
    }
  }
}

function keyOf(object: JsonObject): string {
  const metadata = dig(object, 'metadata')
  return `${getString(metadata, 'namespace') ?? ''}/${getString(metadata, 'name') ?? ''}`
}

/** The HTTP status in an error of a list or a watch; undefined without one. */
function codeOf(error: unknown): unknown {
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  return statusCode ?? code
}
