import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isObject, type JsonObject } from '../../src/json/value.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { registerGateway, unregisterGateway } from './support/webhooks.ts'

const BREAK_GLASS = `apiVersion: portcullis.dev/v1alpha1
kind: PolicyException
metadata: {name: emergency, namespace: portcullis-system}
spec:
  policies: [host-path]
  breakGlass: {groups: [sre]}
  reason: for the engineers on call
`
const REASON = 'portcullis.dev/break-glass-reason'

let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane()
  for (const name of ['monitoring', 'shop']) await createNamespace(plane, name)
  const binding = [
    'create',
    'clusterrolebinding',
    'all',
    '--clusterrole=cluster-admin',
    '--group=sre',
    '--group=developers',
  ]
  expect(await plane.kubectl(binding)).toMatchObject({ code: 0 })
})

afterAll(() => plane?.stop())

/** Runs a gateway with these arguments in front of the API server while something is done. */
async function behind<T>(args: readonly string[], act: (gateway: GatewayProcess) => Promise<T>): Promise<T> {
  const gateway = await startGateway({ directory: plane.directory, authority: plane.webhookCa, args })
  try {
    await registerGateway(plane, { port: gateway.port, authority: plane.webhookCa })
    return await act(gateway)
  } finally {
    await unregisterGateway(plane)
    await gateway.stop()
  }
}

const create = (object: unknown, ...args: readonly string[]) =>
  plane.kubectl(['create', '--dry-run=server', ...args, '-f', '-'], { input: object })

describe('the exception for node-exporter', () => {
  const [daemonSet] = parseYaml(readFileSync('test/data/cluster/node-exporter.yaml', 'utf8'))
    .documents.map(({ value }) => value)
    .filter(isObject) as [
    JsonObject & { metadata: JsonObject; spec: { template: { spec: { containers: [JsonObject] } } } },
  ]

  test('is off until it is enabled', async () => {
    await behind([], async () => {
      const { code, stderr } = await create(daemonSet)
      expect(code).toBe(1)
      expect(stderr).toContain('is refused by policy host-path')
    })
  })

  test('lets node-exporter pass where it is enabled, and no impostor', async () => {
    await behind(['--enable-exception=node-exporter'], async () => {
      expect(await create(daemonSet)).toMatchObject({ code: 0 })
      const { metadata, spec } = daemonSet
      const [container] = spec.template.spec.containers
      const withContainers = (...containers: readonly unknown[]) => ({
        ...daemonSet,
        spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } },
      })
      const impostors = {
        'in another namespace': { ...daemonSet, metadata: { ...metadata, namespace: 'shop' } },
        'of another name': { ...daemonSet, metadata: { ...metadata, name: 'miner' } },
        'with another image': withContainers({
          ...container,
          image: 'evil.io/quay.io/prometheus/node-exporter:v1.9.1',
        }),
        'with a container beside': withContainers(container, { ...container, name: 'miner' }),
      }
      for (const [what, object] of Object.entries(impostors)) {
        const { code, stderr } = await create(object)
        expect(code, what).toBe(1)
        expect(stderr, what).toContain('is refused by policy host-path')
      }
    })
  })
})

describe('a break-glass exception', () => {
  const pod = (annotations: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'rescue', namespace: 'shop', annotations },
    spec: {
      containers: [{ name: 'a', image: 'registry.example.com/a:1' }],
      volumes: [{ name: 'h', hostPath: { path: '/var/lib/kubelet' } }],
    },
  })
  const asMember = ['--as=ann', '--as-group=sre', '--as-group=system:authenticated']
  const asOther = ['--as=joe', '--as-group=developers', '--as-group=system:authenticated']

  test('lets a member with a reason pass, loudly, and nobody else', async () => {
    const folder = join(plane.directory, 'exceptions')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'emergency.yaml'), BREAK_GLASS)
    await behind(['--exceptions', folder], async gateway => {
      const broken = await create(pod({ [REASON]: 'INC-7 volumes hang' }), ...asMember)
      process.stdout.write(broken.stderr)
      expect(broken.code, broken.stderr).toBe(0)
      expect(broken.stderr).toContain('Warning: ')
      expect(broken.stderr).toContain('INC-7 volumes hang')
      const refusals = [
        await create(pod({}), ...asMember),
        await create(pod({ [REASON]: ' ' }), ...asMember),
        await create(pod({ [REASON]: 'INC-7' }), ...asOther),
      ]
      expect(refusals.map(({ code }) => code)).toEqual([1, 1, 1])
      // Only who has the right is told how.
      expect(refusals.map(({ stderr }) => stderr.includes('break-glass'))).toEqual([true, true, false])
      expect(await gateway.metrics()).toContain(
        'portcullis_break_glass_total{policy="host-path",exception="emergency"} 1',
      )
      expect(gateway.log()).toContain('INC-7 volumes hang')
    })
  })

  test('lends its right to nobody who updates the pod afterwards', async () => {
    const folder = join(plane.directory, 'exceptions')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'emergency.yaml'), BREAK_GLASS)
    await behind(['--exceptions', folder], async () => {
      const created = await plane.kubectl(['create', ...asMember, '-f', '-'], {
        input: pod({ [REASON]: 'INC-7 volumes hang' }),
      })
      expect(created.code, created.stderr).toBe(0)
      const change = (...args: readonly string[]) => plane.kubectl([...args, '-n', 'shop', ...asOther])
      const image = await change('set', 'image', 'pod/rescue', 'a=evil.example.com/a:1')
      expect(image.code).toBe(1)
      expect(image.stderr).toContain('the exception emergency may have let in what is there already')
      const steps = [
        await change('annotate', 'pod', 'rescue', `${REASON}-`),
        await change('annotate', 'pod', 'rescue', 'tier=back'),
        await change('label', 'pod', 'rescue', 'tier=back'),
        await change('delete', 'pod', 'rescue', '--now', '--wait=false'),
      ]
      expect(steps.map(({ code }) => code)).toEqual([1, 0, 0, 0])
    })
  })
})
