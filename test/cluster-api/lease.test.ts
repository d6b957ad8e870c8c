import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LeaderElection } from '../../src/cluster/lease.ts'
import { dig } from '../../src/json/value.ts'
import { FakeCluster } from '../support/fake-cluster.ts'

const PATH = '/apis/coordination.k8s.io/v1/namespaces/portcullis-system/leases/portcullis-controller'

/** Far more than a machine that has other things to do may keep a renewal from its turn. */
const LEASE_MS = 3000

/** A candidate whose term lasts until its signal says otherwise; two of them on one API share `log`. */
function candidate(cluster: FakeCluster, identity: string, log: string[], api = cluster.client) {
  const stop = new AbortController()
  const errors: unknown[] = []
  const election = new LeaderElection({
    client: api,
    namespace: 'portcullis-system',
    name: 'portcullis-controller',
    identity,
    now: () => Date.now(),
    monotonic: () => performance.now(),
    onChange: isLeading => log.push(`${identity} ${isLeading ? 'leads' : 'ends'}`),
    onError: error => errors.push(error),
    leaseMs: LEASE_MS,
    retryMs: 20,
  })
  const ended = election.run(
    signal => new Promise<void>(resolve => signal.addEventListener('abort', () => resolve())),
    stop.signal,
  )
  onTestFinished(async () => {
    stop.abort()
    await ended
  })
  const finish = () => {
    stop.abort()
    return ended
  }
  return { election, errors, stop: finish }
}

describe('leader election', () => {
  it('has one leader, and hands over at once when it stops', async () => {
    const cluster = new FakeCluster()
    const log: string[] = []
    const a = candidate(cluster, 'a', log)
    await expect.poll(() => log).toEqual(['a leads'])
    const b = candidate(cluster, 'b', log)
    await sleep(LEASE_MS * 1.2)
    expect(log).toEqual(['a leads'])
    expect(b.election.holder).toBe('a')
    const started = performance.now()
    await a.stop()
    await expect.poll(() => log).toEqual(['a leads', 'a ends', 'b leads'])
    // Not by the lease's running out.
    expect(performance.now() - started).toBeLessThan(LEASE_MS * 0.9)
    expect(dig(cluster.get(PATH), 'spec')).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
  })

  it('takes over from one that is heard of no more, not before its lease has run out', async () => {
    const cluster = new FakeCluster()
    const log: string[] = []
    // Its clock is years off: nothing is decided by what it wrote.
    cluster.put(PATH.slice(0, PATH.lastIndexOf('/')), {
      metadata: { name: 'portcullis-controller' },
      spec: { holderIdentity: 'dead', leaseDurationSeconds: 1, renewTime: '2099-01-01T00:00:00.000000Z' },
    })
    const started = performance.now()
    candidate(cluster, 'b', log)
    await expect.poll(() => log).toEqual(['b leads'])
    expect(performance.now() - started).toBeGreaterThanOrEqual(1000)
  })

  it('ends when it cannot renew, before anybody else may lead', async () => {
    const cluster = new FakeCluster()
    const log: string[] = []
    let isCut = false
    const cut = <F extends (...args: never[]) => Promise<unknown>>(call: F) =>
      ((...args: Parameters<F>) => (isCut ? new Promise(() => {}) : call(...args))) as F
    const { read, create, replace } = cluster.client
    const a = candidate(cluster, 'a', log, {
      ...cluster.client,
      read: cut(read),
      create: cut(create),
      replace: cut(replace),
    })
    await expect.poll(() => log).toEqual(['a leads'])
    candidate(cluster, 'b', log)
    isCut = true
    await expect.poll(() => log).toEqual(['a leads', 'a ends', 'b leads'])
    isCut = false
    expect(a.errors).toEqual([])
  })

  it('goes on through a short failure of the API, and says so', async () => {
    const cluster = new FakeCluster()
    const log: string[] = []
    const a = candidate(cluster, 'a', log)
    await expect.poll(() => log).toEqual(['a leads'])
    cluster.fault = () => {
      throw new Error('ECONNREFUSED')
    }
    await sleep(200)
    cluster.fault = () => {}
    await sleep(200)
    expect(log).toEqual(['a leads'])
    expect(a.errors.length).toBeGreaterThan(0)
  })

  it('is lost when somebody else wrote a name into the lease', async () => {
    const cluster = new FakeCluster()
    const log: string[] = []
    candidate(cluster, 'a', log)
    await expect.poll(() => log).toEqual(['a leads'])
    cluster.edit(PATH, { spec: { holderIdentity: 'somebody' } })
    await expect.poll(() => log).toEqual(['a leads', 'a ends'])
    expect(dig(cluster.get(PATH), 'spec', 'holderIdentity')).toBe('somebody')
  })
})
