import { beforeAll, describe, expect, it } from 'vitest'
import { runLint } from '../lint/harness.ts'
import {
  DENIED_SOURCES,
  HARMLESS_SOURCES,
  HOST_PATH_CASES,
  type Manifest,
  type PodSpec,
  persistentVolume,
  specWithHostPath,
  specWithVolume,
  WORKLOADS,
} from '../support/host-path-cases.ts'

interface Case {
  readonly name: string
  readonly verdict: 'deny' | 'allow'
  readonly manifests: readonly Manifest[]
}

/** A pod spec wherever one can stand. */
function everywhere(...specs: readonly PodSpec[]): readonly Manifest[] {
  return specs.flatMap(spec => Object.values(WORKLOADS).map(around => around(spec)))
}

function sourceCases(sources: readonly string[], verdict: Case['verdict']): readonly Case[] {
  return sources.map(source => ({
    name: `${verdict} source ${source}`,
    verdict,
    manifests: everywhere(specWithVolume({ [source]: {} })),
  }))
}

const cases: readonly Case[] = [
  ...HOST_PATH_CASES.map(({ id, path, verdict }) => ({
    name: `${id} ${verdict} ${JSON.stringify(path)}`,
    verdict,
    manifests: [
      ...everywhere(specWithHostPath(path), specWithHostPath(path, 'unmounted')),
      persistentVolume('hostPath', path),
      persistentVolume('local', path),
    ],
  })),
  ...sourceCases(HARMLESS_SOURCES, 'allow'),
  ...sourceCases(DENIED_SOURCES, 'deny'),
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
