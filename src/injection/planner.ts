import { quote } from '../admission/text.ts'
import { type ActiveInjection, FAILURES, NO_TARGET, resultOf } from './active.ts'
import { fits } from './budget.ts'
import { fillContainers } from './fill-containers.ts'
import type { Injection } from './injection.ts'
import { DECLARED_CONTAINERS, judgeContainers, judgeVolumes, missingVolume } from './judge.ts'
import { nameOf } from './names.ts'
import { ISTIO_STATUS, type OtherInjectors, otherInjectors } from './other-injectors.ts'
import type { InjectionNote, InjectionOutcome, InjectionPlan, InjectionResult } from './outcome.ts'
import type { InjectionPorts } from './plan.ts'
import { type InjectionRecord, RECORD_KEY, RecordDraft, readRecords, writeRecords } from './record.ts'
import { leavesOutContainers, networkDangerOf, refusalOf } from './refusal.ts'
import { type PodTraits, podFacts } from './selection.ts'
import { rootDoubt, volumeDoubt } from './start-doubts.ts'
import { triggerDoubt } from './trigger-doubt.ts'

/** The container that kubectl means when none is named. */
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container'

/** Plans one pod: first each injection's own containers and volumes, then what goes into the containers of others. */
export class Planner {
  readonly #traits: PodTraits
  readonly #ports: InjectionPorts
  readonly #records: readonly InjectionRecord[]
  /** The annotation with what earlier calls recorded and nothing else; empty where there is none. */
  readonly #earlier: Readonly<Record<string, string>>
  readonly #active = new Map<Injection, ActiveInjection>()
  /** What those that did not become active said at their last attempt. */
  readonly #failures = new Map<Injection, InjectionNote>()
  #denial: InjectionPlan['denial']

  constructor(traits: PodTraits, ports: InjectionPorts) {
    this.#traits = traits
    this.#ports = ports
    const annotation = traits.draft.annotations.get(RECORD_KEY)
    this.#records = readRecords(annotation)
    this.#earlier = annotation === undefined ? {} : { [RECORD_KEY]: writeRecords(this.#records, []) }
  }

  /** Adds what does not depend on other injections: all of it or, where something is in the way, nothing. */
  begin(injection: Injection): InjectionResult | 'active' {
    const { draft } = this.#traits
    const rendered = injection.render(podFacts(this.#traits))
    if (!rendered.ok) {
      if (rendered.denies) this.#deny(injection, rendered.message)
      return this.#fail(injection, 'render-failed', rendered.message)
    }
    const refused = refusalOf(injection, rendered.additions, this.#traits)
    if (refused !== undefined) return this.#leaveOut(injection, refused.result, refused.message)
    const isPartial = this.#traits.isJob && leavesOutContainers(injection) && rendered.additions.containers.length > 0
    const additions = isPartial ? { ...rendered.additions, containers: [] } : rendered.additions
    const recorded = this.#records.find(({ name }) => name === injection.name)
    const by = { recorded, onConflict: injection.onConflict, isInjected: this.#isMarked(injection) }
    const containers = judgeContainers(additions, this.#traits, by)
    const volumes = judgeVolumes(additions, draft, by)
    const conflict = containers.conflict ?? volumes.conflict
    if (conflict !== undefined) {
      if (injection.onConflict === 'Deny') this.#deny(injection, conflict)
      return this.#fail(injection, 'conflict', conflict)
    }
    const volume =
      injection.generic === undefined
        ? missingVolume(additions, containers.missing, draft, this.#ports.claimedVolumes)
        : undefined
    if (volume !== undefined) return this.#fail(injection, 'missing-volume', volume)
    const notes = [...containers.notes, ...volumes.notes]
    if (injection.generic !== undefined && this.#traits.hasHostNetwork) {
      const danger = networkDangerOf(additions)
      if (danger !== undefined) notes.push({ kind: 'node-network', message: danger })
    }
    const record = new RecordDraft(injection.name, injection.revision)
    const active: ActiveInjection = { injection, additions, recorded, record, notes, isPartial }
    if (!this.#addAnnotations(active)) return this.#fail(injection, 'annotations-full', 'the annotations do not fit')
    this.#addLabels(active)
    this.#addVolumes(active, volumes.missing)
    this.#addContainers(active, containers.missing)
    this.#active.set(injection, active)
    this.#failures.delete(injection)
    return 'active'
  }

  /** Adds what goes into the containers of others, says what was done, and gives the plan. */
  finish(injections: readonly Injection[], reasons: ReadonlyMap<Injection, InjectionResult>): InjectionPlan {
    const { draft } = this.#traits
    const active = injections.flatMap(injection => this.#active.get(injection) ?? [])
    const others = otherInjectors(draft.annotations.get(ISTIO_STATUS))
    for (const each of active) {
      const filled = fillContainers(draft, each, active, this.#records, others)
      if (filled?.denial !== undefined) this.#deny(each.injection, filled.denial)
      const doubt = volumeDoubt(each, draft, this.#ports.claimedVolumes)
      if (doubt !== undefined) each.notes.push({ kind: 'start', message: doubt })
      if (filled?.containers === 0 && each.injection.generic === undefined) each.notes.push(NO_TARGET)
    }
    for (const injection of this.#failures.size === 0 ? [] : injections) {
      const failure = FAILURES.has(reasons.get(injection)) ? this.#failures.get(injection) : undefined
      if (failure !== undefined && injection.onFailure === 'Deny') this.#deny(injection, failure.message)
    }
    this.#writeRecords(active, others)
    const outcomes = injections.map((injection): InjectionOutcome => {
      const made = this.#active.get(injection)
      if (made !== undefined) return { injection, result: resultOf(made, this.#denial), notes: made.notes }
      const result = reasons.get(injection) ?? 'not-triggered'
      const doubt = result === 'not-triggered' ? triggerDoubt(injection, draft) : undefined
      const note = doubt === undefined ? this.#failures.get(injection) : ({ kind: 'trigger', message: doubt } as const)
      return { injection, result, notes: note === undefined ? [] : [note] }
    })
    return this.#denial === undefined
      ? { outcomes, operations: draft.operations(), active: [...this.#active.keys()] }
      : { outcomes, operations: [], active: [...this.#active.keys()], denial: this.#denial }
  }

  /** What the status annotation of the generic format says of an injection; undefined for a SidecarInjection. */
  #isMarked({ generic }: Injection): boolean | undefined {
    if (generic === undefined) return undefined
    const status = this.#traits.draft.annotations.get(generic.statusKey)
    return typeof status === 'string' && status.toLowerCase() === 'injected'
  }

  /** The first injection that denies speaks. */
  #deny(injection: Injection, message: string): void {
    this.#denial ??= { injection, message }
  }

  #fail(injection: Injection, result: InjectionResult, message: string): InjectionResult {
    const kind = result === 'conflict' ? 'conflict' : 'failed'
    this.#failures.set(injection, { kind, message: `nothing was injected: ${message}` })
    return result
  }

  /** As {@link #fail}, for what is meant so. It is said to those who asked for the injection, and not to every pod. */
  #leaveOut(injection: Injection, result: InjectionResult, message: string): InjectionResult {
    if (injection.trigger.kind === 'annotation') {
      this.#failures.set(injection, { kind: 'left-out', message: `nothing was injected: ${message}` })
    }
    return result
  }

  #addLabels({ additions, record, notes }: ActiveInjection): void {
    const { labels } = this.#traits.draft
    for (const [key, value] of Object.entries(additions.labels)) {
      const present = labels.get(key)
      if (present === value) continue
      if (present !== undefined) {
        notes.push({ kind: 'label-kept', message: `label ${quote(key)} keeps the value that it has` })
      } else if (this.#ports.ownerKeys?.has(key) === true) {
        const message = `label ${quote(key)} is not written: the pod's owner finds it by this key`
        notes.push({ kind: 'selector-label', message })
      } else {
        labels.set(key, value)
        record.add('labels', key)
      }
    }
  }

  /** All of them, or none where the pod would become invalid. */
  #addAnnotations({ injection, additions, record, notes }: ActiveInjection): boolean {
    const { annotations } = this.#traits.draft
    const missing: Record<string, string> = {}
    for (const [key, value] of Object.entries(additions.annotations)) {
      const present = annotations.get(key)
      if (present === undefined) missing[key] = value
      else if (present !== value) {
        notes.push({ kind: 'annotation-kept', message: `annotation ${quote(key)} keeps the value that it has` })
      }
    }
    const status = injection.generic?.statusKey
    if (status !== undefined && this.#isMarked(injection) !== true) missing[status] = 'injected'
    const keys = Object.keys(missing)
    if (keys.length > 0 && !this.#fits(missing)) return false
    for (const key of keys) {
      annotations.set(key, missing[key] ?? '')
      record.add('annotations', key)
    }
    return true
  }

  #addVolumes({ additions, record }: ActiveInjection, missing: ReadonlySet<string>): void {
    const { volumes, imagePullSecrets } = this.#traits.draft
    for (const value of additions.volumes) {
      const name = nameOf(value)
      if (!missing.has(name)) continue
      volumes.append(value)
      record.add('volumes', name)
    }
    for (const value of additions.imagePullSecrets) {
      const name = nameOf(value)
      if (imagePullSecrets.find(name) !== undefined) continue
      imagePullSecrets.append(value)
      record.add('imagePullSecrets', name)
    }
  }

  #addContainers({ additions, record, notes }: ActiveInjection, missing: ReadonlySet<string>): void {
    const { draft } = this.#traits
    for (const [declared, list] of DECLARED_CONTAINERS) {
      // Those that come first stand behind each other; one that is there already shows where.
      let place = 0
      for (const value of additions[declared]) {
        const name = nameOf(value)
        const isFirst = declared === 'initContainersFirst'
        const present = draft.list(list).findIndex(container => container.name === name)
        if (present >= 0) place = present + 1
        if (present >= 0 || !missing.has(name)) continue
        draft.insertContainer(list, value, isFirst ? place : undefined)
        const doubt = rootDoubt(value, this.#traits.spec)
        if (doubt !== undefined) notes.push({ kind: 'start', message: doubt })
        record.add(list, name)
        place++
      }
    }
  }

  /** The annotations that are about this call itself; a pod to which nothing was added gets none. */
  #writeRecords(active: readonly ActiveInjection[], others: OtherInjectors): void {
    const { draft } = this.#traits
    const made = active.filter(({ injection, record }) => injection.generic === undefined && !record.isEmpty)
    if (made.length === 0) return
    const own = ownContainer(draft.list('containers'), active, others)
    const hasContainers = made.some(({ record }) => record.lists.containers.length > 0)
    if (own !== undefined && hasContainers && draft.annotations.get(DEFAULT_CONTAINER) === undefined) {
      if (this.#fits({ [DEFAULT_CONTAINER]: own })) {
        draft.annotations.set(DEFAULT_CONTAINER, own)
        made[0]?.record.add('annotations', DEFAULT_CONTAINER)
      }
    }
    const value = writeRecords(
      this.#records,
      made.map(({ record }) => record),
    )
    if (fits(draft.annotations, { [RECORD_KEY]: value })) {
      draft.annotations.set(RECORD_KEY, value)
      return
    }
    for (const [key, earlier] of Object.entries(this.#earlier)) {
      if (draft.annotations.get(key) !== earlier) draft.annotations.set(key, earlier)
    }
    made[0]?.notes.push({ kind: 'unrecorded', message: `annotation ${RECORD_KEY} does not fit and was left out` })
  }

  /**
   * Whether the annotations fit beside what earlier calls recorded, as it would be written now. A record may be forged
   * and longer than that; were it counted as it is, the next call would find more room than this one.
   */
  #fits(entries: Readonly<Record<string, string>>): boolean {
    return fits(this.#traits.draft.annotations, { ...entries, ...this.#earlier })
  }
}

function ownContainer(
  containers: readonly { readonly name: string }[],
  active: readonly ActiveInjection[],
  others: OtherInjectors,
): string | undefined {
  const declared = new Set(active.flatMap(({ injection }) => [...injection.declaredNames]))
  return containers.find(({ name }) => name !== '' && !declared.has(name) && !others.has(name))?.name
}
