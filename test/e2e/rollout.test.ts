import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { samplesOf } from '../../src/controller/scrape.ts'
import { runCommand } from './support/commands.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { type Installation, install } from './support/installation.ts'
import { type Nodes, startNodes } from './support/nodes.ts'
import { waitUntil, withoutProxy } from './support/processes.ts'
import {
  apply,
  createNamespaces,
  deployment,
  followRollout,
  isRolledOut,
  onEveryGateway,
  readyPods,
  rolloutBecomes,
  rolloutStatus,
  type SeenRollout,
  SOON,
  stagedPolicy,
  stages,
} from './support/rollouts.ts'
import { dryRunCreate, podWith } from './support/webhooks.ts'

let plane: ControlPlane
let nodes: Nodes
let portcullis: Installation
let namespaces: readonly string[]

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  nodes = await startNodes(plane, 4)
  portcullis = await install(plane, {
    values: SOON,
  })
  namespaces = await createNamespaces(plane, 40, 4)
  await apply(plane, ...namespaces.map(namespace => deployment(namespace, 'web', 2)))
  await waitUntil('all pods are ready', async () => (await readyPods(plane, namespaces)) === 80)
})

afterAll(async () => {
  await portcullis?.stop()
  await nodes?.stop()
  await plane?.stop()
})

const hostNetwork = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'asked' },
  spec: { hostNetwork: true, containers: [{ name: 'a', image: 'a' }] },
}
const privileged = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'asked' },
  spec: { containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] },
}

/** A rollout of a policy through the stages of the tests. */
function rollout(name: string, target: string, hold: number, gates: object = {}) {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'CanaryRollout',
    metadata: { name },
    spec: { target: { kind: 'Policy', name: target }, stages: stages(hold), gates },
  }
}

const isEverywhere = (replicas: SeenRollout['replicas']) => replicas?.total === 2 && replicas.current === 2

/** One metric of all gateways, of one rollout. */
async function samples(metric: string, name: string) {
  const texts = await Promise.all(portcullis.kubelet.running('gateway').map(pod => pod.metrics().catch(() => '')))
  return texts.map(text => samplesOf(text, metric).filter(({ labels }) => labels['rollout'] === name))
}

/** The phase that each gateway goes by. */
const states = async (name: string) =>
  (await samples('portcullis_rollout_info', name)).map(([sample]) => sample?.labels['phase'])

/** Requests that the target of a rollout has refused. */
const violations = async (name: string) =>
  (await samples('portcullis_rollout_reviews_total', name))
    .flat()
    .filter(({ labels }) => labels['role'] === 'target' && labels['result'] === 'violated')
    .reduce((sum, { value }) => sum + value, 0)

const withoutStatus = async (name: string) => {
  const { body } = await plane.request('GET', `/apis/portcullis.dev/v1alpha1/canaryrollouts/${name}`)
  return { ...(JSON.parse(body) as object), status: {} }
}

test('a good policy walks through its stages by itself', async () => {
  await onEveryGateway(portcullis, () =>
    apply(plane, stagedPolicy('no-privileged-v1', 'privileged', { staged: false })),
  )
  const { seen, stop } = await followRollout(plane, 'good')
  onTestFinished(stop)
  await apply(plane, stagedPolicy('no-privileged', 'privileged'), {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'CanaryRollout',
    metadata: { name: 'good' },
    spec: {
      target: { kind: 'Policy', name: 'no-privileged' },
      replaces: 'no-privileged-v1',
      stages: stages(3),
      gates: {
        orphanedPods: 0,
        podGrowth: 1.5,
        // More than are asked below, all of which are refused, however long it takes.
        denials: { ratio: 0.02, minimumRequests: 10_000 },
        wouldBlock: 0,
        unready: 0.05,
        errors: 0,
        latencyP99: '10s',
      },
    },
  })
  const started = performance.now()
  let [asked, told] = [0, 0]
  // At no time is a namespace without one of the two.
  const wrong: string[] = []
  await waitUntil('it is complete', async () => {
    const namespace = namespaces[asked++ % namespaces.length] ?? ''
    const { status, body } = await dryRunCreate(plane, privileged, namespace)
    if (status !== 403) wrong.push(`${namespace}: ${status} ${body}`)
    for (const { phase, stage, message } of seen.slice(told))
      process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1)} s: ${phase} ${stage}: ${message}\n`)
    told = seen.length
    return seen.at(-1)?.phase === 'Complete'
  })
  expect(wrong).toEqual([])
  const stagesSeen = seen.flatMap(({ phase, stage }) => (phase === 'Progressing' ? stage : []))
  expect(stagesSeen.filter((stage, index) => stage !== stagesSeen[index - 1])).toEqual([
    'canary',
    'quarter',
    'everywhere',
  ])
  await plane.kubectl(['delete', 'policies.portcullis.dev', 'no-privileged-v1'])
  expect((await dryRunCreate(plane, privileged, 'team-39')).status).toBe(403)
})

test('a bad policy is taken back by itself, before it has left the canary', async () => {
  // Half of the canary's pods want a port of the node.
  const canaries = namespaces.slice(0, 4)
  const port = (index: number) => ({ ports: [{ containerPort: 80, hostPort: 8080 + index }] })
  await apply(plane, ...canaries.map((namespace, index) => deployment(namespace, 'legacy', 2, {}, port(index))))
  await waitUntil('they are ready', async () => (await readyPods(plane, canaries)) === 16)
  await apply(plane, stagedPolicy('no-host-ports', 'host-ports'), {
    ...rollout('bad', 'no-host-ports', 60),
    spec: {
      ...rollout('bad', 'no-host-ports', 60).spec,
      gates: { denials: { ratio: 0.02, minimumRequests: 5 }, unready: 0.05, orphanedPods: 0 },
    },
  })
  await rolloutBecomes(plane, 'bad', ({ phase, replicas }) => phase === 'Progressing' && isEverywhere(replicas))
  // Their nodes are drained.
  for (const namespace of canaries)
    await plane.request('DELETE', `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3Dlegacy`)
  let touched = 0
  await waitUntil('the first is refused', async () => (await violations('bad')) > 0)
  const breach = performance.now()
  await rolloutBecomes(plane, 'bad', ({ phase }) => {
    void violations('bad').then(count => {
      touched = Math.max(touched, count)
    })
    return phase === 'RolledBack'
  })
  const decided = performance.now()
  await waitUntil('every replica has taken it back', async () =>
    (await states('bad')).every(state => state === 'RolledBack'),
  )
  const undone = performance.now()
  const missing = 16 - (await readyPods(plane, canaries))
  const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1)
  process.stdout.write(
    `from the first refusal to the decision ${seconds(breach, decided)} s, to the last replica ${seconds(breach, undone)} s; ` +
      `${touched} creations refused, ${missing} pods missing then\n`,
  )
  expect((await rolloutStatus(plane, 'bad'))?.reason).toBe('Breached')
  await waitUntil('all pods are back', async () => (await readyPods(plane, canaries)) === 16)
  process.stdout.write(`all pods were back ${seconds(breach, performance.now())} s after the first refusal\n`)
  const { stdout } = await plane.kubectl(['get', 'events', '-n', 'default', '-o', 'yaml'])
  expect(stdout).toMatch(/reason: Breached/)
})

test('what an undo would lose is predicted, and keeps the policy from coming', async () => {
  const [canary = '', second = ''] = namespaces
  for (const hostNetwork of [true, false]) {
    await apply(plane, deployment(canary, 'undo', 1, { hostNetwork }))
    await isRolledOut(plane, canary, 'undo')
  }
  const policy = stagedPolicy('no-host-network', 'host-namespaces')
  const file = join(plane.directory, 'no-host-network.json')
  await writeFile(file, JSON.stringify(policy))
  const kubeconfig = join(plane.directory, 'admin.kubeconfig')
  const predicted = await runCommand('portcullis', ['preview', file, '--kubeconfig', kubeconfig], plane.directory, {
    env: withoutProxy(),
  })
  expect(predicted.stdout + predicted.stderr).toMatch(
    new RegExp(`Deployment ${canary}/undo\n {2}by its ReplicaSet undo-\\w+: no-host-network: `),
  )
  expect(predicted.code).toBe(1)
  await apply(plane, policy, rollout('undo', 'no-host-network', 2, { wouldBlock: 0 }))
  const kept = await rolloutBecomes(plane, 'undo', ({ reason }) => reason === 'WouldBlock')
  expect(kept.message).toBe(
    '1 workload of canary could not be rescheduled, scaled or rolled back under the target: portcullis preview names them',
  )
  expect((await dryRunCreate(plane, hostNetwork, canary)).status).toBe(201)
  // Nobody needs the old one any more: it goes on by itself.
  const { stdout } = await plane.kubectl(['get', 'replicasets', '-n', canary, '-l', 'app=undo', '-o', 'name'])
  const names = stdout.trim().split('\n')
  expect(names).toHaveLength(2)
  for (const name of names) {
    const replicas = await plane.kubectl(['get', name, '-n', canary, '-o', 'jsonpath={.spec.replicas}'])
    if (replicas.stdout === '0') await plane.kubectl(['delete', name, '-n', canary])
  }
  await rolloutBecomes(plane, 'undo', ({ phase }) => phase === 'Complete')
  expect((await dryRunCreate(plane, hostNetwork, second)).status).toBe(403)
})

test('an operator steers it: pauses, promotes, resumes and aborts, and sees where it stands', async () => {
  const kubeconfig = join(plane.directory, 'admin.kubeconfig')
  const ask = (...args: readonly string[]) =>
    runCommand('portcullis', ['rollout', ...args, '--kubeconfig', kubeconfig], plane.directory, { env: withoutProxy() })
  await apply(plane, stagedPolicy('steered', 'run-as-non-root'), rollout('steered', 'steered', 600, {}))
  await rolloutBecomes(plane, 'steered', ({ stage, replicas }) => stage === 'canary' && isEverywhere(replicas))
  expect(await ask('pause', 'steered')).toMatchObject({ code: 0, stdout: 'steered is paused in stage canary.\n' })
  const paused = await ask('promote', 'steered')
  expect([paused.code, paused.stderr]).toEqual([
    1,
    'not promoted: steered is Progressing, stage canary: spec.paused is true\n',
  ])
  expect(await ask('resume', 'steered')).toMatchObject({ code: 0 })
  let promoted = await ask('promote', 'steered')
  // One that comes while nobody knows how the pods are is refused; it may be asked for again.
  while (promoted.stderr.includes('not known')) promoted = await ask('promote', 'steered')
  expect(promoted).toMatchObject({
    code: 0,
    stdout: 'steered is Progressing, stage quarter: stage quarter is reached\n',
  })
  const table = (await ask('status')).stdout
  expect(table).toMatch(/^NAME +TARGET +PHASE +STAGE +NAMESPACES +SINCE +GATES\n/)
  expect(table).toMatch(/^steered +Policy steered +Progressing +quarter +\d+\/4\d +\d+[ms]\w* +-$/m)
  const details = (await ask('status', 'steered')).stdout
  expect(details).toMatch(/^ {2}canary +namespaces with ring=canary +holds 600s +done$/m)
  expect(details).toMatch(/^ {2}quarter +25 % of all namespaces +holds 600s +here$/m)
  expect(JSON.parse((await ask('status', 'steered', '-o', 'json')).stdout)).toMatchObject({
    status: { stage: 'quarter' },
  })
  expect(await ask('abort', 'steered')).toMatchObject({ code: 0, stdout: 'steered is Aborted: somebody aborted it\n' })
  expect((await ask('status', 'steered')).code).toBe(1)
  expect((await ask('pause', 'steerd')).stderr).toMatch(/there is no rollout "steerd" \(did you mean "steered"\?\)/)
})

test('a rollout that is deleted changes nothing, nor one whose status is lost', async () => {
  await apply(plane, stagedPolicy('frozen', 'se-linux'), rollout('frozen', 'frozen', 600, {}))
  await rolloutBecomes(plane, 'frozen', ({ stage, replicas }) => stage === 'canary' && isEverywhere(replicas))
  const unconfined = {
    ...privileged,
    spec: { containers: [{ name: 'a', image: 'a', securityContext: { seLinuxOptions: { type: 'spc_t' } } }] },
  }
  const answers = async () =>
    Promise.all([0, 39].map(async index => (await dryRunCreate(plane, unconfined, namespaces[index] ?? '')).status))
  expect(await answers()).toEqual([403, 201])
  const path = '/apis/portcullis.dev/v1alpha1/canaryrollouts/frozen/status'
  // The controller may write at the same moment.
  await waitUntil(
    'its status is lost',
    async () => (await plane.request('PUT', path, await withoutStatus('frozen'))).status === 200,
  )
  await rolloutBecomes(plane, 'frozen', ({ stage }) => stage === 'canary')
  expect(await answers()).toEqual([403, 201])
  await plane.kubectl(['delete', 'canaryrollouts', 'frozen'])
  // Gateways and controllers that start anew go by the same.
  await plane.kubectl(['delete', 'pods', '-n', 'portcullis-system', '--all'])
  await waitUntil(
    'others serve',
    async () => (await dryRunCreate(plane, podWith({ path: '/' }), namespaces[39] ?? '')).status === 403,
  )
  expect(await answers()).toEqual([403, 201])
  // A new rollout of it begins below what the old one left.
  await apply(plane, {
    ...rollout('again', 'frozen', 2, {}),
    spec: { ...rollout('again', 'frozen', 2).spec, gates: {}, stages: stages(2).slice(1) },
  })
  await rolloutBecomes(plane, 'again', ({ phase }) => {
    return phase === 'Complete'
  })
  expect(await answers()).toEqual([403, 403])
})
