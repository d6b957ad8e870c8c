import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dig, type JsonObject } from '../../src/json/value.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { applyDefinitions } from './support/controller.ts'

let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane()
  await createNamespace(plane, 'portcullis-system')
  await applyDefinitions(plane)
})

afterAll(() => plane?.stop())

const apply = (object: unknown) => plane.kubectl(['apply', '-f', '-'], { input: object })
const document = (kind: string, spec: object, name = 'a') => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind,
  metadata: { name, ...(kind === 'PolicyException' && { namespace: 'portcullis-system' }) },
  spec,
})

test('the server calls no schema of them non-structural', async () => {
  const { stdout } = await plane.kubectl(['get', 'crd', '-o', 'json'])
  expect(stdout).not.toContain('NonStructuralSchema"')
})

describe('every document that ships', () => {
  const files = ['policies', 'policies/exceptions', 'examples/injections'].flatMap(folder =>
    readdirSync(folder)
      .filter(name => name.endsWith('.yaml'))
      .map(name => join(folder, name)),
  )

  test.each(files)('%s is taken, and comes back whole', async file => {
    const { documents } = parseYaml(readFileSync(file, 'utf8'))
    for (const { value } of documents) {
      const object = value as JsonObject
      expect(await apply(object)).toMatchObject({ code: 0, stderr: '' })
      const name = String(dig(object, 'metadata', 'name'))
      const { stdout } = await plane.kubectl([
        'get',
        String(object['kind']),
        name,
        '-n',
        'portcullis-system',
        '-o',
        'json',
      ])
      expect((JSON.parse(stdout) as JsonObject)['spec']).toEqual(object['spec'])
    }
  })
})

test('a field of a container that does not exist yet is stored, and comes back', async () => {
  const container = {
    name: 'side',
    image: 'side:1',
    tomorrow: { deep: [{ er: 1 }] },
    resources: { claims: [{ name: 'x', request: 'y' }] },
  }
  const spec = {
    trigger: { always: true },
    containers: [container],
    volumes: [{ name: 'v', tomorrow: { x: 1 } }],
    volumeMounts: [{ name: 'v', mountPath: '/v', recursiveReadOnly: 'Enabled' }],
    env: [{ name: 'A', valueFrom: { fileKeyRef: { path: 'x' } } }],
  }
  expect(await apply(document('SidecarInjection', spec, 'future'))).toMatchObject({ code: 0 })
  const { stdout } = await plane.kubectl(['get', 'sidecarinjection', 'future', '-o', 'json'])
  expect((JSON.parse(stdout) as JsonObject)['spec']).toEqual(spec)
  const params = { owners: [{ group: 'a', kind: 'B', resource: 'bs', selector: '/s' }] }
  const policy = { validationActions: ['Audit'], checks: [{ check: 'pod-adoption', params }] }
  expect(await apply(document('Policy', policy, 'params'))).toMatchObject({ code: 0 })
  const read = await plane.kubectl(['get', 'policies.portcullis.dev', 'params', '-o', 'json'])
  expect((JSON.parse(read.stdout) as JsonObject)['spec']).toEqual(policy)
})

describe('what no gateway would take is refused at once, in words', () => {
  test.each<[string, string, object, string]>([
    [
      'an unknown action',
      'Policy',
      { validationActions: ['Block'], checks: [{ check: 'x' }] },
      'supported values: "Deny", "Warn", "Audit"',
    ],
    [
      'Deny and Warn',
      'Policy',
      { validationActions: ['Deny', 'Warn'], checks: [{ check: 'x' }] },
      'a denial would say everything twice',
    ],
    ['no check', 'Policy', { validationActions: ['Deny'], checks: [] }, 'should have at least 1 items'],
    [
      'an unknown field',
      'Policy',
      { validationActions: ['Deny'], checks: [{ check: 'x' }], actions: [] },
      'unknown field "spec.actions"',
    ],
    [
      'CEL',
      'Policy',
      { validationActions: ['Deny'], checks: [{ check: 'x' }], validations: [{ expression: 'true' }] },
      'must have at most 0 items',
    ],
    [
      'two triggers',
      'SidecarInjection',
      { trigger: { always: true, annotation: 'a/b' } },
      'must have either an annotation or always: true',
    ],
    ['no reason', 'PolicyException', { policies: ['a'], reason: ' ' }, 'must say why the exception is granted'],
    [
      'a date that is none',
      'PolicyException',
      { policies: ['a'], reason: 'x', expires: 'tomorrow' },
      'must be of type date-time',
    ],
    [
      'a container without a name',
      'SidecarInjection',
      { trigger: { always: true }, containers: [{ image: 'x' }] },
      'spec.containers[0].name: Required value',
    ],
  ])('%s', async (_what, kind, spec, message) => {
    const { code, stderr } = await apply(document(kind, spec, 'bad'))
    expect(code).toBe(1)
    expect(stderr).toContain(message)
  })
})

test('kubectl get shows what matters at a glance', async () => {
  await apply(
    document('PolicyException', { policies: ['host-path'], reason: 'backup', expires: '2999-01-01T00:00:00Z' }, 'seen'),
  )
  const { stdout } = await plane.kubectl(['get', 'portcullis', '-A'])
  expect(stdout).toMatch(/host-path +\["Deny"\] +host-path/)
  expect(stdout).toMatch(/seen +\["host-path"\] +.*backup/)
})
