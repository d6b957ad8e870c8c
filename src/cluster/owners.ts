import { oneLine } from '../admission/text.ts'
import { resolvePointer } from '../json/pointer.ts'
import { dig, getString, isObject, type Json } from '../json/value.ts'
import type { OwnerSelectors } from '../review/owner.ts'
import type { ControllerReference, OwnerAnswer, OwnerKind } from '../workload/owner.ts'
import { readSelector } from '../workload/selector.ts'
import type { ClusterClient } from './client.ts'

/** How a look-up ended; the label of a metric. */
export const LOOK_UP_RESULTS = ['cached', 'found', 'not-found', 'failed', 'late', 'busy', 'paused'] as const
export type LookUpResult = (typeof LOOK_UP_RESULTS)[number]

export interface OwnerCacheOptions {
  readonly client: Pick<ClusterClient, 'read'>
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number
  /** Told how each look-up ended. */
  readonly onLookUp: (result: LookUpResult) => void
  /** How many selectors are kept. */
  readonly size?: number
}

/** A selector can hardly change: those of `apps/v1` are immutable, and an owner of another uid is another one. */
const KEEP_MS = 5 * 60_000
/** A cache of the API server may be behind: an owner that was made a moment ago is looked for again soon. */
const KEEP_MISSING_MS = 1000
const SIZE = 10_000
/** Requests that are on their way at once: a storm of pods must not become a storm at the API server. */
const AT_ONCE = 20
/** After this time a request is given up, whatever its connection is waiting for. */
const GIVE_UP_MS = 5000
/** After so many failures in a row only one request at a time finds out whether the API answers again; nobody else waits. */
const FAILURES = 3

interface Kept {
  readonly answer: OwnerAnswer
  readonly until: number
}

/**
 * The selectors of owners: a bounded cache in front of a look-up by name. Only answers are kept, failures are not; the
 * same owner is asked for once at a time. An API that does not answer costs the first few pods some time, not every pod.
 */
export function ownerCache(options: OwnerCacheOptions): OwnerSelectors {
  const { client, monotonic, onLookUp, size = SIZE } = options
  const kept = new Map<string, Kept>()
  const asked = new Map<string, Promise<OwnerAnswer>>()
  let failures = 0

  const ask = async (
    key: string,
    owner: ControllerReference,
    kind: OwnerKind,
    namespace: string,
  ): Promise<OwnerAnswer> => {
    try {
      const object = await inTime(
        client.read({
          group: kind.group,
          version: owner.apiVersion.slice(owner.apiVersion.indexOf('/') + 1),
          resource: kind.resource,
          namespace,
          name: owner.name,
        }),
      )
      const answer = answerOf(object as Json | undefined, owner, kind)
      keep(key, answer)
      failures = 0
      onLookUp(answer.kind === 'found' ? 'found' : 'not-found')
      return answer
    } catch (error) {
      failures++
      onLookUp('failed')
      return unknown(`the API did not say (${describe(error)})`)
    } finally {
      asked.delete(key)
    }
  }
  const keep = (key: string, answer: OwnerAnswer) => {
    // The oldest goes first.
    const [oldest] = kept.keys()
    if (kept.size >= size && oldest !== undefined) kept.delete(oldest)
    kept.set(key, { answer, until: monotonic() + (answer.kind === 'found' ? KEEP_MS : KEEP_MISSING_MS) })
  }

  return {
    selectorOf(owner, kind, namespace, milliseconds) {
      // All of it: who writes an owner reference may write the uid of somebody else's owner into it.
      const key = JSON.stringify([kind.group, kind.kind, namespace, owner.name, owner.uid])
      const known = kept.get(key)
      if (known !== undefined && monotonic() < known.until) {
        onLookUp('cached')
        return known.answer
      }
      kept.delete(key)
      let answer = asked.get(key)
      if (answer === undefined) {
        if (failures >= FAILURES && asked.size > 0) {
          onLookUp('paused')
          return unknown('the API did not answer a moment ago, and is being asked again')
        }
        if (asked.size >= AT_ONCE) {
          onLookUp('busy')
          return unknown(`${AT_ONCE} others are being asked for at this moment`)
        }
        answer = ask(key, owner, kind, namespace)
        asked.set(key, answer)
      }
      return within(answer, milliseconds, () => {
        failures++
        onLookUp('late')
      })
    },
  }
}

function inTime<T>(request: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${GIVE_UP_MS / 1000} s`)), GIVE_UP_MS)
    request.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function within(answer: Promise<OwnerAnswer>, milliseconds: number, onLate: () => void): Promise<OwnerAnswer> {
  return new Promise(resolve => {
    const timer = setTimeout(
      () => {
        onLate()
        resolve(unknown('the API did not answer in time'))
      },
      Math.max(0, milliseconds),
    )
    void answer.then(settled => {
      clearTimeout(timer)
      resolve(settled)
    })
  })
}

function answerOf(object: Json | undefined, owner: ControllerReference, kind: OwnerKind): OwnerAnswer {
  if (object === undefined || !isObject(object)) return unknown('there is no such object')
  const uid = getString(dig(object, 'metadata'), 'uid')
  if (uid !== owner.uid) return unknown('the object of this name is another one by now')
  const selector = readSelector(resolvePointer(object, kind.selector))
  return selector === undefined ? unknown(`it has no selector at ${kind.selector}`) : { kind: 'found', selector }
}

function unknown(reason: string): OwnerAnswer {
  return { kind: 'unknown', reason }
}

function describe(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
  const known = cause?.code ?? code
  if (typeof known === 'number') return `HTTP ${known}`
  return typeof known === 'string'
    ? known
    : oneLine(error instanceof Error ? error.message : String(error)).slice(0, 200)
}
