import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { REVISIONS } from '../../../src/cluster/documents.ts'
import { dig } from '../../../src/json/value.ts'
import { type RecordDocument, readRecord } from '../../../src/policy/rollout-record.ts'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { type Gate, startGate } from '../support/gate.ts'
import { follow } from '../support/history.ts'
import { type Installation, install } from '../support/installation.ts'
import { waitUntil } from '../support/processes.ts'
import {
  apply,
  createNamespaces,
  followRollout,
  onEveryGateway,
  rolloutBecomes,
  rolloutStatus,
  SOON,
  stagedPolicy,
  stages,
} from '../support/rollouts.ts'
import { dryRunCreate } from '../support/webhooks.ts'

const privileged = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'asked' },
  spec: { containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] },
}

let plane: ControlPlane
let gate: Gate
let portcullis: Installation
let namespaces: readonly string[]
let watcher: History

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  gate = await startGate(plane.port)
  portcullis = await install(plane, {
    server: `https://127.0.0.1:${gate.port}`,
    values: SOON,
  })
  namespaces = await createNamespaces(plane, 12, 2)
  watcher = await watch()
})

afterAll(async () => {
  await watcher?.stop()
  await portcullis?.stop()
  await gate?.stop()
  await plane?.stop()
})

/** Everything that was seen from the begin of the run to its end. */
interface History {
  /** Each record once, in the order in which they were seen, and when. */
  readonly records: { readonly record: RecordDocument; readonly at: number }[]
  /** Answers to a pod that both versions of the policy refuse, by namespace; other than 403. */
  readonly wrong: string[]
  asked: number
  /** Whether there is a policy on every gateway: before, everybody may. */
  isGuarded: boolean
  stop(): Promise<void>
}

/** Sees the records and asks in one namespace after the other, until it is stopped. */
async function watch(): Promise<History> {
  let isStopped = false
  const history: History = {
    records: [],
    wrong: [],
    asked: 0,
    isGuarded: false,
    async stop() {
      isStopped = true
      await Promise.all([unfollow(), asking])
    },
  }
  const unfollow = await follow(plane, { ...REVISIONS, namespace: 'portcullis-system' }, object => {
    const record = readRecord(dig(object, 'data'))
    const isKnown = history.records.some(
      seen => seen.record.rollout === record?.rollout && seen.record.number === record.number,
    )
    if (record !== undefined && !isKnown) history.records.push({ record, at: performance.now() })
  })
  const ask = async () => {
    while (!isStopped) {
      const namespace = namespaces[history.asked % namespaces.length] ?? ''
      const { isGuarded } = history
      const status = await dryRunCreate(plane, privileged, namespace).then(
        answer => answer.status,
        () => 500,
      )
      if (isGuarded && ![403, 500].includes(status)) history.wrong.push(`${namespace}: ${status}`)
      history.asked++
      await sleep(20)
    }
  }
  const asking = ask()
  return history
}

/** A rollout whose canary holds for so many seconds, and the other stages for three. */
function rolloutOf(name: string, hold = 3) {
  const [canary, ...others] = stages(3)
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'CanaryRollout',
    metadata: { name },
    spec: {
      target: { kind: 'Policy', name },
      replaces: 'before',
      stages: [{ ...canary, hold: `${hold}s` }, ...others],
      gates: {
        orphanedPods: 0,
        errors: 0,
        wouldBlock: 0,
        denials: { ratio: 1, minimumRequests: 100 },
        latencyP99: '10s',
      },
    },
  }
}

const before = stagedPolicy('before', 'privileged', { staged: false })
const of = (name: string) => watcher.records.filter(({ record }) => record.rollout === name)
const controllers = () => portcullis.kubelet.running('controller')

/** The controller that leads; undefined while none does. */
async function leader() {
  const all = await Promise.all(controllers().map(async pod => ({ pod, text: await pod.metrics().catch(() => '') })))
  return all.find(({ text }) => text.includes('portcullis_leader 1'))?.pod
}

/** No stage is left out, and numbers rise by one: of two controllers one alone has written each. */
async function expectWhole(name: string, end: string): Promise<void> {
  await waitUntil('its end was seen', async () => of(name).at(-1)?.record.status.phase === end)
  const records = of(name).map(({ record }) => record)
  expect(records.map(({ number }) => number)).toEqual(records.map((_, index) => index + 1))
  for (const [index, { status }] of records.entries())
    expect(status.stage - (records[index - 1]?.status.stage ?? -1)).toBeLessThanOrEqual(1)
}

test('with its controller killed at every transition a rollout reaches its end, and leaves out nothing', {
  timeout: 400_000,
}, async () => {
  await onEveryGateway(portcullis, () => apply(plane, before))
  watcher.isGuarded = true
  await apply(plane, stagedPolicy('killed', 'privileged'), rolloutOf('killed'))
  let seen = 0
  let kills = 0
  await waitUntil(
    'it is complete',
    async () => {
      const count = of('killed').length
      if (count > seen) {
        const leading = await leader()
        // The one that has just written it: at once, before it has said so, as often as not.
        if (leading !== undefined) {
          leading.process.signal('SIGKILL')
          kills++
        }
        seen = count
      }
      return (await rolloutStatus(plane, 'killed'))?.phase === 'Complete'
    },
    { milliseconds: 280_000 },
  )
  const [first, last] = [of('killed')[0], of('killed').at(-1)]
  process.stdout.write(
    `${kills} leaders killed, ${of('killed').length} transitions in ${(((last?.at ?? 0) - (first?.at ?? 0)) / 1000).toFixed(0)} s\n`,
  )
  expect(kills).toBeGreaterThanOrEqual(3)
  await expectWhole('killed', 'Complete')
})

test('while the API server is out of reach nothing moves, for a minute, and then it goes on', {
  timeout: 500_000,
}, async () => {
  // Its hold is over as soon as the gate is shut, and not before.
  await apply(plane, stagedPolicy('cut', 'privileged'), rolloutOf('cut', 3600))
  await rolloutBecomes(plane, 'cut', ({ stage }) => stage === 'canary')
  gate.close()
  try {
    await apply(plane, rolloutOf('cut'))
    // What was on its way when the gate shut arrives, and is seen.
    await sleep(2_000)
    const closed = of('cut').map(({ record }) => record)
    expect(closed.at(-1)?.status).toMatchObject({ phase: 'Progressing', stage: 0 })
    await sleep(60_000)
    expect(of('cut').map(({ record }) => record)).toEqual(closed)
  } finally {
    gate.open()
  }
  const opened = performance.now()
  await rolloutBecomes(plane, 'cut', ({ phase }) => phase === 'Complete')
  process.stdout.write(`complete ${((performance.now() - opened) / 1000).toFixed(0)} s after the minute\n`)
  await expectWhole('cut', 'Complete')
})

test('a gateway that hangs keeps it from going on, and one that comes back lets it', async () => {
  const { seen, stop } = await followRollout(plane, 'hung')
  onTestFinished(stop)
  await apply(plane, stagedPolicy('hung', 'privileged'), rolloutOf('hung', 20))
  await rolloutBecomes(plane, 'hung', ({ stage, replicas }) => stage === 'canary' && replicas?.current === 2)
  const [wedged] = portcullis.kubelet.running('gateway')
  const unknown = () => seen.find(({ stage, reason }) => stage === 'canary' && reason === 'GateUnknown')
  await waitUntil('the hold is over, and nobody knows', async () => {
    // Once more when the kubelet has replaced it before: not until it would be replaced again.
    const running = portcullis.kubelet.running('gateway').find(({ name }) => name === wedged?.name)
    if (running?.hasStarted() === true) running.process.signal('SIGSTOP')
    return unknown() !== undefined
  })
  expect(unknown()?.message).toMatch(/^nobody knows: .*denials/)
  expect(seen.at(-1)?.stage).toBe('canary')
  // The kubelet replaces it.
  await rolloutBecomes(plane, 'hung', ({ phase }) => phase === 'Complete')
  await expectWhole('hung', 'Complete')
})

test('over the whole history no namespace was without one of the versions', async () => {
  await watcher.stop()
  process.stdout.write(`${watcher.asked} questions\n`)
  expect(watcher.asked).toBeGreaterThan(500)
  expect(watcher.wrong).toEqual([])
})
