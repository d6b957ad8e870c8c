import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { createAuditMetrics } from '../../src/controller/audit/metrics.ts'
import { createCertificateMetrics } from '../../src/controller/certificates/metrics.ts'
import { createClientAuthMetrics } from '../../src/controller/client-auth/task.ts'
import { createControllerMetrics, createRoundMetrics } from '../../src/controller/metrics.ts'
import { createPodMetrics } from '../../src/controller/pods/metrics.ts'
import { createRegistrationMetrics } from '../../src/controller/registration/metrics.ts'
import { createRolloutMetrics } from '../../src/controller/rollouts/metrics.ts'

/** Everything that a part of the controller counts. */
const PARTS: readonly ((registry: Registry) => unknown)[] = [
  createControllerMetrics,
  createRoundMetrics,
  createRegistrationMetrics,
  createCertificateMetrics,
  createAuditMetrics,
  createPodMetrics,
  createClientAuthMetrics,
  createRolloutMetrics,
]
const PAGE = fileURLToPath(new URL('../../docs/metrics.md', import.meta.url))

// UPDATE_DOCS=1 writes the rows anew.
it('docs/metrics.md lists each metric of the controller with its type, labels and meaning, in the order of the code', () => {
  const registry = new Registry()
  for (const create of PARTS) create(registry)
  const expected = registry.getMetricsAsArray().map(metric => {
    const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] }
    const shown = labelNames.length === 0 ? '–' : labelNames.map(label => `\`${label}\``).join(', ')
    return `| \`${metric.name}\` | ${metric.constructor.name.toLowerCase()} | ${shown} | ${metric.help} |`
  })
  const page = readFileSync(PAGE, 'utf8')
  if (process.env['UPDATE_DOCS'] === '1') {
    const head = '| metric of the controller | type | labels | meaning |\n|---|---|---|---|\n'
    const at = page.indexOf(head) + head.length
    writeFileSync(PAGE, `${page.slice(0, at)}${expected.join('\n')}${page.slice(page.indexOf('\n\n', at))}`)
  }
  const [, own = ''] = page.split('| metric of the controller')
  const [table = ''] = own.split('\n| metric of')
  const rows = table.split('\n').filter(line => line.startsWith('| `portcullis_'))
  expect(rows).toEqual(expected)
  for (const { name, help } of registry.getMetricsAsArray()) {
    expect(name).toMatch(/^portcullis_[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
    expect(help).toMatch(/^[A-Z0-9].*[^ ]\.$/)
  }
})
