import type { CompiledRollout } from '../../policy/rollout.ts'
import { replicasOf, scrape } from '../scrape.ts'
import type { ControllerContext } from '../task.ts'
import type { RolloutFacts, RolloutTaskOptions } from './facts.ts'
import type { Measured } from './observe.ts'
import { LatencyWindow, type ReplicaText } from './replicas.ts'
import { readWorkloads, UnreadyWatch } from './workloads.ts'

/** Rounds that a workload may lack pods before it counts: a rolling update is no breach. */
const GRACE_ROUNDS = 6

/** What is measured for all rollouts at once. What it remembers from round to round may be lost: then less is known for a while. */
export class Measurements {
  readonly #context: ControllerContext
  readonly #options: RolloutTaskOptions
  readonly #latency = new LatencyWindow()
  readonly #unready: UnreadyWatch

  constructor(context: ControllerContext, options: RolloutTaskOptions) {
    this.#context = context
    this.#options = options
    this.#unready = new UnreadyWatch(options.intervalMs * GRACE_ROUNDS)
  }

  /** The metrics of every gateway. One that does not answer is among them: nobody knows what it has counted. */
  async scrape(): Promise<readonly ReplicaText[]> {
    const replicas = await replicasOf(this.#context.client, this.#context.namespace)
    const texts = await Promise.all(
      replicas.map(async replica => ({ name: replica.name, text: await (this.#options.scrape ?? scrape)(replica) })),
    )
    this.#latency.add(texts, this.#options.monotonic())
    return texts
  }

  /** Everything else, as far as a gate of these rollouts asks for it. */
  async take(facts: RolloutFacts, rollouts: readonly CompiledRollout[]): Promise<Measured> {
    const now = this.#options.monotonic()
    const counted = this.#options.pods()
    const isAsked = rollouts.some(({ spec }) => spec.gates.unready !== undefined)
    const workloads = isAsked ? await readWorkloads(this.#context.client) : undefined
    this.#unready.see(workloads ?? [], now)
    return {
      namespaces: facts.namespaces,
      pods: counted !== undefined && now - counted.at <= counted.maxAgeMs ? counted.count : undefined,
      podsAt: this.#context.now() - (now - (counted?.at ?? 0)),
      workloads,
      unready: this.#unready,
      latency: this.#latency,
      now,
    }
  }
}
