import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dig, getString, type JsonObject } from '../../src/json/value.ts'
import { objectsOf } from '../support/monitoring.ts'
import { runCommand, runTool } from './support/commands.ts'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'

const CHART = 'charts/portcullis'
const VALUES = 'test/data/chart/values'
const GOLDEN = 'test/data/chart/golden'
const SETS = readdirSync(VALUES).map(file => file.replace('.yaml', ''))
/** A namespace that no policy leaves out, so that policy-lint looks at what runs there. */
const NAMESPACE = 'security'
/** What other projects define. */
const FOREIGN = /^(?:cert-manager\.io|monitoring\.coreos\.com)\//

let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane()
  for (const name of [NAMESPACE, 'portcullis-probe']) await createNamespace(plane, name)
  // A dry run keeps nothing, and a pod needs its account.
  const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`
  await plane.request('POST', accounts, { metadata: { name: 'portcullis-controller' } })
})

afterAll(() => plane?.stop())

async function render(helm: 'helm3' | 'helm4', set: string, ...args: readonly string[]): Promise<string> {
  const values = ['-f', join(VALUES, `${set}.yaml`)]
  const rendered = await runTool(helm, ['template', 'portcullis', CHART, '-n', NAMESPACE, ...values, ...args])
  expect(rendered.code, rendered.stderr).toBe(0)
  // Where a template leaves something out the versions leave different blanks behind.
  return rendered.stdout.replace(/^ +$/gm, '').replace(/\n{2,}/g, '\n')
}

test.each(['helm3', 'helm4'] as const)('%s finds nothing wrong with the chart', async helm => {
  const { code, stdout } = await runTool(helm, ['lint', '--strict', CHART])
  expect(code, stdout).toBe(0)
})

describe.each(SETS)('the chart with the values %s', set => {
  // UPDATE_GOLDEN=1 writes them anew.
  test('renders what it rendered before, by helm 3 and helm 4 alike', async () => {
    const options = ['--set', 'crds.install=false,uninstaller=always']
    const rendered = await render('helm3', set, ...options)
    expect(await render('helm4', set, ...options)).toBe(rendered)
    const file = join(GOLDEN, `${set}.yaml`)
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, rendered)
    expect(existsSync(file), `${file} is not there`).toBe(true)
    expect(rendered).toBe(readFileSync(file, 'utf8'))
  })

  test('passes every policy that we ship, the restricted Pod Security Standard included', async () => {
    const { code, stdout } = await runCommand('policy-lint', ['-'], process.cwd(), {
      input: await render('helm3', set, '--set', 'uninstaller=always'),
    })
    expect(code, stdout).toBe(0)
    expect(stdout).toMatch(/no findings, 0 skipped, 0 errors/)
  })

  test('is taken by a real API server, every field of it', async () => {
    const own = objectsOf(await render('helm3', set, '--set', 'uninstaller=always')).filter(
      object => !FOREIGN.test(getString(object, 'apiVersion') ?? ''),
    )
    expect(own.length).toBeGreaterThan(15)
    for (const object of own) {
      const { code, stderr } = await plane.kubectl(
        ['apply', '--dry-run=server', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-'],
        { input: object },
      )
      expect(`${code} ${stderr}`.trim(), JSON.stringify(dig(object, 'metadata', 'name'))).toBe('0')
    }
  })
})

test('a value that means nothing is refused by its name, and require without a CA too', async () => {
  const refused = async (...values: readonly string[]) => {
    const args = values.flatMap(value => ['--set', value])
    const { code, stderr } = await runTool('helm3', ['template', 'portcullis', CHART, ...args])
    expect(code).not.toBe(0)
    return stderr
  }
  expect(await refused('mode=enforced')).toContain("at '/mode': value must be one of 'observe', 'enforce'")
  expect(await refused('gateway.replica=2')).toContain("additional properties 'replica' not allowed")
  expect(await refused('clientAuth.mode=require')).toContain("at '/clientAuth/caSecret'")
  for (const ratio of ['1.5', '-1', 'half'])
    expect(await refused(`traces.ratio=${ratio}`)).toContain("at '/traces/ratio'")
  expect(await refused('certificates.certManager.issuerRef.kind=ClusterIssuer')).toContain("missing property 'name'")
  const component = 'app\\.kubernetes\\.io/component'
  for (const part of ['gateway', 'controller'])
    expect(await refused(`${part}.podLabels.${component}=x`)).toContain(`at '/${part}/podLabels/`)
  expect(await refused('webhookTimeoutSeconds=10')).toContain("at '/webhookTimeoutSeconds'")
})

test('the definitions are those of the files, with the labels of the release, and stay unless told otherwise', async () => {
  const definitions = (text: string) =>
    objectsOf(text).filter(({ kind }) => kind === 'CustomResourceDefinition') as readonly JsonObject[]
  const rendered = definitions(await render('helm3', 'default'))
  const files = readdirSync(join(CHART, 'files/crds')).flatMap(file =>
    objectsOf(readFileSync(join(CHART, 'files/crds', file), 'utf8')),
  )
  expect(rendered.map(({ spec }) => spec)).toEqual(files.map(({ spec }) => spec))
  const policyOf = (object: JsonObject) => dig(object, 'metadata', 'annotations', 'helm.sh/resource-policy')
  expect(rendered.map(policyOf)).toEqual(Array(4).fill('keep'))
  expect(definitions(await render('helm3', 'placed')).map(policyOf)).toEqual(Array(4).fill(undefined))
})

test('what helm template prints holds no uninstaller, which would run when it is applied', async () => {
  const jobs = (text: string) => objectsOf(text).filter(({ kind }) => kind === 'Job')
  expect(jobs(await render('helm3', 'default'))).toEqual([])
  expect(jobs(await render('helm4', 'default'))).toEqual([])
  expect(jobs(await render('helm3', 'default', '--set', 'uninstaller=always'))).toHaveLength(1)
})
