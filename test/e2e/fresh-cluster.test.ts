import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { digest, documentSources, readDocuments } from '../../src/cli/documents.ts'
import { defaultExcludedNamespaces } from '../../src/cli/shared-options.ts'
import { isObject, type JsonObject } from '../../src/json/value.ts'
import { loadSet } from '../../src/policy/set.ts'
import { judge, requestFor } from '../support/engine.ts'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { waitUntil } from './support/processes.ts'
import { createDeployment, podsIn } from './support/workloads.ts'

let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  await createNamespace(plane, 'shop')
  await createDeployment(plane, 'shop')
  await waitUntil('the pod is there', async () => (await podsIn(plane, 'shop')).length > 0)
})

afterAll(() => plane?.stop())

async function get(path: string): Promise<JsonObject> {
  const { status, body } = await plane.request('GET', path)
  return status === 200 ? (JSON.parse(body) as JsonObject) : {}
}

/** Every object that can be listed, in every group and version. */
async function allObjects(): Promise<readonly JsonObject[]> {
  const { groups = [] } = (await get('/apis')) as {
    groups?: readonly { versions: readonly { groupVersion: string }[] }[]
  }
  const versions = ['v1', ...groups.flatMap(group => group.versions.map(({ groupVersion }) => groupVersion))]
  const objects: JsonObject[] = []
  for (const groupVersion of versions) {
    const root = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`
    const { resources = [] } = (await get(root)) as {
      resources?: readonly { name: string; kind: string; verbs: readonly string[] }[]
    }
    for (const { name, kind, verbs } of resources) {
      if (!verbs.includes('list') || name.includes('/')) continue
      const { items = [] } = (await get(`${root}/${name}`)) as { items?: readonly JsonObject[] }
      objects.push(...items.filter(isObject).map(item => ({ ...item, apiVersion: groupVersion, kind })))
    }
  }
  return objects
}

test('nothing that a real control plane makes by itself is refused, warned of or unjudgeable, by any policy that ships', async () => {
  const sources = documentSources({
    policies: undefined,
    exceptions: undefined,
    'enable-exception': ['k3s-local-path'],
  })
  const objects = await allObjects()
  process.stdout.write(`${objects.length} objects of ${new Set(objects.map(({ kind }) => kind)).size} kinds\n`)
  expect(objects.length).toBeGreaterThan(150)
  // As it is installed, and where no namespace is left out.
  for (const excludedNamespaces of [defaultExcludedNamespaces({}), []]) {
    const { set } = loadSet(await readDocuments(sources), { checks: CHECKS, excludedNamespaces, digest })
    for (const object of objects) {
      const { denials, warnings, errors, ignoredErrors } = judge(set, requestFor(object))
      expect({ denials, warnings, errors, ignoredErrors }, JSON.stringify(object)).toEqual({
        denials: [],
        warnings: [],
        errors: [],
        ignoredErrors: [],
      })
    }
  }
})
