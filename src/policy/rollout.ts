import type { Target } from '../rollout/record.ts'
import type { Gates, RolloutSpec, Stage } from '../rollout/spec.ts'
import { compileSelector } from '../workload/selector.ts'
import { type Compiled, failed } from './folder.ts'
import { unreadableDocument } from './kind.ts'
import { locateProblem, problemsOf, type SourceDocument, type ValueProblem } from './problems.ts'
import { millisecondsOf, type RolloutDocument, rolloutSchema } from './rollout-schema.ts'

/** A CanaryRollout that can be carried out. Immutable. */
export interface CompiledRollout {
  readonly kind: 'CanaryRollout'
  readonly name: string
  readonly revision: string
  readonly file: string
  /** The document that it was compiled from. */
  readonly source: unknown
  readonly target: Target
  /** The document that stays in force where the target has not come. */
  readonly replaces: string | undefined
  /** What the target does there. */
  readonly elsewhere: 'Audit' | 'Off'
  readonly spec: RolloutSpec
  /** The stages as they are written. */
  readonly stages: readonly StageDocument[]
}

/** Compiles one CanaryRollout: everything that can be wrong with it is wrong here. */
export function compileRollout(source: SourceDocument): Compiled<CompiledRollout> {
  const unreadable = unreadableDocument(source)
  if (unreadable !== undefined) return failed(source, [unreadable])
  const parsed = rolloutSchema.safeParse(source.value, { reportInput: true })
  if (!parsed.success) return failed(source, problemsOf(parsed.error, rolloutSchema))
  const { metadata, spec } = parsed.data
  const [first, ...rest] = spec.stages.map(stageOf)
  if (first === undefined) throw new Error('a rollout without a stage passed its schema')
  const document: CompiledRollout = {
    kind: 'CanaryRollout',
    name: metadata.name,
    revision: source.revision,
    file: source.file,
    source: source.value,
    target: spec.target,
    replaces: spec.replaces,
    elsewhere: spec.elsewhere,
    stages: spec.stages,
    spec: {
      name: metadata.name,
      stages: [first, ...rest],
      gates: gatesOf(spec.gates),
      onBreach: spec.onBreach,
      paused: spec.paused,
    },
  }
  return { ok: true, document, warnings: doubts(parsed.data).map(doubt => locateProblem(source, doubt)) }
}

/** What is allowed and hardly meant. */
function doubts({ spec }: RolloutDocument): readonly ValueProblem[] {
  const last = spec.stages.at(-1)
  const reachesAll =
    last !== undefined && last.namespaceSelector === undefined && (last.percent === undefined || last.percent === 100)
  const gates = Object.values(spec.gates).filter(gate => gate !== undefined)
  const doubt = (pointer: string, message: string): ValueProblem => ({ pointer, part: 'value', message })
  return [
    ...(reachesAll
      ? []
      : [
          doubt(
            `/spec/stages/${spec.stages.length - 1}`,
            'the last stage does not reach all namespaces: once it has held, the target comes to all others at once',
          ),
        ]),
    ...(gates.length > 0 ? [] : [doubt('/spec/gates', 'there is no gate: it goes on by the clock alone')]),
  ]
}

/** A stage as it is written. */
export type StageDocument = RolloutDocument['spec']['stages'][number]

/** A stage as the logic of rollouts takes it. */
export function stageOf({ name, namespaceSelector, percent, hold }: StageDocument): Stage {
  return {
    name,
    ...(namespaceSelector !== undefined && { selector: compileSelector(namespaceSelector) }),
    ...(percent !== undefined && { percent }),
    holdMs: millisecondsOf(hold),
  }
}

function gatesOf({ latencyP99, ...gates }: RolloutDocument['spec']['gates']): Gates {
  const known = Object.fromEntries(Object.entries(gates).filter(([, limit]) => limit !== undefined)) as Gates
  return { ...known, ...(latencyP99 !== undefined && { latencyP99: millisecondsOf(latencyP99) / 1000 }) }
}
