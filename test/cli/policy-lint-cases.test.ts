import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { getList, getString, type Json, type JsonObject } from '../../src/json/value.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import { runLint } from '../lint/harness.ts'

const [document] = parseYaml(readFileSync(new URL('../data/host-path-cases.yaml', import.meta.url), 'utf8')).documents
const table = document?.value

const TEMPLATE_KINDS: readonly (readonly [string, string])[] = [
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
  ['apps/v1', 'DaemonSet'],
  ['apps/v1', 'ReplicaSet'],
  ['batch/v1', 'Job'],
  ['v1', 'ReplicationController'],
]

interface Case {
  readonly name: string
  readonly verdict: 'deny' | 'allow'
  readonly manifests: readonly JsonObject[]
}

const metadata = { name: 'x', namespace: 'shop' }

/** A volume wherever a pod spec can stand. */
function podsWith(volume: JsonObject): readonly JsonObject[] {
  const volumes = [{ name: 'v', ...volume }]
  const containers = [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }] }]
  const spec = { containers, volumes }
  return [
    { apiVersion: 'v1', kind: 'Pod', metadata, spec },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...spec, containers: [] } },
    ...TEMPLATE_KINDS.map(([apiVersion, kind]) => ({ apiVersion, kind, metadata, spec: { template: { spec } } })),
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata,
      spec: { jobTemplate: { spec: { template: { spec } } } },
    },
    { apiVersion: 'v1', kind: 'PodTemplate', metadata, template: { spec } },
  ]
}

function volumesAt(path: string): readonly JsonObject[] {
  return ['hostPath', 'local'].map(source => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'x' },
    spec: { [source]: { path } },
  }))
}

function pathCases(verdict: Case['verdict']): readonly Case[] {
  return getList(table, verdict).map((entry): Case => {
    const path = getString(entry, 'path') ?? 'missing'
    const name = `${getString(entry, 'id')} ${verdict} ${JSON.stringify(path)}`
    return { name, verdict, manifests: [...podsWith({ hostPath: { path } }), ...volumesAt(path)] }
  })
}

function sourceCases(list: string, verdict: Case['verdict']): readonly Case[] {
  return getList(table, list).map((source: Json): Case => {
    return { name: `${verdict} source ${String(source)}`, verdict, manifests: podsWith({ [String(source)]: {} }) }
  })
}

const cases: readonly Case[] = [
  ...pathCases('deny'),
  ...pathCases('allow'),
  ...sourceCases('never_denied_sources', 'allow'),
  ...sourceCases('denied_sources', 'deny'),
]

describe('policy-lint gives each acceptance case of host-path its verdict', () => {
  /** By case, how many of its manifests were denied. */
  const denied = new Map<string, Set<number>>()

  // One run for all: every manifest is a line of one stream, and tells by its line which case it belongs to.
  beforeAll(async () => {
    const owners = cases.flatMap(({ name, manifests }) => manifests.map((_, index) => ({ name, index })))
    const lines = cases.flatMap(({ manifests }) => manifests.map(manifest => JSON.stringify(manifest)))
    const { stdout, stderr } = await runLint(['--format=json', '-'], { stdin: lines.join('\n---\n') })
    const report = JSON.parse(stdout) as {
      summary: { objects: number; errors: number; skipped: number }
      findings: { line: number; action: string }[]
    }
    expect({ ...report.summary, stderr }).toMatchObject({ objects: lines.length, errors: 0, skipped: 0, stderr: '' })
    for (const { line, action } of report.findings) {
      const owner = owners[(line - 1) / 2]
      if (owner === undefined || action !== 'Deny') continue
      denied.set(owner.name, (denied.get(owner.name) ?? new Set()).add(owner.index))
    }
  })

  it('has cases', () => {
    expect(cases.length).toBeGreaterThan(90)
  })

  it.each(cases)('$name', ({ name, verdict, manifests }) => {
    expect(denied.get(name)?.size ?? 0).toBe(verdict === 'deny' ? manifests.length : 0)
  })
})
