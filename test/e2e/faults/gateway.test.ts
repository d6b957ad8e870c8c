import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, createNamespace, startControlPlane } from '../support/control-plane.ts'
import { registrationBecomes } from '../support/controller.ts'
import { type Gate, startGate } from '../support/gate.ts'
import { type Installation, install } from '../support/installation.ts'
import { waitUntil } from '../support/processes.ts'
import { dryRunCreate, podWith, rootPodGets } from '../support/webhooks.ts'

const YEAR_MS = 365 * 24 * 60 * 60 * 1000
/** Runs before the program: its clock is a year ahead. */
const YEAR_AHEAD = `data:text/javascript,${encodeURIComponent(
  `const now = Date.now; Date.now = () => now() + ${YEAR_MS};
   globalThis.Date = class extends Date { constructor(...args) { super(...(args.length === 0 ? [Date.now()] : args)) } }`,
)}`

const VALIDATING = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/portcullis'
const POLICY = '/apis/portcullis.dev/v1alpha1/policies/no-privileged'

let plane: ControlPlane
let gate: Gate
let portcullis: Installation

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  await createNamespace(plane, 'shop')
  gate = await startGate(plane.port)
  portcullis = await install(plane, {
    server: `https://127.0.0.1:${gate.port}`,
    env: { controller: { NODE_OPTIONS: `--import=${YEAR_AHEAD}` } },
  })
})

afterAll(async () => {
  await portcullis?.stop()
  await gate?.stop()
  await plane?.stop()
})

const answer = async (pod: unknown) => (await dryRunCreate(plane, pod, 'shop')).status
const gateways = () => portcullis.kubelet.running('gateway')
const metric = async (name: string) => {
  const texts = await Promise.all(portcullis.kubelet.running('controller').map(pod => pod.metrics()))
  return texts.flatMap(text => new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? []).map(Number)
}

test("a controller whose clock is a year ahead goes by the API server's: its certificates are believed today", async () => {
  // The installation is through: the API server trusts what the controller made.
  expect(await answer(podWith({ path: '/' }))).toBe(403)
  await plane.kubectl(['delete', 'secret', '-n', 'portcullis-system', 'portcullis-ca', 'portcullis-tls'])
  await waitUntil('there is another certificate', async () =>
    (await plane.kubectl(['get', 'secret', '-n', 'portcullis-system', '-o', 'name'])).stdout.includes('portcullis-tls'),
  )
  expect(await answer(podWith({ path: '/' }))).toBe(403)
  const skews = await metric('portcullis_clock_skew_seconds')
  expect(skews).not.toEqual([])
  for (const skew of skews) expect(Math.abs(skew + YEAR_MS / 1000)).toBeLessThan(5)
})

test('a gateway that hangs is replaced, and nothing bad comes in meanwhile', async () => {
  const [wedged] = gateways()
  wedged?.process.signal('SIGSTOP')
  const started = performance.now()
  let bad = 0
  await waitUntil('it runs anew', async () => {
    if ((await answer(podWith({ path: '/' }))) === 201) bad++
    return gateways().length === 2 && gateways().every(({ process }) => process !== wedged?.process)
  })
  await waitUntil('good pods are admitted', async () => (await answer(podWith())) === 201)
  process.stdout.write(`a gateway that hangs: ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  expect(bad).toBe(0)
  // Once it is out of the Service, nobody waits for it.
  for (let count = 0; count < 20; count++) expect(await answer(podWith())).toBe(201)
})

test('gateways that are slow refuse what they must, or nothing gets in: no answer is a wrong one', async () => {
  // Each of them runs a tenth of the time.
  let isStopped = false
  const slow = (async () => {
    while (!isStopped) {
      for (const { process } of gateways()) process.signal('SIGSTOP')
      await sleep(450)
      for (const { process } of gateways()) process.signal('SIGCONT')
      await sleep(50)
    }
  })()
  const seen = { bad: new Set<number>(), good: new Set<number>() }
  const started = performance.now()
  try {
    for (let count = 0; count < 15; count++) {
      seen.bad.add(await answer(podWith({ path: '/' })))
      seen.good.add(await answer(podWith()))
    }
  } finally {
    isStopped = true
    await slow
  }
  const milliseconds = (performance.now() - started) / 30
  process.stdout.write(`gateways that run a tenth of the time: ${milliseconds.toFixed(0)} ms for each admission\n`)
  // 500: the API server waited for five seconds.
  for (const status of seen.bad) expect([403, 500]).toContain(status)
  for (const status of seen.good) expect([201, 500]).toContain(status)
  await waitUntil('they are well again', async () => (await answer(podWith())) === 201)
})

test('gateways that run out of memory are started again, and nothing bad comes in meanwhile', async () => {
  // What the kernel does to a process beyond its limit.
  for (const { process } of gateways()) process.signal('SIGKILL')
  let bad = 0
  await waitUntil('good pods are admitted', async () => {
    if ((await answer(podWith({ path: '/' }))) === 201) bad++
    return (await answer(podWith())) === 201
  })
  expect(bad).toBe(0)
})

test('with the API server out of their reach gateways answer by what they know, and catch up afterwards', async () => {
  const policy = {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: 'no-privileged' },
    spec: { validationActions: ['Deny'], checks: [{ check: 'privileged' }] },
  }
  const pod = podWith() as { spec: { containers: [object] } }
  const [container] = pod.spec.containers
  const containers = [{ ...container, securityContext: { privileged: true } }]
  const privileged = { ...pod, spec: { ...pod.spec, containers } }
  gate.close()
  try {
    expect((await plane.kubectl(['apply', '-f', '-'], { input: policy })).code).toBe(0)
    for (let count = 0; count < 20; count++) {
      expect(await answer(podWith({ path: '/' }))).toBe(403)
      expect(await answer(podWith())).toBe(201)
    }
    expect(await answer(privileged)).toBe(201)
  } finally {
    gate.open()
  }
  await waitUntil('the policy is enforced', async () => (await answer(privileged)) === 403)
  await waitUntil('its revision is kept', async () =>
    (await plane.kubectl(['get', 'controllerrevisions', '-A', '-o', 'yaml'])).stdout.includes('check: privileged'),
  )
})

test('a policy that does not compile changes nothing; its last good revision stays, and a status says so', async () => {
  // By a webhook of our own it would be refused; whoever gets around it breaks nothing. It is there again within a second.
  await waitUntil('it got in', async () => {
    await plane.request('DELETE', VALIDATING)
    const broken = { spec: { checks: [{ check: 'no-such-check' }] } }
    return (await plane.request('PATCH', POLICY, broken, 'application/merge-patch+json')).status === 200
  })
  await registrationBecomes(plane, 'enforce/in-force/Fail')
  await rootPodGets(plane, 403, 'shop')
  const pod = podWith() as { spec: { containers: [object] } }
  const [container] = pod.spec.containers
  const privileged = { ...pod, spec: { containers: [{ ...container, securityContext: { privileged: true } }] } }
  expect(await answer(privileged)).toBe(403)
  await waitUntil('the status says so', async () => {
    const { stdout } = await plane.kubectl(['get', 'policies.portcullis.dev', 'no-privileged', '-o', 'json'])
    return stdout.includes('"LastGoodRevision"')
  })
  expect(await answer(privileged)).toBe(403)
  // Nor does it keep a new gateway from starting, which begins with that revision.
  const before = gateways().map(({ name }) => name)
  await plane.kubectl(['delete', 'pods', '-n', 'portcullis-system', ...before])
  let bad = 0
  await waitUntil('other gateways serve', async () => {
    const now = await Promise.all(gateways().map(async pod => !before.includes(pod.name) && (await pod.isReady())))
    if ((await answer(privileged)) === 201) bad++
    // That they are ready is not yet that the Service leads to them.
    return now.length === 2 && now.every(Boolean) && (await answer(podWith())) === 201
  })
  expect(bad).toBe(0)
  expect(await answer(privileged)).toBe(403)
  expect(await answer(podWith())).toBe(201)
})
