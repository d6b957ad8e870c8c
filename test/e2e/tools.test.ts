import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runTool } from './support/commands.ts'

test.each([
  ['helm3', 'helm.sh/helm/v3', ['version', '--template', '{{.Version}}']],
  ['helm4', 'helm.sh/helm/v4', ['version', '--template', '{{.Version}}']],
  ['promtool', 'github.com/prometheus/prometheus', ['--version']],
  ['kwok', 'sigs.k8s.io/kwok', ['--version']],
  ['kubectl-reader', 'k8s.io/cli-runtime', ['--version']],
] as const)('%s is the version that its go.mod pins', async (tool, module, args) => {
  const [, version] =
    new RegExp(`^\\s*(?:require )?${module} (v\\S+)`, 'm').exec(readFileSync(`test/tools/${tool}/go.mod`, 'utf8')) ?? []
  expect(version).toMatch(/^v\d+\.\d+\.\d+$/)
  const { code, stdout, stderr } = await runTool(tool, args)
  expect(code, stderr).toBe(0)
  // Not as a part of another number.
  expect(` ${stdout} `).toMatch(new RegExp(`\\s${version?.replaceAll('.', '\\.')}\\s`))
})
