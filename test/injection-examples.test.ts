import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dump } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { requestOfManifest } from '../src/admission/manifest.ts'
import { CHECKS } from '../src/checks/index.ts'
import { digest, readDocuments, SHIPPED_POLICIES } from '../src/cli/documents.ts'
import { readNamespaces } from '../src/cli/namespaces.ts'
import { loadInjections } from '../src/injection/set.ts'
import { applyPatch } from '../src/json/patch.ts'
import type { JsonObject } from '../src/json/value.ts'
import { namespaceLabelsOf } from '../src/policy/match.ts'
import { loadSet } from '../src/policy/set.ts'
import { inject } from '../src/review/inject.ts'
import { parseYaml } from '../src/yaml/parse.ts'
import { subjectFacts } from './support/engine.ts'

const FOLDER = fileURLToPath(new URL('../examples/injections', import.meta.url))
const PODS = join(FOLDER, 'pods')
const names = readdirSync(FOLDER)
  .filter(file => file.endsWith('.yaml'))
  .map(file => basename(file, '.yaml'))

async function injected(name: string): Promise<{ readonly text: string; readonly warnings: readonly string[] }> {
  const folder = await readDocuments([{ path: FOLDER, kinds: ['SidecarInjection'] }])
  const { set: injections, problems, warnings } = loadInjections(folder, { excludedNamespaces: [], digest })
  expect([...problems, ...warnings]).toEqual([])
  const policies = await readDocuments([{ path: SHIPPED_POLICIES, kinds: ['Policy'] }])
  const { set } = loadSet(policies, { checks: CHECKS, excludedNamespaces: [], digest })
  const { table } = await readNamespaces(join(PODS, 'namespaces.yaml'))
  const [document] = parseYaml(readFileSync(join(PODS, `${name}.yaml`), 'utf8')).documents
  const pod = document?.value as JsonObject
  const request = requestOfManifest(pod, {
    uid: '',
    operation: 'CREATE',
    defaultNamespace: 'default',
    subResource: '',
    userInfo: undefined,
    dryRun: false,
    oldObject: null,
  })
  if (request === undefined) throw new Error(`${name} is no object`)
  const { answer } = inject(request, {
    injections,
    set,
    namespaceLabels: namespaceLabelsOf(table),
    facts: subjectFacts(),
  })
  if (answer.kind !== 'patched') throw new Error(`${name}: ${answer.kind}`)
  const patched = applyPatch(pod, answer.patch)
  if (!patched.ok) throw new Error(patched.message)
  return { text: dump(patched.document, { lineWidth: 120, noRefs: true }), warnings: answer.warnings }
}

describe('the injections of examples/', () => {
  test('there are some', () => {
    expect(names.length).toBeGreaterThanOrEqual(3)
  })

  test.each(names)('%s leads to the pod beside it', async name => {
    const { text, warnings } = await injected(name)
    expect(warnings).toEqual([])
    const file = join(PODS, `${name}.injected.yaml`)
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text)
    expect(text).toBe(readFileSync(file, 'utf8'))
  })
})
