import { afterEach, beforeEach, expect, it } from 'vitest'
import { portcullis } from '../../src/cli/portcullis.ts'
import { dig } from '../../src/json/value.ts'
import { json } from '../support/engine.ts'
import { FakeCluster } from '../support/fake-cluster.ts'
import { testIo } from '../support/io.ts'
import { type ServedCluster, serveCluster } from '../support/served-cluster.ts'

const ROLLOUTS = '/apis/portcullis.dev/v1alpha1/canaryrollouts'

let cluster: FakeCluster
let served: ServedCluster

beforeEach(async () => {
  cluster = new FakeCluster()
  served = await serveCluster(cluster, [])
})
afterEach(() => served.stop())

async function pause(phase: string) {
  const target = { kind: 'Policy', name: 'new' }
  const spec = { target, stages: [{ name: 'canary', hold: '30m' }] }
  cluster.put(ROLLOUTS, json({ kind: 'CanaryRollout', metadata: { name: 'roll' }, spec, status: { phase, stage: '' } }))
  const test = testIo()
  const code = await portcullis(['rollout', 'pause', 'roll', '--kubeconfig', served.kubeconfig], test.io)
  return { code, out: test.out(), err: test.err(), isPaused: dig(cluster.get(`${ROLLOUTS}/roll`), 'spec', 'paused') }
}

it.each(['RolledBack', 'Aborted'])(
  'refuses to pause a rollout that is %s, and says what begins it anew',
  async phase => {
    const { code, err, isPaused } = await pause(phase)
    expect(code).toBe(2)
    expect(err).toContain(
      `roll is ${phase}, and there is nothing left to pause: nothing of it goes on. portcullis rollout resume roll`,
    )
    expect(isPaused).toBeUndefined()
  },
)

it('pauses one that goes on', async () => {
  expect(await pause('Progressing')).toMatchObject({ code: 0, isPaused: true })
})
