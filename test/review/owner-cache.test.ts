import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ObjectPath } from '../../src/cluster/client.ts'
import { type LookUpResult, ownerCache } from '../../src/cluster/owners.ts'
import type { JsonObject } from '../../src/json/value.ts'
import { OWNER_KINDS, type OwnerKind } from '../../src/workload/owner.ts'

const REPLICA_SET = OWNER_KINDS[0] as OwnerKind
const owner = (uid = 'u') => ({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `web-${uid}`, uid })
const object = (uid = 'u', selector: unknown = { matchLabels: { app: 'web' } }) => ({
  metadata: { uid },
  spec: { selector },
})
const FOUND = { kind: 'found', selector: [{ key: 'app', operator: 'In', values: ['web'] }] }

/** A cache over an API that answers as `read` does, its clock in the test's hand. */
function cacheOver(read: (path: ObjectPath) => Promise<unknown>, size?: number) {
  const results: LookUpResult[] = []
  const clock = { now: 0 }
  // What comes over the wire may be anything.
  const spy = vi.fn(read as (path: ObjectPath) => Promise<JsonObject | undefined>)
  const cache = ownerCache({
    client: { read: spy },
    monotonic: () => clock.now,
    onLookUp: result => results.push(result),
    ...(size !== undefined && { size }),
  })
  const ask = (uid = 'u', milliseconds = 1000) => cache.selectorOf(owner(uid), REPLICA_SET, 'shop', milliseconds)
  return { ask, cache, spy, results, clock }
}

describe('the selector of an owner', () => {
  it('is read by its name in its namespace, and kept for five minutes', async () => {
    const { ask, spy, results, clock } = cacheOver(async () => object())
    expect(await ask()).toEqual(FOUND)
    expect(spy.mock.calls).toEqual([
      [{ group: 'apps', version: 'v1', resource: 'replicasets', namespace: 'shop', name: 'web-u' }],
    ])
    clock.now = 5 * 60_000 - 1
    // What is known is said at once: most pods of a Deployment come one after the other.
    expect(ask()).toEqual(FOUND)
    clock.now++
    expect(await ask()).toEqual(FOUND)
    expect(spy).toHaveBeenCalledTimes(2)
    expect(results).toEqual(['found', 'cached', 'found'])
  })

  it.each([
    ['is not there', undefined, 'there is no such object'],
    ['has another uid', object('other'), 'the object of this name is another one by now'],
    ['has no selector', { metadata: { uid: 'u' } }, 'it has no selector at /spec/selector'],
    ['has a selector of another form', object('u', 'app=web'), 'it has no selector at /spec/selector'],
    [
      'has an unknown operator',
      object('u', { matchExpressions: [{ key: 'a', operator: 'Like' }] }),
      'it has no selector',
    ],
    ['is no object', 'x', 'there is no such object'],
  ])('is unknown where the owner %s, and asked for again after a second', async (_what, answer, reason) => {
    const { ask, spy, results, clock } = cacheOver(async () => answer)
    expect(await ask()).toEqual({ kind: 'unknown', reason: expect.stringContaining(reason) })
    clock.now = 999
    expect(ask()).toMatchObject({ kind: 'unknown' })
    clock.now = 1000
    await ask()
    expect(spy).toHaveBeenCalledTimes(2)
    expect(results).toEqual(['not-found', 'cached', 'not-found'])
  })

  it.each([
    [Object.assign(new Error('HTTP-Code: 403 Message: …'), { code: 403 }), 'the API did not say (HTTP 403)'],
    [
      Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }),
      'the API did not say (ECONNREFUSED)',
    ],
    [new Error('line\nline'), 'the API did not say (line\\u000aline)'],
  ])('is unknown where the API fails, which is not remembered: %s', async (error, reason) => {
    const { ask, spy, results } = cacheOver(async () => {
      throw error
    })
    expect(await ask()).toEqual({ kind: 'unknown', reason })
    await ask()
    expect(spy).toHaveBeenCalledTimes(2)
    expect(results).toEqual(['failed', 'failed'])
  })

  it('is asked for once, however many pods want it at a time', async () => {
    const { ask, spy } = cacheOver(async () => object())
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([FOUND, FOUND, FOUND])
    expect(spy).toHaveBeenCalledTimes(1)
  })

  it('is unknown once the time is over; what comes late is kept for the next', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const { ask, results } = cacheOver(() => promise)
    expect(await ask('u', 5)).toEqual({ kind: 'unknown', reason: 'the API did not answer in time' })
    resolve(object())
    await expect.poll(() => ask('u', 5)).toEqual(FOUND)
    expect(results.slice(0, 2)).toEqual(['late', 'found'])
  })

  it('is not asked for where twenty others are: a storm of pods is no storm at the API', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const { ask, spy, results } = cacheOver(() => promise)
    const waiting = Array.from({ length: 20 }, (_, index) => ask(`u${index}`))
    expect(ask('one-more')).toMatchObject({ kind: 'unknown' })
    expect(results).toEqual(['busy'])
    resolve(undefined)
    await Promise.all(waiting)
    expect(spy).toHaveBeenCalledTimes(20)
    await ask('one-more')
    expect(spy).toHaveBeenCalledTimes(21)
  })

  it('is that of the whole reference: a forged uid hides nobody else’s owner', async () => {
    const { cache } = cacheOver(async ({ name }) => (name === 'web-u' ? object() : undefined))
    const forged = { ...owner(), name: 'stranger' }
    expect(await cache.selectorOf(forged, REPLICA_SET, 'shop', 1000)).toMatchObject({ kind: 'unknown' })
    expect(await cache.selectorOf(owner(), REPLICA_SET, 'shop', 1000)).toEqual(FOUND)
    expect(await cache.selectorOf(owner(), REPLICA_SET, 'elsewhere', 1000)).toEqual(FOUND)
  })

  it('is waited for by one pod at a time where the API does not answer, until it does', async () => {
    let silent = true
    const { ask, spy, results } = cacheOver(() => (silent ? new Promise(() => {}) : Promise.resolve(object('d'))))
    for (const uid of ['a', 'b', 'c']) await ask(uid, 5)
    const before = results.length
    // The questions that hang are still on their way: nobody waits behind them.
    expect(ask('d', 1000)).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('a moment ago') })
    expect(results.slice(before)).toEqual(['paused'])
    expect(spy).toHaveBeenCalledTimes(3)
    silent = false
  })

  it('is given up after five seconds, so that another question finds out', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let silent = true
    const { ask, results } = cacheOver(() => (silent ? new Promise(() => {}) : Promise.resolve(object('d'))))
    const waiting = ['a', 'b', 'c'].map(uid => ask(uid, 5))
    await vi.advanceTimersByTimeAsync(5000)
    await Promise.all(waiting)
    expect(results).toEqual(['late', 'late', 'late', 'failed', 'failed', 'failed'])
    silent = false
    expect(await ask('d')).toEqual(FOUND)
  })

  it('is asked for again, by one, after failures in a row; an answer ends the pause', async () => {
    let fails = true
    const { ask, spy, results } = cacheOver(async ({ name }) => {
      if (fails) throw new Error('down')
      return object(name.slice(4))
    })
    for (const uid of ['a', 'b', 'c']) await ask(uid)
    const first = ask('d')
    expect(ask('e')).toMatchObject({ kind: 'unknown' })
    await first
    fails = false
    expect(await ask('f')).toEqual(FOUND)
    expect(await Promise.all([ask('g'), ask('h')])).toEqual([FOUND, FOUND])
    expect(results.filter(result => result === 'paused')).toHaveLength(1)
    expect(spy).toHaveBeenCalledTimes(7)
  })

  it('is forgotten, the oldest first, where there are too many', async () => {
    const { ask, spy } = cacheOver(async ({ name }) => object(name.slice(4)), 2)
    for (const uid of ['a', 'b', 'c']) await ask(uid)
    expect(ask('c')).toEqual(FOUND)
    expect(ask('b')).toEqual(FOUND)
    await ask('a')
    expect(spy).toHaveBeenCalledTimes(4)
  })
})
