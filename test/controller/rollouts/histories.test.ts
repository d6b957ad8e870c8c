import fc from 'fast-check'
import { expect, it } from 'vitest'
import { REQUEST_ANNOTATION, requestText } from '../../../src/controller/rollouts/requests.ts'
import { dig, getString, type JsonObject } from '../../../src/json/value.ts'
import { compileRecord } from '../../../src/policy/rollout-record.ts'
import { versionsAt } from '../../../src/rollout/record.ts'
import { propertyOptions } from '../../support/property.ts'
import { World } from './world.ts'

const EVERYWHERE = { name: 'everywhere', hold: '3s' }

/** Stages that meet the namespaces of the world in every way, with names that come again. */
const stages = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      hold: fc.constant('3s'),
      namespaceSelector: fc.constantFrom<JsonObject>(
        {},
        { matchLabels: { ring: 'canary' } },
        { matchExpressions: [{ key: 'ring', operator: 'DoesNotExist' }] },
        { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
      ),
    }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
  )
  .chain(rings => fc.constantFrom<readonly JsonObject[]>(rings, [...rings, EVERYWHERE], [EVERYWHERE, ...rings]))

/** What happens to a rollout; all of it may happen at once. */
const event = fc.record(
  {
    stages,
    request: fc.constantFrom('promote', 'resume', 'abort'),
    revision: fc.constantFrom('r1', 'r2', 'r3'),
    paused: fc.boolean(),
    orphans: fc.nat(1),
    silent: fc.nat(1),
    isLost: fc.constant(true),
    isRestarted: fc.constant(true),
    seconds: fc.constantFrom(1, 4),
  },
  { requiredKeys: ['seconds'] },
)
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never

/** What is in force of the target in each namespace, and for objects of none. */
function inForce({ namespaces, record }: World): ReadonlyMap<string, string> {
  if (record === undefined) return new Map()
  const compiled = compileRecord(record)
  const places = Object.entries(namespaces).map(([name, labels]) => ({ name, labels }))
  const at = (place: (typeof places)[number] | 'cluster') => versionsAt(compiled, place, () => true).revisions
  return new Map([
    ...places.map(place => [place.name, [...at(place)].join()] as const),
    ['', [...at('cluster')].join()],
  ])
}

async function happen(world: World, happens: Event): Promise<void> {
  const { stages, request, revision, paused, orphans, silent, isLost, isRestarted, seconds } = happens
  if (isLost) for (const path of world.recordPaths) world.cluster.drop(path)
  if (isRestarted) world.restart()
  if (stages !== undefined) world.edit({ spec: { stages } })
  if (paused !== undefined) world.edit({ spec: { paused } })
  if (request !== undefined) {
    const text = requestText(request, world.now, getString(world.object?.['status'], 'stage') || 'a')
    world.edit({ metadata: { annotations: { [REQUEST_ANNOTATION]: text } } })
  }
  Object.assign(
    world.conditions,
    { orphans: orphans ?? 0, silent: silent ?? 0 },
    revision !== undefined && { revision },
  )
  await world.round(seconds)
}

it('whatever happens, the target comes to a place with a stage alone, and goes from it by a breach or an abort alone', async () => {
  const history = fc.array(event, { minLength: 10, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(history, fc.constantFrom('Rollback', 'Pause'), async (events, onBreach) => {
      const world = new World({ onBreach })
      for (const happens of events) {
        const before = inForce(world)
        await happen(world, happens)
        const present = world.record?.status.revision
        for (const [place, revision] of inForce(world)) {
          if (revision === (before.get(place) ?? '')) continue
          const [phase, , reason] = world.line.split(' ')
          if (revision === present) expect(reason, `${place} got ${revision}`).toMatch(/^(?:StageReached|Complete)$/)
          else expect(phase, `${place} lost ${before.get(place)}`).toMatch(/^(?:RolledBack|Aborted)$/)
        }
        const reached = [...inForce(world)].filter(([place, revision]) => place !== '' && revision === present).length
        expect(dig(world.object, 'status', 'namespaces', 'reached') ?? 0).toBe(present === '' ? 0 : reached)
      }
    }),
    propertyOptions('histories', 60),
  )
})
