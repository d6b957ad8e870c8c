import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { waitUntil } from './support/processes.ts'
import { registerGateway } from './support/webhooks.ts'

const LABEL = 'portcullis.dev/stage'
const POLICIES = `
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: guarded-labels}
spec:
  validationActions: [Deny]
  excludeNamespaces: []
  checks: [{check: guarded-labels, params: {labels: [${LABEL}]}}]
---
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: host-path}
spec: {validationActions: [Deny], checks: [{check: host-path}]}
`
const JANE = ['--as=jane', '--as-group=developers', '--as-group=system:authenticated']

let plane: ControlPlane
let gateway: GatewayProcess

beforeAll(async () => {
  plane = await startControlPlane()
  const policies = join(plane.directory, 'policies')
  mkdirSync(policies)
  writeFileSync(join(policies, 'policies.yaml'), POLICIES)
  const { directory, webhookCa: authority } = plane
  gateway = await startGateway({ directory, authority, args: ['--policies', policies] })
  await createNamespace(plane, 'shop')
  expect(await plane.kubectl(['label', 'namespace', 'shop', `${LABEL}=canary`])).toMatchObject({ code: 0 })
  const rules = ['create', 'clusterrole', 'janes', '--verb=get,patch,update']
  const resources = '--resource=namespaces,namespaces/status,namespaces/finalize'
  expect(await plane.kubectl([...rules, resources])).toMatchObject({ code: 0 })
  const binding = ['create', 'clusterrolebinding', 'janes', '--clusterrole=janes', '--user=jane']
  expect(await plane.kubectl(binding)).toMatchObject({ code: 0 })
  const may = ['auth', 'can-i', 'update', 'namespaces', '--subresource=finalize', ...JANE]
  await waitUntil('she may', async () => (await plane.kubectl(may)).code === 0)
  const asked = { apiGroups: [''], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'] }
  const change = { rules: [{ ...asked, resources: ['pods', 'namespaces/*'] }] }
  await registerGateway(plane, { port: gateway.port, authority, change })
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

const labels = async (): Promise<Readonly<Record<string, string>>> =>
  JSON.parse((await plane.request('GET', '/api/v1/namespaces/shop')).body).metadata.labels

/** Writes labels through the namespace or one of its subresources: whole, since `finalize` takes no patch. */
async function write(subresource: string, changed: object, as: readonly string[] = []) {
  const path = `/api/v1/namespaces/shop${subresource === '' ? '' : `/${subresource}`}`
  const namespace = JSON.parse((await plane.request('GET', '/api/v1/namespaces/shop')).body)
  Object.assign(namespace.metadata.labels, changed)
  return plane.kubectl(['replace', '--raw', path, '-f', '-', ...as], { input: namespace })
}

test.each(['', 'status', 'finalize'])('a label is guarded on the way through namespaces/%s', async subresource => {
  const refused = await write(subresource, { [LABEL]: 'none' }, JANE)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`user "jane" changes the label "${LABEL}"`)
  expect(await labels()).toMatchObject({ [LABEL]: 'canary' })
  expect(await write(subresource, { team: `by${subresource}` }, JANE)).toMatchObject({ code: 0 })
  expect(await labels()).toMatchObject({ team: `by${subresource}` })
})

test('an administrator changes it on each way', async () => {
  for (const subresource of ['', 'status', 'finalize']) {
    expect(await write(subresource, { [LABEL]: `by${subresource}` })).toMatchObject({ code: 0 })
    expect(await labels()).toMatchObject({ [LABEL]: `by${subresource}` })
  }
})
