import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { applyDefinitions } from './support/controller.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { registerMutating, unregisterMutating } from './support/mutating.ts'
import { waitUntil } from './support/processes.ts'
import { dryRunCreate, registerGateway } from './support/webhooks.ts'

let plane: ControlPlane
let gateway: GatewayProcess

beforeAll(async () => {
  plane = await startControlPlane()
  for (const name of ['shop', 'portcullis-system']) await createNamespace(plane, name)
  await applyDefinitions(plane)
  gateway = await startGateway({
    directory: plane.directory,
    authority: plane.webhookCa,
    args: ['--kubeconfig', join(plane.directory, 'admin.kubeconfig'), '--cluster-documents'],
  })
  await registerGateway(plane, { port: gateway.port, authority: plane.webhookCa })
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

const apply = async (object: unknown) => {
  const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], { input: object })
  expect(code, stderr).toBe(0)
}
const policy = (spec: object) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Policy',
  metadata: { name: 'no-privileged' },
  spec: { validationActions: ['Deny'], checks: [{ check: 'privileged' }], ...spec },
})
const privileged = {
  metadata: { generateName: 'p-' },
  spec: { containers: [{ name: 'a', image: 'registry.example.com/a:1', securityContext: { privileged: true } }] },
}
const answer = async (namespace = 'shop') => (await dryRunCreate(plane, privileged, namespace)).status
const becomes = async (status: number, namespace?: string): Promise<number> => {
  const started = performance.now()
  await waitUntil(`a privileged pod gets ${status}`, async () => (await answer(namespace)) === status)
  return performance.now() - started
}

test('a policy that is applied is enforced within seconds, and one that is deleted is gone', async () => {
  const times: number[] = []
  for (let round = 0; round < 10; round++) {
    expect(await answer()).toBe(201)
    await apply(policy({}))
    times.push(await becomes(403))
    await plane.kubectl(['delete', 'policies.portcullis.dev', 'no-privileged'])
    times.push(await becomes(201))
  }
  const sorted = times.toSorted((a, b) => a - b)
  process.stdout.write(
    `applied to enforced: median ${sorted[10]?.toFixed(0)} ms, most ${sorted.at(-1)?.toFixed(0)} ms\n`,
  )
})

test('S6 one that no gateway can compile keeps its last good revision, and the others go on', async () => {
  await apply(policy({}))
  await becomes(403)
  await apply(policy({ checks: [{ check: 'privilged' }] }))
  await waitUntil('the fault is known', async () => (await gateway.metrics()).includes('portcullis_stale_documents 1'))
  expect(await answer()).toBe(403)
  expect(gateway.log()).toContain('unknown check \\"privilged\\" (did you mean \\"privileged\\"?)')
  await apply(policy({}))
  await waitUntil('it is mended', async () => (await gateway.metrics()).includes('portcullis_stale_documents 0'))
})

test('the labels of namespaces are the cluster’s own, as they change', async () => {
  await apply(policy({ matchConstraints: { namespaceSelector: { matchLabels: { guarded: 'yes' } } } }))
  await becomes(201)
  await plane.kubectl(['label', 'namespace', 'shop', 'guarded=yes'])
  await becomes(403)
  await plane.kubectl(['label', 'namespace', 'shop', 'guarded-'])
  await becomes(201)
})

test('an exception counts in its one namespace, and nowhere else', async () => {
  await apply(policy({}))
  await becomes(403)
  const exception = (namespace: string) => ({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: { name: 'own', namespace },
    spec: { policies: ['no-privileged'], match: { namespaces: ['shop'] }, reason: 'a test' },
  })
  await apply(exception('shop'))
  await waitUntil('it is known', async () => gateway.log().includes('exceptions live in the namespace'))
  expect(await answer()).toBe(403)
  await apply(exception('portcullis-system'))
  await becomes(201)
})

test('an injection is followed, too', async () => {
  const mutating = {
    name: 'portcullis',
    namespace: 'shop',
    mark: (pod: unknown) => JSON.stringify(pod).includes('"payments"'),
  }
  await apply({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'SidecarInjection',
    metadata: { name: 'team' },
    spec: { trigger: { always: true }, labels: { team: 'payments' } },
  })
  await registerMutating(plane, { ...mutating, port: gateway.port, authority: plane.webhookCa })
  await unregisterMutating(plane, mutating)
})

test('kubectl apply itself refuses what no gateway could compile, where /documents is registered', async () => {
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'portcullis-documents' },
    webhooks: [
      {
        name: 'documents.portcullis.dev',
        admissionReviewVersions: ['v1'],
        clientConfig: {
          url: `https://127.0.0.1:${gateway.port}/documents`,
          caBundle: Buffer.from(plane.webhookCa.certificatePem).toString('base64'),
        },
        rules: [
          { apiGroups: ['portcullis.dev'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*'] },
        ],
        failurePolicy: 'Fail',
        sideEffects: 'None',
        timeoutSeconds: 5,
      },
    ],
  }
  await apply(configuration)
  const broken = policy({ checks: [{ check: 'privilged' }] })
  await waitUntil('it is in force', async () => {
    const { code, stderr } = await plane.kubectl(['apply', '--dry-run=server', '-f', '-'], { input: broken })
    return code === 1 && stderr.includes('unknown check "privilged" (did you mean "privileged"?)')
  })
  for (const folder of ['policies', 'policies/exceptions', 'examples/injections']) {
    const { code, stderr } = await plane.kubectl(['apply', '--dry-run=server', '-f', folder])
    expect(code, stderr).toBe(0)
  }
})

test('documents stay in force without their definition, and a gateway that starts then serves what ships', async () => {
  await createNamespace(plane, 'other')
  await becomes(403, 'other')
  const deleted = await plane.kubectl(['delete', 'customresourcedefinition', 'policies.portcullis.dev'])
  expect(deleted.code, deleted.stderr).toBe(0)
  await waitUntil('the loss is known', async () =>
    (await gateway.metrics()).includes('portcullis_lost_documents{kind="Policy"} 1'),
  )
  for (let asked = 0; asked < 20; asked++) expect(await answer('other')).toBe(403)
  const late = await startGateway({
    directory: plane.directory,
    authority: plane.webhookCa,
    args: ['--kubeconfig', join(plane.directory, 'admin.kubeconfig'), '--cluster-documents'],
  })
  expect(await late.metrics()).toContain('portcullis_unserved_kinds{kind="Policy"} 1')
  await late.stop()
  await applyDefinitions(plane)
  await apply(policy({}))
  await waitUntil('nothing is lost any more', async () =>
    (await gateway.metrics()).includes('portcullis_lost_documents{kind="Policy"} 0'),
  )
  expect(await answer('other')).toBe(403)
  await plane.kubectl(['delete', 'policies.portcullis.dev', 'no-privileged'])
  await becomes(201, 'other')
})
