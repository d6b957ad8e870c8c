import type { RolloutFacts, RolloutTaskOptions } from '../../../src/controller/rollouts/facts.ts'
import { rolloutTask } from '../../../src/controller/rollouts/task.ts'
import { dig, type JsonObject } from '../../../src/json/value.ts'
import type { NamespaceTable } from '../../../src/policy/match.ts'
import { type RecordDocument, readRecord } from '../../../src/policy/rollout-record.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'

const NAMESPACE = 'portcullis-system'
const ROLLOUTS = '/apis/portcullis.dev/v1alpha1/canaryrollouts'
const REVISIONS = `/apis/apps/v1/namespaces/${NAMESPACE}/controllerrevisions`
const silent = () => {}

/** What the world of a rollout is like; a test changes it as it goes. */
export interface Conditions {
  /** Of the target; undefined: it does not compile. */
  revision: string | undefined
  isTargetThere: boolean
  failurePolicy: 'Fail' | 'Ignore'
  /** What each gateway has counted under the record that it goes by. */
  requests: number
  denials: number
  errors: number
  /** How many records the gateways are behind. */
  behind: number
  /** How many of the two do not answer. */
  silent: number
  orphans: number
  /** Pods that lack readiness, of ten in each namespace. */
  unready: number
  wouldBlock: number
  /** Whether the cluster cannot be listed for what the next stage would lose. */
  isBlind: boolean
  hasPods: boolean
  /** How long ago pods were counted, in milliseconds. */
  podsAge: number
}

/** A cluster in memory with one rollout, two gateways and three namespaces, and a clock that a test moves. */
export class World {
  readonly cluster = new FakeCluster()
  readonly conditions: Conditions = {
    revision: 'r1',
    isTargetThere: true,
    failurePolicy: 'Fail',
    requests: 0,
    denials: 0,
    errors: 0,
    behind: 0,
    silent: 0,
    orphans: 0,
    unready: 0,
    wouldBlock: 0,
    isBlind: false,
    hasPods: true,
    podsAge: 0,
  }
  readonly namespaces: NamespaceTable = { canary: { ring: 'canary' }, shop: {}, bank: {} }
  /** Every record that was ever written, in order. */
  readonly records: RecordDocument[] = []
  /** How often it was asked what the next stage would lose. */
  asked = 0
  now = Date.parse('2026-11-01T00:00:00Z')
  #round: (() => Promise<void>) | undefined

  constructor(spec: JsonObject = {}) {
    this.rollout('roll', spec)
    for (const name of ['a', 'b'])
      this.cluster.put(`/api/v1/namespaces/${NAMESPACE}/pods`, {
        metadata: {
          name: `gateway-${name}`,
          labels: { 'app.kubernetes.io/name': 'portcullis', 'app.kubernetes.io/component': 'gateway' },
        },
        status: { phase: 'Running', podIP: name },
      })
    for (const namespace of Object.keys(this.namespaces))
      this.cluster.put(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
        metadata: { name: 'web', namespace },
        spec: { replicas: 10 },
        status: { readyReplicas: 10 },
      })
  }

  /** Creates a rollout. */
  rollout(name: string, spec: JsonObject = {}): void {
    this.cluster.put(ROLLOUTS, {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'CanaryRollout',
      metadata: { name, creationTimestamp: new Date(this.now).toISOString() },
      spec: {
        target: { kind: 'Policy', name: 'new' },
        replaces: 'old',
        stages: [
          { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '10s' },
          { name: 'everywhere', hold: '10s' },
        ],
        gates: {
          orphanedPods: 0,
          denials: { ratio: 0.1, minimumRequests: 10 },
          unready: 0.05,
          errors: 0,
          wouldBlock: 0,
        },
        ...spec,
      },
    })
  }

  get path(): string {
    return `${ROLLOUTS}/roll`
  }

  edit(patch: JsonObject): void {
    this.cluster.edit(this.path, patch)
  }

  get object(): JsonObject | undefined {
    return this.cluster.get(this.path)
  }

  /** What its status says, in a line. */
  get line(): string {
    const status = this.object?.['status']
    return ['phase', 'stage', 'reason'].map(key => String(dig(status, key) ?? '')).join(' ')
  }

  /** The record that counts: the newest. */
  get record(): RecordDocument | undefined {
    return this.#stored().at(-1)
  }

  get recordPaths(): readonly string[] {
    return this.cluster.paths.filter(path => path.startsWith(REVISIONS))
  }

  /** Another controller: what the one before remembered is gone. */
  restart(): void {
    const task = rolloutTask(
      {
        client: this.cluster.client,
        namespace: NAMESPACE,
        now: () => this.now,
        log: { info: silent, warn: silent, error: silent },
      },
      this.#options(),
    )
    this.#round = () => task.round(new AbortController().signal)
  }

  /** Lets time pass, and then a round. */
  async round(seconds = 1): Promise<string> {
    this.now += seconds * 1000
    if (this.#round === undefined) this.restart()
    try {
      await this.#round?.()
    } finally {
      const { record } = this
      if (record !== undefined && record.number !== this.records.at(-1)?.number) this.records.push(record)
    }
    return this.line
  }

  #stored(): readonly RecordDocument[] {
    return this.recordPaths
      .flatMap(path => readRecord(dig(this.cluster.get(path), 'data')) ?? [])
      .toSorted((a, b) => a.number - b.number)
  }

  #options(): RolloutTaskOptions {
    const { conditions } = this
    const facts: RolloutFacts = {
      namespaces: this.namespaces,
      target: ({ kind, name }) => {
        if (!conditions.isTargetThere || kind !== 'Policy' || name !== 'new') return undefined
        const { failurePolicy } = conditions
        const spec = { validationActions: ['Deny'], failurePolicy }
        const object = { apiVersion: 'portcullis.dev/v1alpha1', kind, metadata: { name, uid: 'uid-new' }, spec }
        return { object, revision: conditions.revision }
      },
      missing: () => ({ word: 'TargetMissing', message: 'there is no Policy "new" in the cluster' }),
    }
    const kind = { group: 'apps', kind: 'ReplicaSet', resource: 'replicasets', selector: '/spec/selector' as const }
    return {
      intervalMs: 1000,
      facts: async () => facts,
      pods: () => {
        if (!conditions.hasPods) return undefined
        const owner = { kind, namespace: 'canary', name: 'web', uid: 'u', selector: [], replicas: 10 }
        const conspicuous = conditions.orphans === 0 ? [] : [{ owner, pods: 10, orphans: conditions.orphans }]
        return { count: { pods: 30, conspicuous }, at: this.now - conditions.podsAge, maxAgeMs: 5000 }
      },
      wouldBlock: async () => {
        this.asked++
        if (conditions.isBlind) throw new Error('no list')
        return conditions.wouldBlock
      },
      injectedRestarts: async () => 0,
      monotonic: () => this.now,
      scrape: async ({ ip }) => (ip === 'b' && conditions.silent > 0 ? undefined : this.#metrics()),
    }
  }

  /** What a gateway says of itself. */
  #metrics(): string {
    const { behind, requests, denials, errors } = this.conditions
    const record = this.records.at(-1 - behind) ?? this.record
    if (record === undefined) return ''
    const own = `rollout="${record.rollout}",record="${record.number}"`
    const count = (result: string, value: number) =>
      `portcullis_rollout_reviews_total{${own},role="target",version="new@r1",result="${result}"} ${value}`
    return [
      `portcullis_rollout_info{${own},kind="Policy",target="new",revision="r1",stage="0",phase="Progressing"} 1`,
      count('passed', requests - denials),
      count('violated', denials),
      count('error', errors),
    ].join('\n')
  }
}
