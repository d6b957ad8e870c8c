import { quote } from '../admission/text.ts'
import { CHECKS } from '../checks/index.ts'
import type { InjectionSet } from '../injection/plan.ts'
import { loadInjections } from '../injection/set.ts'
import { dig, getString, type Json } from '../json/value.ts'
import type { Folder } from '../policy/folder.ts'
import { kindOf } from '../policy/kind.ts'
import { locateProblem, type Problem, type SourceDocument } from '../policy/problems.ts'
import { type CompiledRollout, compileRollout } from '../policy/rollout.ts'
import type { RecordDocument } from '../policy/rollout-record.ts'
import { NO_ROLLOUT_SOURCES, type RolloutSources } from '../policy/rollout-sources.ts'
import { loadSet, type PolicySet } from '../policy/set.ts'
import { suggest } from '../policy/suggest.ts'

/** Everything that decides a review, at one moment of a rollout. */
export interface Sets {
  readonly policies: PolicySet
  readonly injections: InjectionSet
}

/** What is in force at a stage, or after the last. */
export interface StageSets extends Sets {
  readonly name: string
  /** From 0 on; undefined when the rollout is complete. */
  readonly index: number | undefined
}

/** What a simulation compares. */
export interface SimulationSets {
  readonly rollout: CompiledRollout
  /** Without the target: what is in force before the rollout begins. */
  readonly present: Sets
  /** In order; the last one is complete. */
  readonly stages: readonly StageSets[]
}

/** What a simulation is made of. */
export interface SimulationSources {
  /** The rollout, its target and whatever goes with them. */
  readonly file: Folder
  /** What is in force at present, exceptions too. */
  readonly baseline: Folder
}

/** What decides beside the documents. */
export interface SetOptions {
  readonly excludedNamespaces: readonly string[]
  readonly uninjectedNamespaces: readonly string[]
  /** The hash of a text, as hexadecimal digits. */
  readonly digest: (text: string) => string
}

/** The sets of a simulation, or everything that is wrong with its sources. */
export type BuiltSets =
  | { readonly ok: true; readonly sets: SimulationSets; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** What the last stage is followed by. */
export const COMPLETE_NAME = 'complete'

/**
 * Builds what is in force before a rollout, at each of its stages and after it, as a gateway would from the controller's records. A
 * document of the file stands in for one of the same kind and name in the baseline.
 *
 * @param path what problems call the file.
 */
export function buildSets({ file, baseline }: SimulationSources, path: string, options: SetOptions): BuiltSets {
  const unread = [...file.problems, ...baseline.problems]
  if (unread.length > 0) return { ok: false, problems: unread }
  const source = rolloutIn(file, path)
  if ('problem' in source) return { ok: false, problems: [source.problem] }
  const compiled = compileRollout(source.document)
  if (!compiled.ok) return { ok: false, problems: compiled.problems }
  const rollout = compiled.document
  const others = file.documents.filter(({ value }) => kindOf(value) !== 'CanaryRollout')
  const all = overlay(baseline.documents, others)
  const target = all.find(document => isNamed(document, rollout.target.kind, rollout.target.name))
  const problems = faultsOf(rollout, source.document, target, all)
  if (target === undefined || problems.length > 0) return { ok: false, problems }
  const isTarget = (document: SourceDocument) => isNamed(document, rollout.target.kind, rollout.target.name)
  const present = load(
    overlay(
      baseline.documents,
      others.filter(document => !isTarget(document)),
    ),
    NO_ROLLOUT_SOURCES,
    options,
  )
  const stages = [...rollout.stages.keys(), undefined].map(index => {
    const sources: RolloutSources = { records: [recordAt(rollout, target.revision, index)], revisions: [] }
    const name = index === undefined ? COMPLETE_NAME : (rollout.stages[index]?.name ?? '')
    return { name, index, ...load(all, sources, options) }
  })
  const [first] = stages
  // Every stage is compiled from the same documents: they have the same faults.
  const faults = unique([...(first?.problems ?? []), ...present.problems])
  if (faults.length > 0) return { ok: false, problems: faults }
  return { ok: true, sets: { rollout, present, stages }, warnings: first?.warnings ?? [] }
}

function rolloutIn(
  { documents }: Folder,
  file: string,
): { readonly document: SourceDocument } | { readonly problem: Problem } {
  const rollouts = documents.filter(({ value }) => kindOf(value) === 'CanaryRollout')
  const [document, second] = rollouts
  if (document === undefined) {
    return { problem: { file, line: 1, column: 1, pointer: '', message: 'holds no CanaryRollout' } }
  }
  if (second === undefined) return { document }
  const message = 'is a second CanaryRollout: one is simulated at a time'
  return { problem: locateProblem(second, { pointer: '', part: 'value', message }) }
}

/** What is wrong with the rollout and the documents that it names. */
function faultsOf(
  { target: wanted, replaces }: CompiledRollout,
  source: SourceDocument,
  target: SourceDocument | undefined,
  all: readonly SourceDocument[],
): readonly Problem[] {
  const known = all.filter(({ value }) => kindOf(value) === wanted.kind).map(({ value }) => nameOf(value))
  const missing = (pointer: string, name: string) =>
    locateProblem(source, {
      pointer,
      part: 'value',
      message: `there is no ${wanted.kind} ${quote(name)}${suggest(name, known)}, neither in this file nor in the baseline`,
    })
  const problems: Problem[] = []
  if (target === undefined) problems.push(missing('/spec/target/name', wanted.name))
  else if (dig(target.value as Json, 'spec', 'staged') !== true) {
    const message = 'spec.staged is not true: it would be in force everywhere as soon as it is applied, at no stage'
    problems.push(locateProblem(target, { pointer: '/spec', part: 'key', message }))
  }
  if (replaces !== undefined && !known.includes(replaces)) problems.push(missing('/spec/replaces', replaces))
  return problems
}

/** The record that a controller writes at a stage, or when the rollout is complete. */
function recordAt(
  { name, target, replaces, elsewhere, stages }: CompiledRollout,
  revision: string,
  index: number | undefined,
): RecordDocument {
  return {
    kind: 'RolloutRecord',
    number: 1,
    rollout: name,
    uid: 'simulation',
    target,
    ...(replaces !== undefined && { replaces }),
    elsewhere,
    stages: [...stages],
    status: {
      phase: index === undefined ? 'Complete' : 'Progressing',
      revision,
      stage: index ?? stages.length - 1,
      since: 0,
      older: [],
    },
  }
}

interface Loaded extends Sets {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

function load(documents: readonly SourceDocument[], rollouts: RolloutSources, options: SetOptions): Loaded {
  const { excludedNamespaces, uninjectedNamespaces, digest } = options
  const isInjection = ({ value }: SourceDocument) => kindOf(value) === 'SidecarInjection'
  const policies = loadSet(
    { documents: documents.filter(document => !isInjection(document)), problems: [] },
    { checks: CHECKS, excludedNamespaces, digest, rollouts },
  )
  const injections = loadInjections(
    { documents: documents.filter(isInjection), problems: [] },
    { excludedNamespaces: uninjectedNamespaces, digest, rollouts },
  )
  return {
    policies: policies.set,
    injections: injections.set,
    problems: [...policies.problems, ...injections.problems],
    warnings: [...policies.warnings, ...injections.warnings],
  }
}

/** `below`, with those of `above` in place of what has the same kind and name. */
function overlay(below: readonly SourceDocument[], above: readonly SourceDocument[]): readonly SourceDocument[] {
  const identities = new Set(above.map(({ value }) => `${kindOf(value)}/${nameOf(value)}`))
  return [...below.filter(({ value }) => !identities.has(`${kindOf(value)}/${nameOf(value)}`)), ...above]
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Map(problems.map(problem => [JSON.stringify(problem), problem]))
  return [...seen.values()]
}

function isNamed({ value }: SourceDocument, kind: string, name: string): boolean {
  return kindOf(value) === kind && nameOf(value) === name
}

function nameOf(value: unknown): string {
  return getString(dig(value as Json, 'metadata'), 'name') ?? ''
}
