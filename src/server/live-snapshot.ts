import type { FastifyBaseLogger } from 'fastify'
import type { InjectionSet } from '../injection/plan.ts'
import type { LoadedInjections } from '../injection/set.ts'
import type { NamespaceTable } from '../policy/match.ts'
import { describeProblem, type Problem } from '../policy/problems.ts'
import type { LoadedSet, PolicySet } from '../policy/set.ts'
import { type Metrics, observeExceptions, observeRollouts } from './metrics.ts'
import { poll } from './poll.ts'
import type { Snapshot } from './snapshot.ts'

/** Where the documents that decide verdicts come from. */
export interface DocumentStore {
  /** Loads what is there; documents that do not compile are taken from `previous`. */
  load(previous: PolicySet | undefined): Promise<LoadedSet>
  /** The same for injections. */
  loadInjections(previous: InjectionSet | undefined): Promise<LoadedInjections>
  loadNamespaces(): Promise<{ readonly table: NamespaceTable; readonly problems: readonly Problem[] }>
  /** Why the emergency brake is on; undefined while it is not. */
  brake?(): string | undefined
  /**
   * Whether a fault keeps nobody from starting. A document of the cluster that does not compile must not be what ends every
   * gateway at its next restart.
   */
  tolerates?(problem: Problem): boolean
  /** Where the policies are read from, as messages call it. */
  readonly policiesPath?: string
  /** Calls back with every change that needs no second look, as those of a cluster; returns what ends that. */
  follow?(listener: () => void): () => void
  /** Names the present state of everything that the others read. */
  signature(): Promise<string>
}

/** The first snapshot, or why there is none. */
export type FirstSnapshot =
  | { readonly ok: true; readonly live: LiveSnapshot }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Milliseconds in which changes are gathered; far less than anybody waits for a policy. */
const BURST_MS = 50

/** The snapshot in force, and its replacement when the documents change. */
export class LiveSnapshot {
  readonly #store: DocumentStore
  readonly #metrics: Metrics
  readonly #logger: FastifyBaseLogger
  readonly #listeners: ((snapshot: Snapshot) => void)[] = []
  /** Names the state that the first documents were read from. */
  readonly #signature: string | undefined
  #current: Snapshot
  #stale: readonly string[] = []
  #problems: readonly Problem[] = []
  /** Loads one after the other: an older state must not come into force after a newer one. */
  #loading: Promise<void> = Promise.resolve()

  private constructor(
    store: DocumentStore,
    metrics: Metrics,
    logger: FastifyBaseLogger,
    first: Snapshot,
    signature: string | undefined,
  ) {
    this.#signature = signature
    this.#store = store
    this.#metrics = metrics
    this.#logger = logger
    this.#current = first
  }

  /** Loads the documents for the first time: here a problem is an error, unless the store tolerates it. */
  static async load(store: DocumentStore, metrics: Metrics, logger: FastifyBaseLogger): Promise<FirstSnapshot> {
    // Before the documents are read: what changes from here on is noticed by the watch.
    const signature = await store.signature().catch(() => undefined)
    const loaded = await store.load(undefined)
    const injected = await store.loadInjections(undefined)
    const namespaces = await store.loadNamespaces()
    const problems = [...loaded.problems, ...injected.problems, ...namespaces.problems]
    const fatal = problems.filter(problem => store.tolerates?.(problem) !== true)
    if (fatal.length > 0) return { ok: false, problems: fatal.map(describeProblem) }
    if (loaded.set.documents.length === 0) return { ok: false, problems: [`there is no policy in ${folderOf(store)}`] }
    const brake = store.brake?.()
    const first = {
      set: loaded.set,
      injections: injected.set,
      namespaces: namespaces.table,
      isBraked: brake !== undefined,
    }
    const live = new LiveSnapshot(store, metrics, logger, first, signature)
    live.#reportBrake(false, brake)
    live.#report([loaded, injected, namespaces])
    return { ok: true, live }
  }

  get current(): Snapshot {
    return this.#current
  }

  /** The documents that stand at an older revision, as `kind/name`. */
  get stale(): readonly string[] {
    return this.#stale
  }

  /** What is wrong with the documents as they were read last. */
  get problems(): readonly Problem[] {
    return this.#problems
  }

  /** Calls back with every snapshot that comes into force after this one. */
  onChange(listener: (snapshot: Snapshot) => void): void {
    this.#listeners.push(listener)
  }

  /** Follows the documents; the function returned ends that. */
  watch(intervalMs: number): () => void {
    const onError = (error: unknown) => {
      this.#metrics.documentLoads.inc({ result: 'failed' })
      this.#logger.error({ err: error }, 'documents could not be read; the last good ones stay in force')
    }
    const stopPolling = poll({
      intervalMs,
      initial: this.#signature,
      signature: () => this.#store.signature(),
      onChange: () => this.reload(),
      onError,
    })
    let timer: NodeJS.Timeout | undefined
    const stopFollowing = this.#store.follow?.(() => {
      // Changes come in bursts, as of `kubectl apply -f` with a folder.
      timer ??= setTimeout(() => {
        timer = undefined
        this.reload().catch(onError)
      }, BURST_MS)
    })
    return () => {
      stopPolling()
      stopFollowing?.()
      clearTimeout(timer)
    }
  }

  /** Compiles the documents aside and puts them into force, each at its last good revision. */
  reload(): Promise<void> {
    const next = this.#loading.then(() => this.#load())
    this.#loading = next.catch(() => {})
    return next
  }

  async #load(): Promise<void> {
    const loaded = await this.#store.load(this.#current.set)
    const injected = await this.#store.loadInjections(this.#current.injections)
    const namespaces = await this.#store.loadNamespaces()
    if (loaded.set.documents.length === 0) {
      // A folder that was emptied by accident looks like this, and so does a mount that went away.
      this.#metrics.documentLoads.inc({ result: 'failed' })
      const folder = this.#store.policiesPath
      this.#logger.error({ folder }, 'no policy is left in the folder of --policies; the last good ones stay in force')
      return
    }
    const table = namespaces.problems.length === 0 ? namespaces.table : this.#current.namespaces
    const brake = this.#store.brake?.()
    this.#reportBrake(this.#current.isBraked, brake)
    this.#current = { set: loaded.set, injections: injected.set, namespaces: table, isBraked: brake !== undefined }
    this.#report([loaded, injected, namespaces])
    for (const listener of this.#listeners) listener(this.#current)
  }

  #reportBrake(wasOn: boolean, reason: string | undefined): void {
    this.#metrics.emergencyBrake.set(reason === undefined ? 0 : 1)
    if (reason !== undefined)
      this.#logger.error({ reason }, 'the emergency brake is on: nothing is refused or injected')
    else if (wasOn) this.#logger.warn('the emergency brake is off')
  }

  #report(loads: readonly Partial<Pick<LoadedSet, 'problems' | 'warnings' | 'stale'>>[]): void {
    const metrics = this.#metrics
    const { set, injections } = this.#current
    const problems = loads.flatMap(load => load.problems ?? [])
    const warnings = loads.flatMap(load => load.warnings ?? [])
    const stale = loads.flatMap(load => load.stale ?? [])
    this.#stale = stale
    this.#problems = problems
    metrics.documentLoads.inc({ result: problems.length === 0 ? 'loaded' : 'partly' })
    metrics.policySetInfo.reset()
    metrics.policySetInfo.set({ hash: set.hash }, 1)
    metrics.policies.set(set.policies.length)
    observeExceptions(metrics, set.exceptions)
    void observeRollouts(metrics, set.rollouts.records)
    metrics.injections.set(injections.injections.length)
    metrics.staleDocuments.set(stale.length)
    metrics.documentProblems.set(problems.length)
    for (const problem of problems) this.#logger.error({ problem: describeProblem(problem) }, 'document not loaded')
    for (const warning of warnings)
      this.#logger.warn({ warning: describeProblem(warning) }, 'document loaded with a warning')
    if (stale.length > 0) this.#logger.error({ stale }, 'documents stay at their last good revision')
    this.#logger.info(
      {
        hash: set.hash,
        policies: set.policies.length,
        exceptions: set.exceptions.length,
        injections: injections.injections.length,
      },
      'documents in force',
    )
  }
}

function folderOf({ policiesPath }: DocumentStore): string {
  return `the folder of --policies${policiesPath === undefined ? '' : `, ${policiesPath}`}`
}
