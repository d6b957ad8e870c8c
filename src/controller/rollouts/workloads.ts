import type { ClusterClient } from '../../cluster/client.ts'
import { pagesOf } from '../../cluster/pages.ts'
import { dig, getString, type Json, type JsonObject } from '../../json/value.ts'

/** A workload that keeps pods running. */
export interface Workload {
  readonly uid: string
  readonly namespace: string
  /** Pods that it wants. */
  readonly wanted: number
  /** Of these, the ones that are not ready. */
  readonly unready: number
}

const KINDS = ['deployments', 'statefulsets', 'daemonsets'] as const

/** All workloads of a cluster that keep pods running, a page at a time. */
export async function readWorkloads(client: Pick<ClusterClient, 'list'>): Promise<readonly Workload[]> {
  const workloads: Workload[] = []
  for (const resource of KINDS) {
    for await (const items of pagesOf(client, { group: 'apps', version: 'v1', resource }))
      workloads.push(...items.map(item => workloadOf(resource, item)))
  }
  return workloads
}

function workloadOf(resource: (typeof KINDS)[number], object: JsonObject): Workload {
  const { metadata, spec, status } = object
  const isDaemonSet = resource === 'daemonsets'
  const wanted = isDaemonSet ? numberIn(status, 'desiredNumberScheduled', 0) : numberIn(spec, 'replicas', 1)
  const ready = numberIn(status, isDaemonSet ? 'numberReady' : 'readyReplicas', 0)
  return {
    uid: getString(metadata, 'uid') ?? '',
    namespace: getString(metadata, 'namespace') ?? '',
    wanted,
    unready: Math.max(0, wanted - ready),
  }
}

function numberIn(value: Json | undefined, key: string, otherwise: number): number {
  const found = dig(value, key)
  return typeof found === 'number' ? found : otherwise
}

/**
 * Tells pods that are missing for good from those that are about to be ready: a rolling update, a new node. A pod that is missing for less
 * than the grace is one of which nobody knows yet.
 */
export class UnreadyWatch {
  readonly #graceMs: number
  /** Since when a workload lacks pods, by uid. */
  readonly #since = new Map<string, number>()

  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  /** Takes what there is at a moment of a clock that never jumps. */
  see(workloads: readonly Workload[], now: number): void {
    const lacking = new Set<string>()
    for (const { uid, unready } of workloads) {
      if (unready === 0) continue
      lacking.add(uid)
      if (!this.#since.has(uid)) this.#since.set(uid, now)
    }
    for (const uid of this.#since.keys()) if (!lacking.has(uid)) this.#since.delete(uid)
  }

  /** Pods that are missing for longer than the grace, and those that may still come. */
  tally(workloads: readonly Workload[], now: number): { readonly missing: number; readonly coming: number } {
    let [missing, coming] = [0, 0]
    for (const { uid, unready } of workloads) {
      if (unready === 0) continue
      if (now - (this.#since.get(uid) ?? now) >= this.#graceMs) missing += unready
      else coming += unready
    }
    return { missing, coming }
  }
}
