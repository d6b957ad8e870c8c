import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, createNamespace, startControlPlane } from '../support/control-plane.ts'
import { registrationOf } from '../support/controller.ts'
import { type Installation, install } from '../support/installation.ts'
import { waitUntil } from '../support/processes.ts'
import { dryRunCreate, podWith } from '../support/webhooks.ts'

let plane: ControlPlane
let portcullis: Installation

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  for (const name of ['shop', 'cni']) await createNamespace(plane, name)
  portcullis = await install(plane, { values: ['bootstrapNamespaces={cni}'] })
})

afterAll(async () => {
  await portcullis?.stop()
  await plane?.stop()
})

const answer = async (pod: unknown, namespace: string) => (await dryRunCreate(plane, pod, namespace)).status

test('every gateway and controller gone and the API server restarted: it comes back without a hand', async () => {
  const powerOn = await portcullis.powerOff()
  try {
    const { restart } = await plane.crash('kube-apiserver')
    await restart()
    // Nothing bad comes in meanwhile, and what the nodes need to get up does.
    expect(await answer(podWith({ path: '/' }), 'shop')).toBe(500)
    expect(await answer(podWith({ path: '/opt/cni/bin' }), 'cni')).toBe(201)
    expect(await registrationOf(plane)).toBe('enforce/in-force/Fail')
    // The nodes lost their pods, too: the gateways are made anew, by nobody's leave but the API server's.
    await plane.request('DELETE', '/api/v1/namespaces/portcullis-system/pods?gracePeriodSeconds=0')
  } finally {
    powerOn()
  }
  const started = performance.now()
  await waitUntil('a good pod is admitted again', async () => (await answer(podWith(), 'shop')) === 201)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  process.stdout.write(`from power on to the first admission: ${seconds} s\n`)
  expect(await answer(podWith({ path: '/' }), 'shop')).toBe(403)
})

test('etcd down for a minute: gateways stay, nothing bad comes in, and policies are followed again afterwards', async () => {
  const before = portcullis.kubelet.running('gateway').map(({ name, process }) => `${name} ${process.isRunning()}`)
  const { restart } = await plane.crash('etcd')
  const end = performance.now() + 60_000
  let admitted = 0
  while (performance.now() < end) {
    const status = await answer(podWith({ path: '/' }), 'shop').catch(() => 0)
    if (status === 201) admitted++
    await new Promise(resolve => setTimeout(resolve, 2000))
  }
  expect(admitted).toBe(0)
  await restart()
  await waitUntil('a good pod is admitted again', async () => (await answer(podWith(), 'shop')) === 201)
  expect(portcullis.kubelet.running('gateway').map(({ name, process }) => `${name} ${process.isRunning()}`)).toEqual(
    before,
  )
  const policy = {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: 'no-host-network' },
    spec: { validationActions: ['Deny'], checks: [{ check: 'host-namespaces' }] },
  }
  const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], { input: policy })
  expect(code, stderr).toBe(0)
  const pod = podWith() as { spec: object }
  await waitUntil(
    'the new policy is enforced',
    async () => (await answer({ ...pod, spec: { ...pod.spec, hostNetwork: true } }, 'shop')) === 403,
  )
})
