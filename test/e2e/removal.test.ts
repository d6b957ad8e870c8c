import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { prepareCluster, registrationBecomes, registrationOf, startController } from './support/controller.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { waitUntil } from './support/processes.ts'
import { rootPodGets } from './support/webhooks.ts'

const ANCHOR = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'portcullis-installation' },
  rules: [],
}

let plane: ControlPlane
let gateway: GatewayProcess

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  await prepareCluster(plane)
  gateway = await startGateway({
    directory: plane.directory,
    authority: plane.webhookCa,
    args: ['--kubeconfig', join(plane.directory, 'admin.kubeconfig'), '--cluster-documents'],
  })
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

const kubectl = async (...args: readonly string[]) => {
  const { code, stderr } = await plane.kubectl(args)
  expect(code, stderr).toBe(0)
}

/** Enforces, and ends every controller, as whatever removes the release would. */
async function enforceAndLeave(): Promise<void> {
  const controller = await startController(plane, gateway.port, ['--mode', 'enforce'])
  await registrationBecomes(plane, 'enforce/in-force/Fail')
  await rootPodGets(plane, 403, 'shop')
  await controller.process.stop('SIGKILL')
}

test('deleting what belongs to the release takes the webhooks along, though no uninstaller ran', async () => {
  const applied = await plane.kubectl(['apply', '-f', '-'], { input: ANCHOR })
  expect(applied.code, applied.stderr).toBe(0)
  await enforceAndLeave()
  await kubectl('delete', 'clusterrole', 'portcullis-installation')
  await waitUntil('the webhooks are collected', async () => (await registrationOf(plane)) === 'none')
  await rootPodGets(plane, 201, 'shop')
})

test('deleting the namespace while the webhooks are in force blocks the cluster for a while, not for ever', async () => {
  await kubectl('delete', 'configmap', 'portcullis-state', '-n', 'portcullis-system', '--ignore-not-found')
  const applied = await plane.kubectl(['apply', '-f', '-'], { input: ANCHOR })
  expect(applied.code, applied.stderr).toBe(0)
  await enforceAndLeave()
  await gateway.stop('SIGKILL')
  const started = performance.now()
  await kubectl('delete', 'namespace', 'portcullis-system', '--wait=false')
  await waitUntil('the webhooks are collected', async () => (await registrationOf(plane)) === 'none')
  process.stdout.write(
    `the webhooks of a deleted namespace were gone after ${Math.round(performance.now() - started)} ms\n`,
  )
  await rootPodGets(plane, 201, 'shop')
  // Nothing else is left that would keep a next installation from its names.
  await waitUntil('the namespace is gone', async () => {
    const { status } = await plane.request('GET', '/api/v1/namespaces/portcullis-system')
    return status === 404
  })
  await createNamespace(plane, 'portcullis-system')
})
