import { type EventNote, writeEvent } from '../../cluster/events.ts'
import type { JsonObject } from '../../json/value.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import type { ControllerContext, Task } from '../task.ts'
import {
  CONFIGURATION,
  configurationsOf,
  type Mode,
  type Registration,
  type Stage,
  type Target,
} from './configurations.ts'
import {
  annotationsOf,
  isSame,
  type Live,
  modeOf,
  pathOf,
  RESOURCES,
  readLive,
  stageOf,
  storeLive,
  type Which,
} from './live.ts'
import type { RegistrationMetrics } from './metrics.ts'
import { registrationOwner } from './owner.ts'
import type { ProbeResult } from './probe.ts'
import type { ServedResource } from './rules.ts'
import type { StateStore } from './state.ts'

/** What the registration is told by the other parts. */
export interface RegistrationOptions {
  readonly target: Target
  /** The namespaces that nobody is asked about: the policies' own, and those that must start without the gateway. */
  readonly excludedNamespaces: readonly string[]
  readonly timeoutSeconds: number
  /** What the operator wants; `enforce` is granted when nothing stands against it. */
  readonly wanted: Mode
  /** What has not been seen of the cluster yet: without it the registration would ask about less than it must. */
  readonly missing: () => Promise<readonly string[]>
  /** The policies in force and whether anything is injected. */
  readonly snapshot: () => { readonly policies: readonly CompiledPolicy[]; readonly hasInjections: boolean }
  /** Why the emergency brake is on; undefined while it is not. */
  readonly brake: () => string | undefined
  readonly served: () => Promise<readonly ServedResource[]>
  readonly bundle: () => Promise<
    { readonly ok: true; readonly caBundle: string } | { readonly ok: false; readonly reason: string }
  >
  /** What stands against `enforce`, a sentence each. */
  readonly blockers: () => Promise<readonly string[]>
  readonly probe: () => Promise<ProbeResult>
  readonly state: StateStore
  readonly metrics: RegistrationMetrics
  /** Told what is registered, after each round. */
  readonly onRegistered?: (registered: { readonly mode: Mode; readonly stage: Stage }) => void
}

const INTERVAL_MS = 1000
/** What stands against enforcing is asked again no sooner: it lists the whole cluster. */
const BLOCKERS_MS = 60_000

/**
 * Keeps the webhook configurations as the policies, the mode and the certificates want them. A new registration grows in
 * steps, each proven by a probe through the API server: the probe's namespace, then all of them and never blocking, then in
 * force. What somebody else deleted or edited is written again.
 */
export function registrationTask(context: ControllerContext, options: RegistrationOptions): Task {
  const registrar = new Registrar(context, options)
  return { name: 'registration', intervalMs: INTERVAL_MS, round: signal => registrar.round(signal) }
}

class Registrar {
  readonly #context: ControllerContext
  readonly #options: RegistrationOptions
  /** What this process saw in force last, by resource: what differs from it was changed by somebody else. */
  readonly #last = new Map<Which, string>()
  #blockersAt = Number.NEGATIVE_INFINITY
  #blockers: readonly string[] = []
  #waitingFor = ''

  constructor(context: ControllerContext, options: RegistrationOptions) {
    this.#context = context
    this.#options = options
    for (const cause of ['changed', 'deleted', 'edited']) options.metrics.registrations.inc({ cause }, 0)
  }

  async round(signal: AbortSignal): Promise<void> {
    const options = this.#options
    const missing = await options.missing()
    if (missing.length > 0) {
      this.#wait(`the cluster: no list of the kind ${missing.join(', ')} has been seen`)
      return
    }
    const owners = await registrationOwner(this.#context.client, this.#context.namespace)
    // What is written now nobody would be there to answer.
    if (owners === 'leaving') {
      this.#wait(`nothing: the namespace ${this.#context.namespace} is being deleted`)
      return
    }
    const live = await readLive(this.#context.client)
    const bundle = await options.bundle()
    if (!bundle.ok) {
      this.#wait(`the certificates: ${bundle.reason}`)
      return
    }
    const mode = await this.#mode(live, signal)
    const stage = await this.#stage(live, mode)
    const { policies, hasInjections } = options.snapshot()
    const { target, excludedNamespaces, timeoutSeconds } = options
    const registration: Registration = {
      policies,
      hasInjections,
      served: await options.served(),
      target,
      caBundle: bundle.caBundle,
      excludedNamespaces,
      mode,
      stage,
      timeoutSeconds,
      owners,
    }
    // What was asked for on the way may have taken long: by now somebody else may lead.
    if (signal.aborted) return
    await this.#write(live, registration)
    options.metrics.registrationInfo.reset()
    options.metrics.registrationInfo.set({ mode, stage }, 1)
    options.onRegistered?.({ mode, stage })
  }

  /** The mode to register: what is wanted, unless something stands against it that was not accepted before. */
  async #mode(live: Live, signal: AbortSignal): Promise<Mode> {
    const { wanted, brake, state, metrics } = this.#options
    const before = await state.readMode()
    const reason = brake()
    if (reason !== undefined) {
      if (modeOf(live) === 'enforce') await this.#tell(live, 'Warning', 'EmergencyBrake', reason)
      return 'observe'
    }
    if (wanted === 'observe') {
      metrics.blockers.set(0)
      if (before === 'enforce') {
        await state.writeMode('observe')
        await this.#tell(live, 'Normal', 'ModeChanged', 'observe: nothing is refused or injected any more')
      }
      return 'observe'
    }
    if (before === 'enforce') return 'enforce'
    if (stageOf(live) === undefined || stageOf(live) === 'probe') return 'observe'
    const blockers = await this.#askBlockers()
    metrics.blockers.set(blockers.length)
    if (blockers.length > 0) {
      const note = `mode enforce waits: ${blockers.join('; ')}`
      if (this.#wait(note)) await this.#tell(live, 'Warning', 'EnforcementWaits', note)
      return 'observe'
    }
    if (signal.aborted) return 'observe'
    await state.writeMode('enforce')
    await this.#tell(live, 'Normal', 'ModeChanged', 'enforce: nothing stands against it')
    return 'enforce'
  }

  async #askBlockers(): Promise<readonly string[]> {
    const now = this.#context.now()
    if (now - this.#blockersAt < BLOCKERS_MS && this.#blockers.length > 0) return this.#blockers
    this.#blockers = await this.#options.blockers()
    this.#blockersAt = now
    return this.#blockers
  }

  async #stage(live: Live, mode: Mode): Promise<Stage> {
    const stage = stageOf(live)
    if (stage === undefined) return 'probe'
    // A change of what is asked starts without consequences.
    if (modeOf(live) !== mode) return stage === 'probe' ? 'probe' : 'everywhere'
    if (stage === 'in-force' || (stage === 'everywhere' && mode === 'observe')) return stage
    const result = await this.#options.probe()
    if (result.kind === 'refused' || result.kind === 'observed') return stage === 'probe' ? 'everywhere' : 'in-force'
    this.#wait(`the probe in stage ${stage}: ${result.kind}, ${result.message}`)
    return stage
  }

  async #write(live: Live, registration: Registration): Promise<void> {
    const wanted = configurationsOf(registration)
    for (const which of ['validating', 'mutating'] as const) {
      const [present, desired] = [live[which], wanted[which]]
      if (desired !== undefined) await this.#put(which, present, desired, live)
      else if (present !== undefined) await this.#context.client.remove(pathOf(which))
      if (desired === undefined) this.#last.delete(which)
    }
  }

  async #put(which: Which, present: JsonObject | undefined, desired: JsonObject, live: Live): Promise<void> {
    const text = JSON.stringify(desired)
    if (present !== undefined && isSame(present, desired)) {
      this.#last.set(which, text)
      return
    }
    const last = this.#last.get(which)
    const cause = causeOf(present, last, text)
    if (!(await storeLive(this.#context.client, which, present, desired))) return
    this.#last.set(which, text)
    this.#options.metrics.registrations.inc({ cause })
    const { mode, stage } = annotationsOf(desired)
    this.#context.log[cause === 'changed' ? 'info' : 'warn'](
      { resource: RESOURCES[which], cause, mode, stage },
      'webhook configuration written',
    )
    if (cause === 'changed') return
    await this.#tell(live, 'Warning', 'RegistrationRestored', `it was ${cause} by somebody else`, desired)
  }

  async #tell(
    live: Live,
    type: EventNote['type'],
    reason: string,
    note: string,
    about: JsonObject = live.validating ?? {
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: CONFIGURATION },
    },
  ): Promise<void> {
    const { client, log, now } = this.#context
    log[type === 'Warning' ? 'warn' : 'info']({ reason, note }, 'registration')
    await writeEvent(client, about, { type, reason, action: 'Register', note }, now(), error =>
      log.warn({ err: error }, 'an event could not be written'),
    )
  }

  /** Says what is waited for, once; false where it was said before. */
  #wait(what: string): boolean {
    if (this.#waitingFor === what) return false
    this.#waitingFor = what
    this.#context.log.warn({ waitingFor: what }, 'the registration waits')
    return true
  }
}

/** Why a configuration has to be written. */
function causeOf(present: JsonObject | undefined, last: string | undefined, desired: string) {
  if (last === undefined) return 'changed'
  if (present === undefined) return 'deleted'
  return last === desired ? 'edited' : 'changed'
}
