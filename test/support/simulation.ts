import { certificateFacts } from '../../src/certs/facts.ts'
import { digest } from '../../src/cli/documents.ts'
import type { NamespaceTable } from '../../src/policy/match.ts'
import { type BuiltSets, buildSets } from '../../src/simulation/sets.ts'
import { Simulation, type SimulationResult } from '../../src/simulation/simulate.ts'
import { documentsOf } from './engine.ts'

const KINDS = ['Policy', 'PolicyException', 'SidecarInjection', 'CanaryRollout']
const EXCLUDED = ['kube-system']

/** What a test of simulations needs. */
export interface Scenario {
  /** The rollout, its target and what goes with them, as YAML. */
  readonly file: string
  readonly baseline?: string
  readonly namespaces?: NamespaceTable
  /** Each is one line: an AdmissionReview with what a recorder says beside it, or a text as it stands. */
  readonly lines: readonly (object | string)[]
}

/** The sets of a scenario, or what is wrong with it. */
export function setsOf({ file, baseline = '' }: Pick<Scenario, 'file' | 'baseline'>): BuiltSets {
  const folder = (text: string, name: string) => ({ documents: documentsOf(text, KINDS, name), problems: [] })
  return buildSets(
    { file: folder(file, 'rollout.yaml'), baseline: folder(baseline, 'baseline.yaml') },
    'rollout.yaml',
    {
      excludedNamespaces: EXCLUDED,
      uninjectedNamespaces: EXCLUDED,
      digest,
    },
  )
}

/** Replays the lines of a scenario that must have no fault. */
export function simulate(scenario: Scenario): SimulationResult {
  const built = setsOf(scenario)
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join('; '))
  const { namespaces = {} } = scenario
  const simulation = new Simulation(built.sets, { readCertificates: certificateFacts, now: 0, digest, namespaces })
  for (const [index, line] of scenario.lines.entries()) {
    const text = typeof line === 'string' ? line : JSON.stringify(line)
    simulation.add(new TextEncoder().encode(text), { file: 'reviews.ndjson', line: index + 1 })
  }
  return simulation.result()
}

/** A CanaryRollout of the policy `new`, which replaces `old`; JSON is YAML too. */
export function rolloutText(spec: object = {}): string {
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'CanaryRollout',
    metadata: { name: 'roll' },
    spec: {
      target: { kind: 'Policy', name: 'new' },
      replaces: 'old',
      stages: [
        { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '30m' },
        { name: 'half', percent: 50, hold: '2h' },
        { name: 'everywhere', hold: '24h' },
      ],
      ...spec,
    },
  })
}

/** A Policy of a check; JSON is YAML too. */
export function policyOf(name: string, check: string, spec: object = {}): string {
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: { validationActions: ['Deny'], checks: [{ check }], ...spec },
  })
}
