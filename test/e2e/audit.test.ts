import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { runCommand } from './support/commands.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { type ControllerProcess, prepareCluster, startController } from './support/controller.ts'
import { registerMutating, unregisterMutating } from './support/mutating.ts'
import { startPatchingWebhook } from './support/patching-webhook.ts'
import { waitUntil, withoutProxy } from './support/processes.ts'
import { podWith } from './support/webhooks.ts'
import { createDeployment, podsIn, type StoredPod } from './support/workloads.ts'

let plane: ControlPlane
let controller: ControllerProcess

// No gateway is needed: an audit asks the API server alone.
const start = () => startController(plane, 1, ['--audit-interval', '1s', '--pod-interval', '1s'])

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  await prepareCluster(plane)
  controller = await start()
})

afterAll(async () => {
  await controller?.process.stop('SIGTERM')
  await plane?.stop()
})

const kubectl = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await plane.kubectl(args)
  expect(code, stderr).toBe(0)
  return stdout
}
/** The reports of the namespace `shop`: name and summary of each. */
const reportsIn = (resource: string) =>
  kubectl(
    ...['get', resource, '-n', 'shop', '-o'],
    'jsonpath={range .items[*]}{.metadata.name} fail={.summary.fail} warn={.summary.warn}{"\\n"}{end}',
  )
const metric = async (line: RegExp) => Number(line.exec(await controller.metrics())?.[1] ?? Number.NaN)

test('an audit counts what is there already, also where the cluster has no place for reports', async () => {
  const { code, stderr } = await plane.kubectl(['create', '-n', 'shop', '-f', 'examples/host-root-pod.yaml'])
  expect(code, stderr).toBe(0)
  await waitUntil(
    'the audit has seen the pod',
    async () => (await metric(/^portcullis_audit_results\{policy="host-path",result="fail"\} (\d+)$/m)) === 1,
  )
  // The API server and what it made by itself fail nothing that ships as Deny.
  expect(await metric(/^portcullis_audit_unlisted_resources (\d+)$/m)).toBe(0)
})

test('reports are written as PolicyReports where only those are served, and as OpenReports once they are', async () => {
  for (const [group, resource] of [
    ['wgpolicyk8s.io', 'policyreports'],
    ['openreports.io', 'reports'],
  ] as const) {
    for (const kind of [resource, `cluster${resource}`])
      await kubectl('apply', '-f', `test/data/reports/${group}_${kind}.yaml`)
    // Discovery is asked again once a minute, and at the start.
    await controller.process.stop('SIGTERM')
    controller = await start()
    await waitUntil(`the reports are ${resource} of ${group}`, async () =>
      (await reportsIn(`${resource}.${group}`)).includes('portcullis-host-path fail=1 warn=0\n'),
    )
  }
  expect(await reportsIn('policyreports')).toBe('')
  const report = await kubectl('get', 'reports.openreports.io', '-n', 'shop', 'portcullis-host-path', '-o', 'json')
  expect(JSON.parse(report)).toMatchObject({
    source: 'portcullis',
    results: [
      {
        policy: 'host-path',
        rule: 'host-path',
        result: 'fail',
        scored: true,
        message: expect.stringContaining('mounts hostPath "/"'),
        resources: [{ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'disk-cleaner' }],
      },
    ],
  })
})

test('a report goes with what it was about, and comes with what is new', async () => {
  await kubectl('delete', 'pod', '-n', 'shop', 'disk-cleaner', '--now')
  await waitUntil('the report is gone', async () => !(await reportsIn('reports.openreports.io')).includes('host-path'))
  const { status } = await plane.request('POST', '/api/v1/namespaces/shop/pods', podWith({ path: '/var/lib/kubelet' }))
  expect(status).toBe(201)
  await waitUntil('there is one again', async () =>
    (await reportsIn('reports.openreports.io')).includes('portcullis-host-path fail=1'),
  )
})

test('an audit warns of a path that lies under one to which another pod may write', async () => {
  const create = async (name: string, path: string) => {
    const pod = { ...(podWith({ path }) as object), metadata: { name } }
    const { status } = await plane.request('POST', '/api/v1/namespaces/shop/pods', pod)
    expect(status).toBe(201)
  }
  await create('link-writer', '/data/shared')
  await create('link-reader', '/data/shared/link')
  const warned = async () => {
    const { results } = JSON.parse(
      await kubectl('get', 'reports.openreports.io', '-n', 'shop', 'portcullis-host-path', '-o', 'json'),
    ) as { readonly results: readonly { readonly result: string; readonly message: string }[] }
    return results.filter(({ result }) => result === 'warn').map(({ message }) => message)
  }
  await waitUntil('the report warns', async () => (await warned()).length > 0)
  expect(await warned()).toEqual([
    expect.stringContaining(
      'mounts hostPath "/data/shared/link", which lies under "/data/shared", to which Pod "shop/link-writer" may write',
    ),
  ])
  for (const name of ['link-writer', 'link-reader']) await kubectl('delete', 'pod', '-n', 'shop', name, '--now')
})

test('war story 4 is seen while it happens: orphaned pods by namespace, growth by owner, an Event on the ReplicaSet', async () => {
  const wrong = await startPatchingWebhook(plane.webhookCa, () => [
    { op: 'add', path: '/metadata/labels', value: { team: 'payments' } },
  ])
  const mark = (pod: unknown) => (pod as StoredPod).metadata.labels?.['team'] === 'payments'
  const mutating = { name: 'wrong', namespace: 'shop', mark }
  onTestFinished(async () => {
    await plane.request('DELETE', '/apis/apps/v1/namespaces/shop/deployments/web')
    await unregisterMutating(plane, mutating)
    await wrong.stop()
  })
  await registerMutating(plane, { ...mutating, port: wrong.port, authority: plane.webhookCa })
  await createDeployment(plane, 'shop')
  const started = performance.now()
  await waitUntil(
    'the orphans are counted',
    async () => (await metric(/^portcullis_orphaned_pods\{namespace="shop"\} (\d+)$/m)) > 1,
  )
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  process.stdout.write(`orphans seen after ${seconds} s, with ${(await podsIn(plane, 'shop')).length} pods\n`)
  const growth = /^portcullis_pod_growth_ratio\{namespace="shop",kind="ReplicaSet",owner="web-\w+"\} (\d+)$/m
  await waitUntil('so is the growth', async () => (await metric(growth)) > 1)
  // It is counted first, and then told of.
  const told = /Warning +OrphanedPods +replicaset\/web-\w+ +\d+ pods? of its \d+ it does not select any more/
  await waitUntil('an event says so', async () =>
    told.test(await kubectl('get', 'events', '-n', 'shop', '--field-selector', 'reason=OrphanedPods')),
  )
})

test('uninstalling removes the reports with the rest', async () => {
  await controller.process.stop('SIGTERM')
  const { code, stdout, stderr } = await runCommand(
    'portcullis',
    ['controller', '--uninstall', '--kubeconfig', join(plane.directory, 'admin.kubeconfig')],
    plane.directory,
    { env: { ...withoutProxy(), POD_NAMESPACE: 'portcullis-system' } },
  )
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/^\d+ reports? of openreports\.io removed$/m)
  expect(await reportsIn('reports.openreports.io')).toBe('')
})
