import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { digest, readDocuments } from '../../src/cli/documents.ts'
import { type LoadedInjections, loadInjections } from '../../src/injection/set.ts'
import { describeProblem } from '../../src/policy/problems.ts'
import { json } from '../support/engine.ts'
import { injectionSet, injectionSetOf, plan } from '../support/injection.ts'
import { plainPod } from '../support/reviews.ts'

const HEAD =
  'apiVersion: portcullis.dev/v1alpha1\nkind: SidecarInjection\nmetadata: {name: a}\nspec:\n  trigger: {always: true}\n'

describe('templates', () => {
  test('injection 37: nothing is rendered for a pod that does not ask, whatever rendering would do', () => {
    const { injections, ...rest } = injectionSet({
      asked: { trigger: { annotation: 'inject' }, labels: { team: 'x' } },
      labelled: { matchConstraints: { objectSelector: { matchLabels: { app: 'x' } } }, labels: { team: 'x' } },
      elsewhere: {
        matchConstraints: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'cart' } } },
        labels: { team: 'x' },
      },
      job: { jobs: 'Never', labels: { team: 'x' } },
    })
    const render = () => {
      throw new Error('rendered')
    }
    const set = { ...rest, injections: injections.map(injection => ({ ...injection, render })) }
    const pod = { ...plainPod(), spec: { restartPolicy: 'Never', containers: [{ name: 'app' }] } }
    expect(plan(json(pod), set)).toMatchObject({
      operations: [],
      results: { asked: 'not-triggered', labelled: 'other-labels', elsewhere: 'other-namespace', job: 'job-pod' },
    })
  })

  test('injection 37: a template that this version cannot render is refused when it is loaded', () => {
    expect(() => injectionSet({ a: { env: [{ name: 'A', value: `x\${{ object.metadata.name }}` }] } })).toThrow(
      `/spec/env/0/value: "\${{ … }}" is not supported yet: this version evaluates no CEL`,
    )
  })
})

test('injection 38: what looks like YAML stays one string, in any slot', () => {
  const hostile = 'x"\n      securityContext:\n        privileged: true'
  const pod = json(plainPod({ labels: { odd: hostile }, annotations: { odd: hostile } }))
  const slots = { args: [hostile], command: [hostile], workingDir: hostile, env: [{ name: 'A', value: hostile }] }
  const set = injectionSet({
    a: { annotations: { b: hostile }, containers: [{ name: 's', image: hostile, ...slots }] },
  })
  const { pod: patched } = plan(pod, set)
  expect(patched['metadata']).toMatchObject({ labels: { odd: hostile }, annotations: { odd: hostile, b: hostile } })
  expect(patched['spec']).toMatchObject({ containers: [{ name: 'app' }, { name: 's', image: hostile, ...slots }] })
  expect(JSON.stringify(patched)).not.toContain('"securityContext"')
})

test('injection 39: what is quoted stays a string, however it reads', () => {
  const values = ['0123', '1e3', 'yes', 'null', 'true', '~', '0x1f', '1_000', '.inf', '2026-01-01', '']
  const env = values.map((value, index) => ({ name: `E${index}`, value }))
  const lines = env.map(({ name, value }) => `    - {name: ${name}, value: "${value}"}`).join('\n')
  const set = injectionSetOf(`${HEAD}  env:\n${lines}\n  labels: {a: '0123', b: "1e3", c: 'yes', d: "null"}\n`)
  const { pod } = plan(json(plainPod()), set)
  expect(pod['spec']).toMatchObject({ containers: [{ env }] })
  expect(pod['metadata']).toMatchObject({ labels: { a: '0123', b: '1e3', c: 'yes', d: 'null' } })
})

describe('YAML as Kubernetes reads it', () => {
  test('injection 40: 0644 is 420', () => {
    const set = injectionSetOf(`${HEAD}  volumes:\n    - {name: v, configMap: {name: c, defaultMode: 0644}}\n`)
    expect(plan(json(plainPod()), set).pod['spec']).toMatchObject({ volumes: [{ configMap: { defaultMode: 420 } }] })
  })

  test('injection 40: a label or annotation that is no string, and a field in another case, are refused', () => {
    expect(() => injectionSetOf(`${HEAD}  annotations: {a: yes}\n`)).toThrow(
      '/spec/annotations/a: must be a string, not a boolean',
    )
    expect(() => injectionSetOf(`${HEAD}  labels: {a: 0123}\n`)).toThrow(
      '/spec/labels/a: must be a string, not a number',
    )
    expect(() => injectionSetOf(`${HEAD}  volumeMounts: [{name: v, mountpath: /v}]\n`)).toThrow(
      '/spec/volumeMounts/0/mountPath: required field "mountPath" is missing: a string',
    )
  })
})

describe('files', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-injections-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const load = async (text: string, previous?: LoadedInjections): Promise<LoadedInjections> => {
    writeFileSync(join(folder, 'a.yaml'), text)
    const sources = [{ path: folder, kinds: ['SidecarInjection'] }]
    return loadInjections(await readDocuments(sources), {
      excludedNamespaces: [],
      digest,
      ...(previous && { previous: previous.set }),
    })
  }
  const GOOD = `${HEAD}  labels: {team: x}\n`
  const aliases = (depth: number) =>
    Array.from(
      { length: depth },
      (_, i) =>
        `    k${i}: &a${i} [${Array(10)
          .fill(i === 0 ? 'x' : `*a${i - 1}`)
          .join(', ')}]`,
    )

  test.each([
    ['indented with tabs', GOOD.replace('  labels', '\tlabels')],
    ['an alias bomb', `${HEAD}  annotations:\n${aliases(9).join('\n')}\n`],
    ['half a document', GOOD.slice(0, -4)],
    ['no mapping', '- a\n- b\n'],
    ['null', 'null\n'],
    ['another kind', GOOD.replace('SidecarInjection', 'Policy')],
    ['a misspelt kind', GOOD.replace('SidecarInjection', 'SidecarInjections')],
    ['a second, broken document', `${GOOD.replace('name: a', 'name: b')}---\nspec: [\n`],
  ])('injection 44: %s is refused, and the last good one kept', async (_, text) => {
    const good = await load(GOOD)
    expect(good.problems).toEqual([])
    const { set, problems, stale } = await load(text, good)
    expect(problems.length).toBeGreaterThan(0)
    for (const problem of problems) expect(describeProblem(problem)).toMatch(/a\.yaml:\d+:\d+: ./)
    expect(stale).toEqual(['SidecarInjection/a'])
    expect(set.injections.find(({ name }) => name === 'a')).toEqual(good.set.injections[0])
    // At the start there is no good one: the problem is all there is.
    expect((await load(text)).set.injections.map(({ name }) => name)).not.toContain('a')
  })

  test.each([
    ['empty', ''],
    ['only comments', '# nothing\n\n# here\n'],
    ['an empty document', '---\n---\n'],
  ])('injection 44: a file that is %s holds no injection: what was in it is gone', async (_, text) => {
    const { set, problems, stale } = await load(text, await load(GOOD))
    expect({ injections: set.injections, problems, stale }).toEqual({ injections: [], problems: [], stale: [] })
  })

  test.each([
    ['CRLF', GOOD.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${GOOD}`],
    ['anchors', `${HEAD}  annotations: {a: &x x, b: *x}\n  labels: {team: *x}\n`],
  ])('injection 44: %s is read', async (_, text) => {
    const { set, problems } = await load(text)
    expect(problems).toEqual([])
    expect(plan(json(plainPod()), set).pod['metadata']).toMatchObject({ labels: { team: 'x' } })
  })
})
