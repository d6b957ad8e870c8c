import { quote } from '../admission/text.ts'
import type { ClusterClient } from '../cluster/client.ts'
import { KINDS, type Kind } from '../cluster/documents.ts'
import { isApiError } from '../cluster/http.ts'
import { deepEqual, dig, getList, getString, type Json, type JsonObject } from '../json/value.ts'
import { suggest } from '../policy/suggest.ts'
import { describeRefused } from './client-auth/refused-clients.ts'
import type { Mode, Stage } from './registration/configurations.ts'
import type { ProbeResult } from './registration/probe.ts'
import type { ControllerContext, Task } from './task.ts'

/** What the other parts know of the documents. */
export interface StatusFacts {
  /** The documents as the API has them, and what messages call each. */
  readonly objects: readonly { readonly kind: Kind; readonly file: string; readonly object: JsonObject }[]
  readonly problems: readonly { readonly file: string; readonly pointer: string; readonly message: string }[]
  /** The names of the policies that there are, of the cluster and of files. */
  readonly policies: readonly string[]
  /** Those that stand at their last good revision, as `kind/name`. */
  readonly stale: readonly string[]
  /** The state of the rollout that brings a staged document; undefined where it is not staged, null where none does. */
  readonly rollout: (kind: Kind, name: string) => RolloutState | null | undefined
  /** Undefined before the first round of the registration. */
  readonly registered: { readonly mode: Mode; readonly stage: Stage } | undefined
  /** Undefined before the first heartbeat. */
  readonly heartbeat: ProbeResult | undefined
  /** The clients that the gateways refuse, by name. */
  readonly refusedClients: readonly string[]
}

/** How far a rollout has brought its target. */
export interface RolloutState {
  readonly name: string
  readonly phase: string
  /** -1 before the first. */
  readonly stage: number
}

interface Condition {
  readonly type: 'Compiled' | 'Enforced' | 'Reachable'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

const INTERVAL_MS = 2000

/** Says in each document's status whether it compiles, whether it is enforced, and whether the gateway is reached. */
export function statusTask({ client, now }: ControllerContext, facts: () => StatusFacts): Task {
  return {
    name: 'statuses',
    intervalMs: INTERVAL_MS,
    async round(signal) {
      const known = facts()
      for (const { kind, file, object } of known.objects) {
        if (signal.aborted) return
        const status = statusOf(object, conditionsOf(kind, file, object, known, now()), now())
        if (!deepEqual(object['status'], status)) await write(client, kind, { ...object, status })
      }
    },
  }
}

/** What stands in the status of a document; the message of a fault is what `policy-lint` would say. */
export function conditionsOf(
  kind: Kind,
  file: string,
  object: JsonObject,
  known: StatusFacts,
  now: number,
): readonly Condition[] {
  const { problems, stale, rollout, registered, heartbeat, refusedClients } = known
  const faults = problems.filter(problem => problem.file === file)
  const name = getString(dig(object, 'metadata'), 'name') ?? ''
  const message = faults.map(fault => `${fault.pointer === '' ? '' : `${fault.pointer}: `}${fault.message}`).join('; ')
  const leftOut = leftOutFor(faults)
  const compiled: Condition =
    faults.length === 0
      ? { type: 'Compiled', status: 'True', reason: 'Compiled', message: 'the gateways can load it' }
      : { type: 'Compiled', status: 'False', reason: leftOut ?? 'Faulty', message }
  const isFaulty = faults.length > 0
  const state = staged(rollout(kind, name))
  const idle = kind === 'PolicyException' && !isFaulty ? covering(object, known, now) : undefined
  const inForce = enforced(isFaulty, stale.includes(`${kind}/${name}`), registered)
  const enforcement =
    leftOut === undefined ? inForce : { ...inForce, status: 'False' as const, reason: leftOut, message }
  const said = idle ?? (inForce.status === 'True' ? state : undefined) ?? enforcement
  return [compiled, said, reachable(heartbeat, refusedClients)]
}

/** Why a document that compiles is left out all the same; undefined if it is not, or has other faults. */
function leftOutFor(faults: StatusFacts['problems']): 'NameTaken' | 'OtherNamespace' | undefined {
  const [first, ...others] = faults
  if (first === undefined || others.length > 0) return undefined
  if (first.pointer === '/metadata/name') return 'NameTaken'
  return first.pointer === '/metadata/namespace' ? 'OtherNamespace' : undefined
}

/** What is said of an exception that covers nothing; undefined if it may cover something. */
function covering(object: JsonObject, { policies }: StatusFacts, now: number): Condition | undefined {
  const [type, status] = ['Enforced', 'False'] as const
  const spec = object['spec']
  const expires = getString(spec, 'expires')
  if (expires !== undefined && Date.parse(expires) <= now)
    return { type, status, reason: 'Expired', message: `it ended at ${expires}: it covers nothing any more` }
  const named = getList(spec, 'policies').map(String)
  if (named.length === 0 || named.some(name => policies.includes(name))) return undefined
  const meant = named.map(name => `${quote(name)}${suggest(name, policies)}`).join(', ')
  return { type, status, reason: 'NoSuchPolicy', message: `there is no policy ${meant}: it covers nothing` }
}

/** What is said of a staged document in place of that it is in force; undefined where it is, everywhere. */
function staged(rollout: RolloutState | null | undefined): Condition | undefined {
  const [type, reason] = ['Enforced', 'Staged'] as const
  if (rollout === undefined || rollout?.phase === 'Complete') return undefined
  if (rollout === null) {
    const message = 'it is staged, and in force only where a CanaryRollout brings it: there is none'
    return { type, status: 'False', reason, message }
  }
  const { name, phase, stage } = rollout
  const isBack = phase === 'RolledBack' || phase === 'Aborted'
  const nowhere = isBack ? 'has taken it back everywhere' : 'has brought it nowhere yet'
  return stage < 0
    ? { type, status: 'False', reason, message: `the rollout ${name} is ${phase}, and ${nowhere}` }
    : { type, status: 'True', reason, message: `it is in force where the rollout ${name} has brought it` }
}

function enforced(isFaulty: boolean, isStale: boolean, registered: StatusFacts['registered']): Condition {
  const type = 'Enforced'
  if (registered === undefined)
    return { type, status: 'Unknown', reason: 'NotRegistered', message: 'the gateway is not registered yet' }
  if (isFaulty && !isStale) return { type, status: 'False', reason: 'Faulty', message: 'it does not compile' }
  const { mode, stage } = registered
  if (mode === 'observe')
    return { type, status: 'False', reason: 'Observed', message: 'mode observe: it only says what it would do' }
  if (stage !== 'in-force')
    return { type, status: 'False', reason: 'Installing', message: `the registration is in stage ${stage}` }
  return isStale
    ? { type, status: 'True', reason: 'LastGoodRevision', message: 'its last good revision is in force' }
    : { type, status: 'True', reason: 'InForce', message: 'it is in force' }
}

function reachable(heartbeat: ProbeResult | undefined, refusedClients: readonly string[]): Condition {
  const type = 'Reachable'
  // The heartbeat asks by one API server; another one may be shut out.
  if (refusedClients.length > 0)
    return { type, status: 'False', reason: 'ClientsRefused', message: describeRefused(refusedClients) }
  if (heartbeat === undefined)
    return { type, status: 'Unknown', reason: 'NotAsked', message: 'there was no heartbeat yet' }
  if (heartbeat.kind === 'refused' || heartbeat.kind === 'observed')
    return {
      type,
      status: 'True',
      reason: 'Answers',
      message: `the heartbeat was answered by policy ${heartbeat.policy}`,
    }
  const status = heartbeat.kind === 'unknown' ? 'Unknown' : 'False'
  return { type, status, reason: 'NotRefused', message: `the heartbeat was ${heartbeat.kind}: ${heartbeat.message}` }
}

/** A condition keeps its time for as long as its status is the same. */
function statusOf(object: JsonObject, conditions: readonly Condition[], now: number): JsonObject {
  const generation = dig(object, 'metadata', 'generation') ?? 0
  const before = getList(object['status'], 'conditions')
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`
  return {
    observedGeneration: generation,
    conditions: conditions.map((condition): Json => {
      const old = before.find(candidate => dig(candidate, 'type') === condition.type)
      const isSame = dig(old, 'status') === condition.status
      return {
        ...condition,
        observedGeneration: generation,
        lastTransitionTime: (isSame && getString(old, 'lastTransitionTime')) || time,
      }
    }),
  }
}

async function write(client: ClusterClient, kind: Kind, object: JsonObject): Promise<void> {
  const metadata = dig(object, 'metadata')
  const namespace = getString(metadata, 'namespace')
  const path = {
    group: 'portcullis.dev',
    version: 'v1alpha1',
    resource: KINDS[kind],
    name: getString(metadata, 'name') ?? '',
    ...(namespace !== undefined && { namespace }),
  }
  try {
    await client.replaceStatus(path, object)
  } catch (error) {
    // Changed or deleted at this moment: the next round looks again.
    if (!isApiError(error, 404, 409)) throw error
  }
}
