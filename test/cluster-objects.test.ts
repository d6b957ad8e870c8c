import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AdmissionRequest } from '../src/admission/request.ts'
import { CHECKS } from '../src/checks/index.ts'
import {
  digest,
  documentSources,
  readDocuments,
  SHIPPED_POLICIES,
  shippedExceptionNames,
} from '../src/cli/documents.ts'
import { policyLint } from '../src/cli/policy-lint.ts'
import { defaultExcludedNamespaces } from '../src/cli/shared-options.ts'
import { parsePointer } from '../src/json/pointer.ts'
import { dig, getList, getString, isObject, type JsonObject } from '../src/json/value.ts'
import { objectsOf } from '../src/lint/objects.ts'
import { loadSet, type PolicySet } from '../src/policy/set.ts'
import { parseYaml } from '../src/yaml/parse.ts'
import { json, judge, requestFor } from './support/engine.ts'
import { testIo } from './support/io.ts'

/*
A fresh cluster's own objects: what nobody who installs the gateway may find refused. Holds for every policy that ships,
and for every file that is added to the folder.
*/
const FOLDER = 'test/data/cluster'
const DEFAULT_EXCEPTION = 'k3s-local-path'
const FILES = readdirSync(FOLDER).filter(file => file.endsWith('.yaml'))
const SHIPPED = await shippedExceptionNames()
/** Namespaces that hold nothing here: everything is judged. */
const NOWHERE = 'kube-public'

/** The exception that is called like a file, where there is one. */
const exceptionOf = (file: string) => SHIPPED.filter(name => name === basename(file, '.yaml'))

async function lint(file: string, ...options: readonly string[]) {
  const test = testIo()
  const code = await policyLint.run(['--format=json', ...options, join(FOLDER, file)], test.io)
  const report = JSON.parse(test.out()) as {
    readonly summary: { readonly objects: number }
    readonly findings: readonly { readonly action: string; readonly message: string }[]
    readonly exempt: readonly { readonly exception: string }[]
  }
  const denials = report.findings.filter(({ action }) => action === 'Deny').map(({ message }) => message)
  return { code, denials, report, stderr: test.err() }
}

/** The shipped policies with these exceptions. */
async function shippedSet(exceptions: readonly string[], excludedNamespaces: readonly string[]): Promise<PolicySet> {
  const options = { policies: SHIPPED_POLICIES, exceptions: undefined, 'enable-exception': exceptions }
  const loaded = loadSet(await readDocuments(documentSources(options)), { checks: CHECKS, excludedNamespaces, digest })
  expect([...loaded.problems, ...loaded.warnings]).toEqual([])
  return loaded.set
}

function objectsIn(file: string): readonly JsonObject[] {
  const { documents, problems } = parseYaml(readFileSync(join(FOLDER, file), 'utf8'))
  expect(problems).toEqual([])
  return documents.flatMap(({ value }) => objectsOf(value).objects.map(object => object.value))
}

/** The request that brings an object: a mirror pod comes from its own node. */
function requestOf(object: JsonObject): AdmissionRequest {
  const node = getString(dig(object, 'spec'), 'nodeName')
  const isMirror = dig(object, 'metadata', 'annotations', 'kubernetes.io/config.mirror') !== undefined
  const groups = isMirror ? ['system:nodes'] : ['kubeadm:cluster-admins']
  const username = isMirror ? `system:node:${node}` : 'kubernetes-admin'
  return requestFor(object, { userInfo: { username, uid: '', groups: [...groups, 'system:authenticated'] } })
}

describe('nothing that ships refuses a fresh cluster', () => {
  it('of which these are the parts', () => {
    expect(FILES).toEqual(
      expect.arrayContaining([
        'kubeadm-static-pods.yaml',
        'kubeadm-mirror-pods.yaml',
        'coredns.yaml',
        'kube-proxy.yaml',
      ]),
    )
    for (const file of FILES) expect(objectsIn(file).length, file).toBeGreaterThan(0)
  })

  it.each(FILES)('%s, as a file', async file => {
    const names = [...new Set([DEFAULT_EXCEPTION, ...exceptionOf(file)])]
    const { code, denials, report, stderr } = await lint(file, `--enable-exception=${names.join(',')}`)
    expect(denials).toEqual([])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(report.summary.objects).toBe(objectsIn(file).length)
  })

  it.each(FILES)('%s, as a request', async file => {
    const set = await shippedSet([...new Set([DEFAULT_EXCEPTION, ...exceptionOf(file)])], defaultExcludedNamespaces({}))
    for (const object of objectsIn(file)) {
      const { allowed, denials, errors } = judge(set, requestOf(object))
      expect({ allowed, denials, errors }).toEqual({ allowed: true, denials: [], errors: [] })
    }
  })

  it('also where kube-system is judged: a mirror pod that its own node reports passes', async () => {
    const set = await shippedSet([], [NOWHERE])
    const pods = objectsIn('kubeadm-mirror-pods.yaml')
    for (const pod of pods) expect(judge(set, requestOf(pod)).allowed).toBe(true)
    const stranger = { username: 'system:node:other', uid: '', groups: ['system:nodes'] }
    expect(pods.map(pod => judge(set, requestFor(pod, { userInfo: stranger })).allowed)).not.toContain(true)
  })
})

describe('each exception that ships', () => {
  it.each(SHIPPED)('%s has a file here, which is refused without it and passes with it', async name => {
    const without = await lint(`${name}.yaml`, '--enable-exception=none', `--exclude-namespaces=${NOWHERE}`)
    expect(without.denials.length).toBeGreaterThan(0)
    expect(without.code).toBe(1)
    const { code, denials, report } = await lint(
      `${name}.yaml`,
      `--enable-exception=${name}`,
      `--exclude-namespaces=${NOWHERE}`,
    )
    expect(denials).toEqual([])
    expect(code).toBe(0)
    expect(report.exempt.length).toBeGreaterThanOrEqual(without.denials.length)
    for (const { exception } of report.exempt) expect(exception.startsWith(name)).toBe(true)
  })

  it.each(SHIPPED)('%s needs every document and path that it has, or says why in its file', async name => {
    const set = await shippedSet([name], [NOWHERE])
    const used = new Set(
      objectsIn(`${name}.yaml`).flatMap(object =>
        judge(set, requestOf(object)).exempt.map(({ exception }) => exception),
      ),
    )
    expect([...used].sort()).toEqual(set.exceptions.map(exception => exception.name).sort())
    const text = readFileSync(join(SHIPPED_POLICIES, 'exceptions', `${name}.yaml`), 'utf8')
    if (name !== DEFAULT_EXCEPTION)
      for (const word of ['# Component:', '# Why:', '# What remains open:']) expect(text).toContain(word)
  })

  it.each(SHIPPED)('%s lets no near miss pass', async name => {
    const set = await shippedSet([name], [NOWHERE])
    let misses = 0
    for (const object of objectsIn(`${name}.yaml`)) {
      const pointers = judge(set, requestOf(object)).exempt.map(({ finding }) => finding.pointer)
      if (pointers.length === 0) continue
      for (const [what, miss] of nearMisses(object, pointers)) {
        expect(judge(set, requestOf(miss)).allowed, `${name}: ${what}`).toBe(false)
        misses++
      }
    }
    expect(misses).toBeGreaterThan(2)
  })
})

/** The object as somebody else might write it: in another place, of another name, with another path or container. */
function* nearMisses(object: JsonObject, pointers: readonly string[]): Generator<[what: string, miss: JsonObject]> {
  const isNamespaced = dig(object, 'metadata', 'namespace') !== undefined
  if (isNamespaced) {
    yield ['another namespace', changed(object, ['metadata', 'namespace'], 'elsewhere')]
    yield ['another name', changed(object, ['metadata', 'name'], 'stranger')]
  } else {
    const path = dig(object, 'spec', 'local', 'path') ?? dig(object, 'spec', 'hostPath', 'path') ?? null
    const volumes = [{ name: 'data', hostPath: { path } }]
    yield [
      'another kind',
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ name: 'x' }], volumes } },
    ]
  }
  for (const pointer of pointers) {
    const path = parsePointer(pointer) ?? []
    if (path.at(-1) !== 'path') continue
    for (const other of ['/root', '/etc/shadow', '/var/lib', '/var/lib/rancher/k3s/server'])
      yield [`${other} at ${pointer}`, changed(object, path, other)]
  }
  const spec = getString(object, 'kind') === 'Pod' ? ['spec'] : ['spec', 'template', 'spec']
  for (const list of ['containers', 'initContainers']) {
    for (const [index, container] of getList(dig(object, ...spec), list).entries()) {
      if (!mountsOneOf(object, spec, container, pointers)) continue
      yield [`another container at ${list}/${index}`, changed(object, [...spec, list, index, 'name'], 'stranger')]
      yield [`another image at ${list}/${index}`, changed(object, [...spec, list, index, 'image'], 'docker.io/x/y:1')]
      // Beside the component's own, a container that mounts what it mounts.
      const copy = { ...(container as JsonObject), name: 'stranger' }
      const containers = [...getList(dig(object, ...spec), 'containers'), copy]
      yield [`a container beside ${list}/${index}`, changed(object, [...spec, 'containers'], containers)]
    }
  }
}

/** Whether a container mounts a volume that would be refused. */
function mountsOneOf(
  object: JsonObject,
  spec: readonly string[],
  container: unknown,
  pointers: readonly string[],
): boolean {
  if (!isObject(container)) return false
  const refused = getList(dig(object, ...spec), 'volumes').filter((_, index) =>
    pointers.includes(`/${[...spec, 'volumes', index, 'hostPath', 'path'].join('/')}`),
  )
  const names = refused.map(volume => getString(volume, 'name'))
  return getList(container, 'volumeMounts').some(mount => names.includes(getString(mount, 'name')))
}

/** A copy in which one value is another. */
function changed(object: JsonObject, path: readonly (string | number)[], value: unknown): JsonObject {
  const copy = structuredClone(object) as Record<string, unknown>
  let at = copy as Record<string | number, unknown>
  for (const segment of path.slice(0, -1)) at = at[segment] as Record<string | number, unknown>
  at[path.at(-1) ?? ''] = value
  return json(copy)
}
