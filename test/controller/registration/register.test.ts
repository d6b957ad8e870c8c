import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import type { Mode, Stage } from '../../../src/controller/registration/configurations.ts'
import { createRegistrationMetrics } from '../../../src/controller/registration/metrics.ts'
import type { ProbeResult } from '../../../src/controller/registration/probe.ts'
import { registrationTask } from '../../../src/controller/registration/register.ts'
import { stateStore } from '../../../src/controller/registration/state.ts'
import { dig, getList, type JsonObject } from '../../../src/json/value.ts'
import { setOf } from '../../support/engine.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'
import { policyText } from '../../support/reviews.ts'
import { sample } from '../../support/wire.ts'

const ROOT = '/apis/admissionregistration.k8s.io/v1'
const VALIDATING = `${ROOT}/validatingwebhookconfigurations/portcullis`
const MUTATING = `${ROOT}/mutatingwebhookconfigurations/portcullis`
const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events/'

/** A controller on an API of its own; what it is told can be changed between rounds. */
function controller(wanted: Mode, cluster = new FakeCluster()) {
  const registry = new Registry()
  const metrics = createRegistrationMetrics(registry)
  const told = {
    probe: { kind: 'observed', policy: 'host-path' } as ProbeResult,
    blockers: [] as string[],
    onBlockers: () => {},
    brake: undefined as string | undefined,
    bundle: { ok: true, caBundle: 'PEM' } as { ok: true; caBundle: string } | { ok: false; reason: string },
    hasInjections: true,
    missing: [] as string[],
    now: 0,
  }
  const silent = () => {}
  const { policies } = setOf(policyText({ name: 'host-path' }))
  const task = () =>
    registrationTask(
      {
        client: cluster.client,
        namespace: 'portcullis-system',
        now: () => told.now,
        log: { info: silent, warn: silent, error: silent },
      },
      {
        target: { service: { name: 'portcullis', namespace: 'portcullis-system', port: 443 } },
        excludedNamespaces: ['kube-system'],
        timeoutSeconds: 5,
        wanted,
        missing: async () => told.missing,
        snapshot: () => ({ policies, hasInjections: told.hasInjections }),
        brake: () => told.brake,
        served: async () => [{ group: '', resource: 'pods' }],
        bundle: async () => told.bundle,
        blockers: async () => {
          told.onBlockers()
          return told.blockers
        },
        probe: async () => told.probe,
        state: stateStore(cluster.client, 'portcullis-system'),
        metrics,
      },
    )
  const signalled = new AbortController()
  let current = task()
  const round = async (count = 1) => {
    for (let done = 0; done < count; done++) await current.round(signalled.signal)
    return state()
  }
  const state = (): readonly (Mode | Stage | string | undefined)[] => {
    const live = cluster.get(VALIDATING)
    const annotations = dig(live, 'metadata', 'annotations') as JsonObject | undefined
    const [first] = getList(live, 'webhooks')
    return [
      annotations?.['portcullis.dev/mode'] as string | undefined,
      annotations?.['portcullis.dev/stage'] as string | undefined,
      dig(first, 'failurePolicy') as string | undefined,
    ]
  }
  /** What another process sees, which remembers nothing. */
  const restart = () => {
    current = task()
  }
  const events = () =>
    cluster.paths
      .filter(path => path.startsWith(EVENTS))
      .map(path => cluster.get(path))
      .map(event => `${String(event?.['reason'])}: ${String(event?.['note'])}`)
  const count = async (cause: string) => sample(await registry.metrics(), 'portcullis_registrations_total', { cause })
  return { cluster, told, round, state, restart, events, count, signalled }
}

describe('a new registration', () => {
  it('in mode observe goes from the probe’s namespace to all, and never blocks', async () => {
    const { round, cluster } = controller('observe')
    expect(await round()).toEqual(['observe', 'probe', 'Ignore'])
    expect(await round()).toEqual(['observe', 'everywhere', 'Ignore'])
    expect(await round(3)).toEqual(['observe', 'everywhere', 'Ignore'])
    expect(cluster.get(MUTATING)).toBeDefined()
  })

  it('in mode enforce observes first, and is in force only after a probe of what is about to be enforced', async () => {
    const { round, events } = controller('enforce')
    const stages = []
    for (let step = 0; step < 5; step++) stages.push(await round())
    expect(stages).toEqual([
      ['observe', 'probe', 'Ignore'],
      ['observe', 'everywhere', 'Ignore'],
      ['enforce', 'everywhere', 'Ignore'],
      ['enforce', 'in-force', 'Fail'],
      ['enforce', 'in-force', 'Fail'],
    ])
    expect(events()).toEqual(['ModeChanged: enforce: nothing stands against it'])
  })

  it.each<ProbeResult>([
    { kind: 'let-through', message: 'it was admitted' },
    { kind: 'unreachable', message: 'connection refused' },
    { kind: 'unknown', message: 'timeout' },
  ])('stays where it is while the probe is $kind', async result => {
    const { round, told } = controller('enforce')
    told.probe = result
    expect(await round(3)).toEqual(['observe', 'probe', 'Ignore'])
    told.probe = { kind: 'observed', policy: 'host-path' }
    await round(2)
    told.probe = result
    expect(await round(3)).toEqual(['enforce', 'everywhere', 'Ignore'])
  })

  it('waits for certificates', async () => {
    const { round, told, cluster } = controller('observe')
    told.bundle = { ok: false, reason: 'there is no CA yet' }
    await round(2)
    expect(cluster.get(VALIDATING)).toBeUndefined()
    told.bundle = { ok: true, caBundle: 'PEM' }
    expect(await round()).toEqual(['observe', 'probe', 'Ignore'])
  })
})

it('wherever its leader is killed a registration is reached, and blocks nothing before the probe of it was answered', async () => {
  for (let killAt = 1; killAt < 120; killAt++) {
    const { round, restart, cluster, told, state } = controller('enforce')
    let [requests, isKilled] = [0, false]
    cluster.fault = () => {
      if (++requests !== killAt) return
      isKilled = true
      throw new Error('killed')
    }
    // No gateway answers yet: whatever is written by now blocks nothing.
    told.probe = { kind: 'unreachable', message: 'connection refused' }
    for (let count = 0; count < 3; count++) await round().catch(restart)
    expect([killAt, state()[2] ?? 'Ignore']).toEqual([killAt, 'Ignore'])
    told.probe = { kind: 'observed', policy: 'host-path' }
    for (let count = 0; count < 8; count++) await round().catch(restart)
    expect([killAt, ...state()]).toEqual([killAt, 'enforce', 'in-force', 'Fail'])
    expect(cluster.get(MUTATING)).toBeDefined()
    if (!isKilled) return
  }
  throw new Error('an installation took more requests than there are steps')
})

it('nothing is registered, and nothing is taken back, before all documents of the cluster have been seen', async () => {
  const { round, told, cluster } = controller('enforce')
  await round(4)
  const before = cluster.get(VALIDATING)
  const started = controller('enforce', cluster)
  started.told.missing = ['Policy']
  started.told.hasInjections = false
  await started.round(3)
  expect(cluster.get(VALIDATING)).toEqual(before)
  expect(cluster.get(MUTATING)).toBeDefined()
  expect(told.missing).toEqual([])
})

it('a round whose leader leads no longer writes nothing, however long it asked before', async () => {
  const { cluster, round, told, signalled } = controller('enforce')
  await round(2)
  const [before, requests] = [cluster.get(VALIDATING), cluster.requests.length]
  told.onBlockers = () => signalled.abort()
  await round(1)
  expect(cluster.get(VALIDATING)).toEqual(before)
  expect(cluster.requests.slice(requests).filter(request => !request.startsWith('GET'))).toEqual([])
})

describe('mode enforce', () => {
  it('waits while something stands against it, says what, and looks again after a minute', async () => {
    const { round, told, events } = controller('enforce')
    told.blockers = ['7 objects would be refused']
    expect(await round(5)).toEqual(['observe', 'everywhere', 'Ignore'])
    expect(events()).toEqual(['EnforcementWaits: mode enforce waits: 7 objects would be refused'])
    told.blockers = []
    expect(await round()).toEqual(['observe', 'everywhere', 'Ignore'])
    told.now = 60_000
    expect(await round(2)).toEqual(['enforce', 'in-force', 'Fail'])
  })

  it('that was granted stays, whatever comes later and whoever leads', async () => {
    const { round, told, restart } = controller('enforce')
    await round(4)
    told.blockers = ['a new one']
    restart()
    expect(await round(3)).toEqual(['enforce', 'in-force', 'Fail'])
  })

  it('ends when the operator wants to observe', async () => {
    const enforcing = controller('enforce')
    await enforcing.round(4)
    const observing = controller('observe', enforcing.cluster)
    expect(await observing.round()).toEqual(['observe', 'everywhere', 'Ignore'])
    // And has to be granted anew.
    enforcing.told.blockers = ['one']
    expect(await enforcing.round(2)).toEqual(['observe', 'everywhere', 'Ignore'])
  })
})

describe('somebody else', () => {
  it('who deletes the registration gets it back, by the same steps, and an event', async () => {
    const { round, cluster, count, events } = controller('enforce')
    await round(4)
    cluster.drop(VALIDATING)
    expect(await round()).toEqual(['enforce', 'probe', 'Ignore'])
    expect(await round(2)).toEqual(['enforce', 'in-force', 'Fail'])
    expect(await count('deleted')).toBe(1)
    expect(events()).toContain('RegistrationRestored: it was deleted by somebody else')
  })

  it('who deletes it in an outage is not blocked again before a gateway answers', async () => {
    const { round, cluster, told } = controller('enforce')
    await round(4)
    told.probe = { kind: 'unreachable', message: 'connection refused' }
    cluster.drop(VALIDATING)
    expect(await round(5)).toEqual(['enforce', 'probe', 'Ignore'])
  })

  it.each<[string, (live: JsonObject) => JsonObject]>([
    ['the failurePolicy', live => edited(live, { failurePolicy: 'Ignore' })],
    ['the rules', live => edited(live, { rules: [] })],
    ['the selector', live => edited(live, { namespaceSelector: { matchLabels: { a: 'b' } } })],
    ['the bundle', live => edited(live, { clientConfig: { url: 'https://evil.example.com' } })],
    ['all webhooks', () => ({ webhooks: [] })],
  ])('who edits %s is undone', async (_what, edit) => {
    const { round, cluster, count } = controller('enforce')
    await round(4)
    const before = getList(cluster.get(VALIDATING), 'webhooks')
    cluster.edit(VALIDATING, edit(cluster.get(VALIDATING) ?? {}))
    await round()
    expect(getList(cluster.get(VALIDATING), 'webhooks')).toEqual(before)
    expect(await count('edited')).toBe(1)
  })

  it('may add labels and annotations: nothing is written for those', async () => {
    const { round, cluster, count } = controller('enforce')
    await round(4)
    cluster.edit(VALIDATING, { metadata: { labels: { team: 'a' } } })
    const written = await count('changed')
    await round(2)
    expect(await count('changed')).toBe(written)
  })

  it('who writes at the same moment is no failure', async () => {
    const { round, cluster } = controller('observe')
    await round(2)
    cluster.fault = ({ method }) => {
      if (method === 'GET') return
      cluster.fault = () => {}
      cluster.edit(VALIDATING, { metadata: { labels: { raced: 'yes' } } })
    }
    cluster.edit(VALIDATING, { webhooks: [] })
    await round(2)
    expect(getList(cluster.get(VALIDATING), 'webhooks')).not.toEqual([])
  })
})

describe('the emergency brake', () => {
  it('turns the registration to observe at once, and back without asking anew', async () => {
    const { round, told, events } = controller('enforce')
    await round(4)
    told.brake = 'everything is refused'
    expect(await round()).toEqual(['observe', 'everywhere', 'Ignore'])
    expect(events()).toContain('EmergencyBrake: everything is refused')
    told.brake = undefined
    told.blockers = ['a new one']
    expect(await round(2)).toEqual(['enforce', 'in-force', 'Fail'])
  })
})

it('what nobody injects any more is not asked about', async () => {
  const { round, told, cluster } = controller('observe')
  await round(2)
  told.hasInjections = false
  await round()
  expect(cluster.get(MUTATING)).toBeUndefined()
  expect(cluster.get(VALIDATING)).toBeDefined()
})

function edited(live: JsonObject, change: JsonObject): JsonObject {
  const [first, ...rest] = getList(live, 'webhooks')
  return { webhooks: [{ ...(first as JsonObject), ...change }, ...rest] }
}

describe('that enforcing was granted', () => {
  const CONFIG_MAPS = '/api/v1/namespaces/portcullis-system/configmaps'
  const installation = { metadata: { name: 'portcullis-installation' } }

  it('counts for the installation that it was granted for, whatever is left of the one before', async () => {
    const cluster = new FakeCluster()
    cluster.put(CONFIG_MAPS, installation)
    const first = controller('enforce', cluster)
    expect(await first.round(4)).toEqual(['enforce', 'in-force', 'Fail'])
    expect(dig(cluster.get(`${CONFIG_MAPS}/portcullis-state`), 'metadata', 'ownerReferences')).toEqual([
      expect.objectContaining({ kind: 'ConfigMap', name: 'portcullis-installation', uid: expect.any(String) }),
    ])
    // Whatever removed it ran no uninstaller, and nothing was collected yet.
    for (const path of [VALIDATING, MUTATING, `${CONFIG_MAPS}/portcullis-installation`]) cluster.drop(path)
    cluster.put(CONFIG_MAPS, installation)
    const second = controller('enforce', cluster)
    second.told.blockers = ['1 object would be refused']
    expect(await second.round(5)).toEqual(['observe', 'everywhere', 'Ignore'])
  })

  it('stays granted after an upgrade from a version that did not write down for which one', async () => {
    const cluster = new FakeCluster()
    cluster.put(CONFIG_MAPS, installation)
    cluster.put(CONFIG_MAPS, { metadata: { name: 'portcullis-state' }, data: { mode: 'enforce' } })
    const { round, told } = controller('enforce', cluster)
    told.blockers = ['1 object would be refused']
    expect(await round(4)).toEqual(['enforce', 'in-force', 'Fail'])
  })
})
