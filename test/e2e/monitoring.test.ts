import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ALERTS, DASHBOARD, queriesOf } from '../support/monitoring.ts'
import { runTool } from './support/commands.ts'
import { removeAtEnd } from './support/reaper.ts'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'portcullis-promtool-'))
  removeAtEnd(made)
  return made
}

test('every alert fires for what it is about and stays silent otherwise, by promtool', async () => {
  const directory = folder()
  writeFileSync(join(directory, 'alerts.yaml'), readFileSync(ALERTS))
  writeFileSync(join(directory, 'tests.yaml'), readFileSync('test/data/alerts/tests.yaml'))
  const { code, stdout, stderr } = await runTool('promtool', ['test', 'rules', join(directory, 'tests.yaml')])
  expect(code, stdout + stderr).toBe(0)
  const tested = readFileSync('test/data/alerts/tests.yaml', 'utf8')
  for (const [, alert = ''] of readFileSync(ALERTS, 'utf8').matchAll(/alert: (\w+)/g))
    expect(tested).toContain(`alertname: ${alert}\n`)
})

test('every query of the dashboard is one that Prometheus parses', async () => {
  const queries = queriesOf(readFileSync(DASHBOARD, 'utf8'))
  expect(queries.length).toBeGreaterThan(25)
  const rules = queries.map(([, expr], index) => ({ record: `query_${index}`, expr }))
  const file = join(folder(), 'queries.yaml')
  // JSON is YAML too.
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  const { code, stdout, stderr } = await runTool('promtool', ['check', 'rules', file])
  expect(code, stdout + stderr).toBe(0)
  expect(stdout).toContain(`${queries.length} rules found`)
})
