import { describe, expect, it } from 'vitest'
import { ApiError } from '../../../src/cluster/http.ts'
import { REQUEST_ANNOTATION, requestText } from '../../../src/controller/rollouts/requests.ts'
import { dig, type JsonObject } from '../../../src/json/value.ts'
import { compileRecord } from '../../../src/policy/rollout-record.ts'
import { type Place, versionsAt } from '../../../src/rollout/record.ts'
import { World } from './world.ts'

/** Lets rounds pass until the rollout stands still for three of them. */
async function settle(world: World, rounds = 60): Promise<string> {
  for (let round = 0, same = 0; round < rounds && same < 3; round++) {
    const before = world.record?.number
    await world.round(4)
    same = world.record?.number === before && /Complete|RolledBack|Aborted/.test(world.line) ? same + 1 : 0
  }
  return world.line
}

/** The revisions of the target that are in force somewhere. */
function revisionsAt({ record }: World, place: Place): readonly string[] {
  return record === undefined ? [] : [...versionsAt(compileRecord(record), place, () => true).revisions]
}

const everywhere = { name: 'everywhere', hold: '10s' }

/** A stage of the namespaces that have a ring, or of those that have none. */
function ringed(name: string, operator: string): JsonObject {
  return { name, namespaceSelector: { matchExpressions: [{ key: 'ring', operator }] }, hold: '10s' }
}

describe('the controller', () => {
  it('begins, holds and completes, and writes a record at every step before it says so', async () => {
    const world = new World()
    expect(await world.round()).toBe('Pending  TargetChanged')
    expect(await world.round()).toBe('Progressing canary StageReached')
    expect(await world.round()).toBe('Progressing canary Holding')
    expect(await world.round(10)).toBe('Progressing everywhere StageReached')
    expect(await world.round(10)).toBe('Complete complete Complete')
    expect(world.records.map(({ number, status }) => `${number} ${status.phase} ${status.stage}`)).toEqual([
      '1 Pending -1',
      '2 Progressing 0',
      '3 Progressing 1',
      '4 Complete 1',
    ])
    // Only the newest is kept, and it goes with its target.
    await world.round()
    expect(world.recordPaths).toHaveLength(1)
    expect(dig(world.cluster.get(world.recordPaths[0] ?? ''), 'metadata', 'ownerReferences')).toMatchObject([
      { kind: 'Policy', name: 'new', uid: 'uid-new' },
    ])
    const writes = world.cluster.requests.filter(line => /^(?:POST|PUT)/.test(line))
    expect(writes.slice(0, 2)).toEqual([
      'POST /apis/apps/v1/namespaces/portcullis-system/controllerrevisions',
      'PUT /apis/portcullis.dev/v1alpha1/canaryrollouts/roll/status',
    ])
  })

  it('writes nothing where nothing changes', async () => {
    const world = new World()
    await settle(world)
    const before = world.cluster.requests.length
    await world.round()
    expect(world.cluster.requests.slice(before).filter(line => !line.startsWith('GET'))).toEqual([])
  })

  it.each(['Complete', 'RolledBack'])(
    'lists nothing for a rollout that is %s, until its target is edited',
    async phase => {
      const world = new World()
      await world.round()
      await world.round()
      if (phase === 'RolledBack') world.conditions.orphans = 1
      expect(await settle(world)).toMatch(new RegExp(`^${phase} `))
      const [asked, requests] = [world.asked, world.cluster.requests.length]
      await world.round()
      expect(world.asked).toBe(asked)
      expect(world.cluster.requests.slice(requests).filter(line => line.includes('/apps/v1/d'))).toEqual([])
      world.conditions.revision = 'r2'
      world.conditions.orphans = 0
      expect(await settle(world)).toBe('Complete complete Complete')
      expect(world.asked).toBeGreaterThan(asked)
    },
  )

  it('tells of every transition in an Event, once', async () => {
    const world = new World()
    await settle(world)
    const events = world.cluster.paths
      .filter(path => path.includes('/events/'))
      .map(path => world.cluster.get(path))
      .map(event => `${dig(event, 'reason')} ${dig(event, 'action')}`)
    expect(events.toSorted()).toEqual(
      [
        'TargetChanged Pending',
        'StageReached Progressing',
        'Holding Progressing',
        'StageReached Progressing',
        'Holding Progressing',
        'Complete Complete',
      ].toSorted(),
    )
  })

  it.each<[string, (world: World) => void, string]>([
    [
      'denials',
      ({ conditions }) => Object.assign(conditions, { requests: 20, denials: 5 }),
      'denials is 25 % (10 of 40 requests), and may be 10 %',
    ],
    ['errors', ({ conditions }) => Object.assign(conditions, { errors: 1 }), 'errors is 2'],
    ['orphans', ({ conditions }) => Object.assign(conditions, { orphans: 1 }), 'orphanedPods is 1'],
  ])('takes the target back by itself: %s', async (_, change, message) => {
    const world = new World()
    await world.round()
    await world.round()
    change(world)
    expect(await world.round()).toBe('RolledBack  Breached')
    expect(dig(world.object, 'status', 'message')).toContain(message)
    expect(world.record?.status).toMatchObject({ phase: 'RolledBack', stage: -1 })
  })

  it('waits for pods that are missing only for a moment, and takes it back where they stay away', async () => {
    const world = new World()
    await world.round()
    await world.round()
    world.cluster.edit('/apis/apps/v1/namespaces/canary/deployments/web', { status: { readyReplicas: 5 } })
    expect(await world.round()).toBe('Progressing canary Holding')
    expect(dig(world.object, 'status', 'verdict')).toBe('unready unknown')
    // Longer than the hold: what nobody knows does not promote.
    world.now += 4000
    expect(await world.round()).toBe('Progressing canary Holding')
    expect(await world.round()).toBe('RolledBack  Breached')
    expect(dig(world.object, 'status', 'message')).toBe('in stage canary: unready is 50 %, and may be 5 %')
  })

  it('does not go on where a gateway does not answer, or goes by an older state', async () => {
    const world = new World()
    await world.round()
    await world.round()
    world.conditions.silent = 1
    expect(await world.round(20)).toBe('Progressing canary GateUnknown')
    expect(dig(world.object, 'status', 'replicas')).toEqual({ total: 2, current: 1 })
    world.conditions.silent = 0
    world.conditions.behind = 1
    expect(await world.round(20)).toBe('Progressing canary GateUnknown')
    world.conditions.behind = 0
    expect(await world.round()).toBe('Progressing everywhere StageReached')
  })

  it.each([
    ['denials', { requests: 20, denials: 5 }],
    ['errors', { errors: 1 }],
  ])('takes it back by what the others say where a gateway does not answer: %s', async (_, counted) => {
    const world = new World()
    await world.round()
    await world.round()
    Object.assign(world.conditions, counted, { silent: 1 })
    expect(await world.round()).toBe('RolledBack  Breached')
  })

  it('counts as refused what a policy that fails closed could not judge', async () => {
    const gates = { denials: { ratio: 0.1, minimumRequests: 10 } }
    for (const failurePolicy of ['Fail', 'Ignore'] as const) {
      const world = new World({ gates })
      await world.round()
      await world.round()
      Object.assign(world.conditions, { failurePolicy, requests: 20, errors: 5 })
      await world.round()
      expect(world.line).toBe(failurePolicy === 'Fail' ? 'RolledBack  Breached' : 'Progressing canary Holding')
    }
  })

  it('does not begin where pods are not counted', async () => {
    const world = new World()
    world.conditions.hasPods = false
    await world.round()
    expect(await world.round()).toBe('Pending  GateUnknown')
  })

  it('does not go on by pods that were counted before the stage began', async () => {
    const world = new World()
    await world.round()
    world.conditions.podsAge = 4000
    expect(await world.round()).toBe('Progressing canary StageReached')
    const promote = () =>
      world.edit({ metadata: { annotations: { [REQUEST_ANNOTATION]: requestText('promote', world.now, 'canary') } } })
    promote()
    expect(await world.round()).toBe('Progressing canary GateUnknown')
    expect(dig(world.object, 'status', 'verdict')).toBe('orphanedPods unknown, unready unknown')
    world.now += 3000
    promote()
    expect(await world.round()).toBe('Progressing everywhere StageReached')
  })

  it('keeps the present stage where the next one would lose workloads', async () => {
    const world = new World()
    await world.round()
    await world.round()
    world.conditions.wouldBlock = 3
    expect(await world.round(20)).toBe('Progressing canary WouldBlock')
    world.conditions.wouldBlock = 0
    expect(await world.round()).toBe('Progressing everywhere StageReached')
  })

  it('is not complete where namespaces that no stage reaches would lose workloads', async () => {
    const ring = { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '10s' }
    const world = new World({ stages: [ring] })
    await world.round()
    await world.round()
    world.conditions.wouldBlock = 3
    expect(await world.round(20)).toBe('Progressing canary WouldBlock')
    expect(dig(world.object, 'status', 'message')).toMatch(
      /^3 workloads of the namespaces that no stage reaches could not/,
    )
    world.conditions.isBlind = true
    expect(await world.round()).toBe('Progressing canary GateUnknown')
    Object.assign(world.conditions, { isBlind: false, wouldBlock: 0 })
    expect(await world.round()).toBe('Complete complete Complete')
    // Where the last stage reaches everybody there is nobody left to ask about.
    const whole = new World()
    await whole.round()
    await whole.round()
    expect(await whole.round(20)).toBe('Progressing everywhere StageReached')
    const { asked } = whole
    expect(await whole.round(20)).toBe('Complete complete Complete')
    expect(whole.asked).toBe(asked)
  })

  it('does what an operator asks for, once, and takes the request away', async () => {
    const world = new World()
    await world.round()
    await world.round()
    const ask = (text: string) => world.edit({ metadata: { annotations: { [REQUEST_ANNOTATION]: text } } })
    const asked = () => dig(world.object, 'metadata', 'annotations', REQUEST_ANNOTATION)
    ask(requestText('promote', world.now, 'canary'))
    expect(await world.round()).toBe('Progressing everywhere StageReached')
    expect(asked()).toBeUndefined()
    // One that comes too late was about something else.
    ask(requestText('promote', world.now - 60_000, 'everywhere'))
    expect(await world.round()).toBe('Progressing everywhere Holding')
    ask('nonsense')
    expect(await world.round()).toBe('Progressing everywhere Holding')
    expect(asked()).toBeUndefined()
    ask(requestText('abort', world.now))
    expect(await world.round()).toBe('Aborted  Aborted')
    ask(requestText('resume', world.now))
    expect(await world.round()).toBe('Pending  Resumed')
  })

  it('aborts also where the rollout has gone on while somebody asked for it', async () => {
    const world = new World()
    await world.round()
    const asked = requestText('abort', world.now)
    expect(await world.round()).toBe('Progressing canary StageReached')
    world.edit({ metadata: { annotations: { [REQUEST_ANNOTATION]: asked } } })
    expect(await world.round()).toBe('Aborted  Aborted')
  })

  it('of two rollouts of one target carries out the older one', async () => {
    const world = new World()
    await world.round()
    world.rollout('second')
    await world.round()
    const second = world.cluster.get('/apis/portcullis.dev/v1alpha1/canaryrollouts/second')
    expect(dig(second, 'status', 'message')).toBe('Policy new is the target of another rollout')
    expect(world.records.every(({ rollout }) => rollout === 'roll')).toBe(true)
  })

  it('says what is wrong with a rollout that cannot be carried out, and carries out the others', async () => {
    const world = new World()
    world.rollout('broken', { stages: [] })
    await world.round()
    const broken = world.cluster.get('/apis/portcullis.dev/v1alpha1/canaryrollouts/broken')
    expect(dig(broken, 'status', 'conditions', '0')).toBeUndefined()
    expect(JSON.stringify(dig(broken, 'status', 'conditions'))).toMatch(/"Compiled","status":"False".*\/spec\/stages/)
    expect(world.line).toBe('Pending  TargetChanged')
  })

  it.each(['breach', 'abort'])('takes back also what an earlier rollout of the same target has left: %s', async how => {
    const world = new World()
    await world.round()
    await world.round()
    world.cluster.drop(world.path)
    world.rollout('roll')
    await world.round()
    expect(world.record).toMatchObject({ status: { stage: -1 }, before: { status: { revision: 'r1', stage: 0 } } })
    await world.round()
    if (how === 'breach') world.conditions.orphans = 1
    else world.edit({ metadata: { annotations: { [REQUEST_ANNOTATION]: requestText('abort', world.now) } } })
    await world.round()
    expect(world.line).toMatch(/^(?:RolledBack|Aborted) /)
    expect(world.record).toMatchObject({ status: { stage: -1 }, before: { status: { revision: 'r1', stage: -1 } } })
    const { number } = world.record ?? {}
    await world.round()
    expect(world.record?.number).toBe(number)
  })

  it('aborts one that was faulty when somebody asked for it, once it is whole', async () => {
    const world = new World()
    await world.round()
    await world.round()
    const { stages } = world.record ?? {}
    world.edit({ spec: { stages: [] } })
    world.edit({ metadata: { annotations: { [REQUEST_ANNOTATION]: requestText('abort', world.now) } } })
    expect(await world.round()).toBe('Progressing canary StageReached')
    world.edit({ spec: { stages: stages as never } })
    expect(await world.round()).toBe('Aborted  Aborted')
  })

  it('says of one that became faulty where it stands all the same', async () => {
    const world = new World()
    await world.round()
    await world.round()
    const record = world.record
    world.edit({ spec: { stages: Array.from({ length: 2000 }, () => ({ name: 'Not A Name', hold: 'soon' })) } })
    expect(await world.round()).toBe('Progressing canary StageReached')
    expect(dig(world.object, 'status', 'record')).toEqual(record)
    expect(JSON.stringify(dig(world.object, 'status', 'conditions')).length).toBeLessThan(5000)
    // Both are lost at once, and only one of them comes back by itself.
    for (const path of world.recordPaths) world.cluster.drop(path)
    await world.round()
    expect(dig(world.object, 'status', 'record')).toEqual(record)
  })

  it('carries out the others where one cannot be told or measured', async () => {
    const world = new World()
    world.rollout('broken', { stages: [] })
    world.cluster.fault = ({ method, path }) => {
      if (method === 'PUT' && path.includes('/broken/')) throw new ApiError(422, 'Invalid', 'too long', undefined)
    }
    await expect(world.round()).rejects.toThrow('too long')
    await expect(world.round()).rejects.toThrow('too long')
    expect(world.line).toBe('Progressing canary StageReached')
    Object.assign(world.conditions, { requests: 20, denials: 5 })
    await expect(world.round()).rejects.toThrow('too long')
    expect(world.line).toBe('RolledBack  Breached')
  })

  it('takes the target back also where nobody knows what the next stage would lose', async () => {
    const world = new World()
    await world.round()
    await world.round()
    world.conditions.isBlind = true
    expect(await world.round(20)).toBe('Progressing canary GateUnknown')
    Object.assign(world.conditions, { requests: 20, denials: 5 })
    expect(await world.round()).toBe('RolledBack  Breached')
  })

  it('keeps what was in force where a new revision has not come, and that below a new rollout', async () => {
    const world = new World()
    await settle(world)
    world.conditions.revision = 'r2'
    await world.round()
    expect(world.record?.status).toMatchObject({ phase: 'Pending', revision: 'r2', older: [{ revision: 'r1' }] })
    await world.round()
    expect(world.record?.status).toMatchObject({ phase: 'Progressing', stage: 0, older: [{ revision: 'r1' }] })
    // It is deleted in the middle: the record stays as it is.
    world.cluster.drop(world.path)
    const left = world.record
    await world.round()
    expect(world.record).toEqual(left)
    world.rollout('roll')
    await world.round()
    expect(world.record).toMatchObject({ status: { phase: 'Pending', stage: -1 }, before: { status: { stage: 0 } } })
    expect(world.record?.number).toBeGreaterThan(left?.number ?? 0)
    expect(await settle(world)).toBe('Complete complete Complete')
    expect(world.record?.before).toBeUndefined()
  })

  it.each([
    [
      'in another order',
      [
        { name: 'everywhere', hold: '10s' },
        { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '10s' },
      ],
    ],
    ['without the one that was reached', [{ name: 'everywhere', hold: '10s' }]],
    [
      'with a wider one of the same name',
      [
        { name: 'canary', percent: 90, hold: '10s' },
        { name: 'everywhere', hold: '10s' },
      ],
    ],
  ])('brings the target nowhere unasked where the stages stand %s by now', async (_, stages) => {
    const world = new World()
    await world.round()
    await world.round()
    world.edit({ spec: { stages } })
    const record = world.record
    expect(await world.round()).toBe('Progressing canary StagesChanged')
    expect(dig(world.object, 'status', 'message')).toMatch(/^stages that it has reached were changed: put them back/)
    expect(dig(world.object, 'status', 'namespaces')).toEqual({ reached: 1, total: 3 })
    expect(await world.round(600)).toBe('Progressing canary StagesChanged')
    // By the old stages, and by nothing else.
    expect(world.record).toEqual(record)
    world.edit({ spec: { stages: record?.stages as never } })
    expect(await settle(world)).toBe('Complete complete Complete')
  })

  it('begins anew by edited stages once it is aborted and resumed', async () => {
    const world = new World()
    await world.round()
    await world.round()
    const ask = (word: 'abort' | 'resume') =>
      world.edit({ metadata: { annotations: { [REQUEST_ANNOTATION]: requestText(word, world.now) } } })
    world.edit({ spec: { stages: [{ name: 'everywhere', hold: '10s' }] } })
    ask('resume')
    expect(await world.round()).toBe('Progressing canary StagesChanged')
    ask('abort')
    expect(await world.round()).toBe('Aborted  Aborted')
    expect(revisionsAt(world, { name: 'canary', labels: { ring: 'canary' } })).toEqual([])
    expect(await world.round()).toBe('Aborted  Aborted')
    ask('resume')
    expect(await world.round()).toBe('Pending  Resumed')
    expect(await world.round()).toBe('Progressing everywhere StageReached')
  })

  it.each<[string, (world: World) => void, string]>([
    ['orphans', ({ conditions }) => Object.assign(conditions, { orphans: 1 }), 'in stage canary: orphanedPods is 1'],
    [
      'denials',
      ({ conditions }) => Object.assign(conditions, { requests: 20, denials: 5 }),
      'in stage canary: denials is 25 %',
    ],
  ])('is watched where it stands while its stages are edited: %s', async (_, change, message) => {
    for (const [onBreach, line] of Object.entries({
      Rollback: 'RolledBack  Breached',
      Pause: 'Paused canary Breached',
    })) {
      for (const rounds of [0, 1, 2]) {
        const world = new World({ onBreach })
        await world.round()
        await world.round()
        world.edit({ spec: { stages: [ringed('first', 'Exists'), everywhere] } })
        for (let round = 0; round < rounds; round++) await world.round()
        change(world)
        expect(await world.round()).toBe(line)
        expect(dig(world.object, 'status', 'message')).toContain(message)
        const isThere = revisionsAt(world, { name: 'canary', labels: { ring: 'canary' } }).length > 0
        expect(isThere).toBe(onBreach === 'Pause')
      }
    }
  })

  it('keeps a new revision, too, from going where an older one came by other stages', async () => {
    const world = new World()
    await world.round()
    await world.round()
    world.conditions.revision = 'r2'
    world.edit({ spec: { stages: [ringed('first', 'Exists'), everywhere] } })
    expect(await world.round()).toBe('Pending  TargetChanged')
    expect(await world.round()).toBe('Pending  StagesChanged')
    expect(revisionsAt(world, { name: 'canary', labels: { ring: 'canary' } })).toEqual(['r1'])
  })

  it('promotes nothing where the stages are edited at the same time', async () => {
    const world = new World()
    await world.round()
    await world.round()
    world.edit({
      spec: {
        stages: [
          { name: 'canary', percent: 90, hold: '10s' },
          { name: 'everywhere', hold: '10s' },
        ],
      },
    })
    world.edit({ metadata: { annotations: { [REQUEST_ANNOTATION]: requestText('promote', world.now, 'canary') } } })
    expect(await world.round()).toBe('Progressing canary StagesChanged')
    expect(dig(world.object, 'metadata', 'annotations', REQUEST_ANNOTATION)).toBeUndefined()
    expect(await world.round(60)).toBe('Progressing canary StagesChanged')
  })

  it('aborts also where its record was lost at the same time', async () => {
    const world = new World()
    await world.round()
    await world.round()
    for (const path of world.recordPaths) world.cluster.drop(path)
    world.edit({ metadata: { annotations: { [REQUEST_ANNOTATION]: requestText('abort', world.now) } } })
    expect(await world.round()).toBe('Progressing canary StageReached')
    expect(await world.round()).toBe('Aborted  Aborted')
  })

  it('goes on where only holds and what is ahead were edited', async () => {
    const world = new World()
    await world.round()
    await world.round()
    const canary = { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '5s' }
    world.edit({
      spec: { stages: [canary, { name: 'half', percent: 50, hold: '1s' }, { name: 'everywhere', hold: '1s' }] },
    })
    expect(await world.round(6)).toBe('Progressing half StageReached')
  })

  it('goes on where a stage that is ahead was taken out', async () => {
    const canary = { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '10s' }
    const everywhere = { name: 'everywhere', hold: '10s' }
    const world = new World({ stages: [canary, { name: 'half', percent: 50, hold: '10s' }, everywhere] })
    await world.round()
    await world.round()
    world.edit({ spec: { stages: [canary, everywhere] } })
    expect(await world.round()).toBe('Progressing canary Holding')
    expect(await world.round(10)).toBe('Progressing everywhere StageReached')
  })

  it('keeps objects of no namespace where a stage was added behind the last one', async () => {
    const shop = { name: 'shop', namespaceSelector: { matchLabels: { ring: 'shop' } }, hold: '10s' }
    const world = new World({ stages: [shop] })
    await world.round()
    expect(await world.round()).toBe('Progressing shop StageReached')
    expect(revisionsAt(world, 'cluster')).toEqual(['r1'])
    world.edit({ spec: { stages: [shop, { name: 'everywhere', hold: '10s' }] } })
    expect(await world.round(60)).toBe('Progressing shop StagesChanged')
    expect(revisionsAt(world, 'cluster')).toEqual(['r1'])
  })

  it('restores a record that was lost from the status, and a status that was lost from the record', async () => {
    const world = new World()
    await world.round()
    await world.round()
    const record = world.record
    for (const path of world.recordPaths) world.cluster.drop(path)
    expect(await world.round()).toBe('Progressing canary StageReached')
    expect(world.record).toEqual({ ...record, number: 3 })
    world.edit({ status: null })
    expect(await world.round()).toBe('Progressing canary Holding')
    expect(world.record?.number).toBe(3)
  })

  it('restores a record with the stages that it had, also where they were edited meanwhile', async () => {
    const world = new World()
    await world.round()
    await world.round()
    const record = world.record
    for (const path of world.recordPaths) world.cluster.drop(path)
    world.edit({ spec: { stages: [{ name: 'everywhere', hold: '10s' }] } })
    expect(await world.round()).toBe('Progressing canary StageReached')
    expect(world.record).toEqual({ ...record, number: 3 })
    expect(await world.round(60)).toBe('Progressing canary StagesChanged')
    expect(world.record?.stages.map(({ name }) => name)).toEqual(['canary', 'everywhere'])
  })

  it('forgets what is between where a rollout is made anew again and again, not what was complete before all of them', async () => {
    const world = new World()
    await settle(world)
    expect(world.record?.status).toMatchObject({ phase: 'Complete', revision: 'r1' })
    for (let times = 0; times < 12; times++) {
      world.cluster.drop(world.path)
      world.conditions.revision = `again-${times}`
      world.rollout('roll')
      await world.round()
      await world.round()
      expect(world.line).toBe('Progressing canary StageReached')
    }
    const chain = []
    for (let record = world.record; record !== undefined; record = record.before) chain.push(record.status.revision)
    expect(chain).toEqual(['again-11', 'again-10', 'again-9', 'again-8', 'again-7', 'r1'])
  })

  it('says that the target is gone, and does not write that again and again', async () => {
    const world = new World()
    await settle(world)
    world.conditions.isTargetThere = false
    await world.round()
    await world.round()
    expect(world.line).toBe('Complete complete TargetMissing')
    const before = world.cluster.requests.length
    for (let rounds = 0; rounds < 3; rounds++) await world.round()
    expect(world.cluster.requests.slice(before).filter(line => !line.startsWith('GET'))).toEqual([])
    // It is back, as it was.
    world.conditions.isTargetThere = true
    await world.round()
    expect(world.record?.status).toMatchObject({ phase: 'Complete', revision: 'r1' })
  })

  it('does not take the record of another target for a lost one', async () => {
    const world = new World()
    await world.round()
    await world.round()
    for (const path of world.recordPaths) world.cluster.drop(path)
    const other = { ...(dig(world.object, 'status', 'record') as object), target: { kind: 'Policy', name: 'other' } }
    world.edit({ status: { record: other } as never })
    expect(await world.round()).toBe('Pending  TargetChanged')
    expect(world.record).toMatchObject({ number: 1, status: { phase: 'Pending', stage: -1, older: [] } })
  })

  it('takes the record away when its target is gone, or no longer staged', async () => {
    const world = new World()
    await world.round()
    expect(world.recordPaths).toHaveLength(1)
    world.conditions.isTargetThere = false
    await world.round()
    expect(world.recordPaths).toEqual([])
    expect(world.line).toBe('Pending  TargetMissing')
  })
})

describe('whatever happens to the controllers', () => {
  /** No stage is left out, nothing goes on after a breach, numbers rise by one. */
  function check({ records }: World): void {
    for (const [index, record] of records.entries()) {
      const before = records[index - 1]
      if (before === undefined) continue
      expect(record.number).toBe(before.number + 1)
      if (record.status.revision !== before.status.revision) continue
      expect(record.status.stage - before.status.stage).toBeLessThanOrEqual(1)
      if (before.status.phase === 'RolledBack') expect(record.status.phase).toBe('RolledBack')
    }
  }

  it('a controller that is killed at any request leaves everything so that the next one ends the same way', async () => {
    const whole = new World()
    expect(await settle(whole)).toBe('Complete complete Complete')
    const count = whole.cluster.requests.length
    expect(count).toBeGreaterThan(30)
    for (let at = 0; at < count; at++) {
      const world = new World()
      let left = at
      // Half of them die before the API server has done it, half of them after.
      world.cluster.fault = () => {
        if (left-- === 0) throw new Error('killed')
      }
      for (let round = 0; round < 40 && !world.line.startsWith('Complete'); round++) {
        try {
          await world.round(4)
        } catch {
          world.restart()
        }
      }
      expect(world.line, `killed at request ${at}`).toBe('Complete complete Complete')
      check(world)
    }
  })

  it('of two controllers one alone writes each record, and both go on by it', async () => {
    const world = new World()
    const other = new World()
    // Both on one cluster: the second's own is not used.
    Object.assign(other, { cluster: world.cluster, records: [] })
    for (let round = 0; round < 20 && !world.line.startsWith('Complete'); round++) {
      other.now = world.now
      await Promise.all([world.round(2), other.round(2)])
    }
    expect(world.line).toBe('Complete complete Complete')
    check(world)
  })

  it('while the API does not answer nothing moves, however long that takes', async () => {
    const world = new World()
    await world.round()
    await world.round()
    const before = world.record
    world.cluster.fault = () => {
      throw new ApiError(503, 'ServiceUnavailable', 'away', undefined)
    }
    for (let round = 0; round < 6; round++) await expect(world.round(10)).rejects.toThrow('away')
    world.cluster.fault = () => {}
    expect(world.record).toEqual(before)
    // The first round afterwards has fresh observations: pods may be missing for a moment only.
    expect(await world.round()).toBe('Progressing everywhere StageReached')
    check(world)
  })
})
