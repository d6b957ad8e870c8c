import { dump } from 'js-yaml'
import type { ClusterClient } from '../../cluster/client.ts'
import { documentOf, KINDS, ROLLOUTS } from '../../cluster/documents.ts'
import { isApiError } from '../../cluster/http.ts'
import { publishedRecord } from '../../controller/rollouts/published.ts'
import { dig, getList, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { type CompiledRollout, compileRollout } from '../../policy/rollout.ts'
import type { RecordDocument } from '../../policy/rollout-record.ts'
import { measureText } from '../../rollout/measure.ts'
import { historyOf } from '../../rollout-report/history.ts'
import type { GateFacts, ReportFacts, Revision, StageFacts } from '../../rollout-report/model.ts'
import { digest } from '../documents.ts'
import { type RolloutView, viewOf } from './view.ts'

/** A rollout compiled; undefined where it is faulty. */
export function compiledOf(rollout: JsonObject): CompiledRollout | undefined {
  const result = compileRollout(documentOf('CanaryRollout', rollout, digest))
  return result.ok ? result.document : undefined
}

/** Everything that a report says of a rollout but who would be refused: its status, its Events, the documents that it is about. */
export async function factsOf(
  client: Pick<ClusterClient, 'list' | 'read'>,
  rollout: JsonObject,
  given: Pick<ReportFacts, 'madeAt' | 'blocked' | 'simulation'>,
): Promise<ReportFacts> {
  const view = viewOf(rollout)
  const { spec } = rollout
  const isRemembered = getList(rollout['status'], 'history').length > 0
  const { gates: _, verdict: _verdict, revision: _revision, stages: _stages, ...said } = view
  return {
    ...said,
    ...given,
    elsewhere: getString(spec, 'elsewhere') ?? 'Audit',
    onBreach: getString(spec, 'onBreach') ?? 'Rollback',
    revisions: await revisionsOf(client, rollout, view),
    stages: stagesOf(rollout, view),
    gates: gatesOf(rollout, view),
    history: historyOf(rollout, isRemembered ? [] : await eventsAbout(client, view.name)),
    yaml: yamlOf(rollout),
  }
}

/** Pages of Events that are read: the controller writes some dozens for a rollout. */
const MAX_PAGES = 4

/** Events about a rollout; a sentence where they may not be listed. */
async function eventsAbout(client: Pick<ClusterClient, 'list'>, name: string): Promise<readonly JsonObject[] | string> {
  // The API takes Events about cluster-scoped objects in this namespace alone.
  const events = { group: 'events.k8s.io', version: 'v1', resource: 'events', namespace: 'default' }
  const fieldSelector = `regarding.kind=CanaryRollout,regarding.name=${name}`
  const found: JsonObject[] = []
  let next = ''
  try {
    for (let page = 0; page < MAX_PAGES; page++) {
      const options = { fieldSelector, limit: 500, ...(next !== '' && { continue: next }) }
      const { items, continue: more } = await client.list(events, options)
      found.push(...items)
      next = more
      if (next === '') break
    }
    return found
  } catch (error) {
    if (!isApiError(error, 403)) throw error
    return 'Whoever made this report may not list Events.'
  }
}

function stagesOf(rollout: JsonObject, { stages }: RolloutView): readonly StageFacts[] {
  const compiled = compiledOf(rollout)
  return stages.map((stage, index) => ({ ...stage, holdMs: compiled?.spec.stages[index]?.holdMs }))
}

/** What the gates said last, and those of the document that have said nothing yet. */
function gatesOf({ spec }: JsonObject, { gates }: RolloutView): readonly GateFacts[] {
  const asked = gates.map(({ gate, state, value, limit }) => ({
    gate,
    state,
    value: value === undefined ? undefined : measureText(gate, value),
    limit: measureText(gate, limit),
  }))
  const written = dig(spec, 'gates')
  const others = Object.entries(isObject(written) ? written : {})
    .filter(([gate]) => !gates.some(known => known.gate === gate))
    .map(([gate, limit]) => ({ gate, state: 'not asked', value: undefined, limit: limitText(limit) }))
  return [...asked, ...others]
}

function limitText(limit: Json): string {
  const ratio = dig(limit, 'ratio')
  if (ratio === undefined) return String(limit)
  return `${String(ratio)} (from ${String(dig(limit, 'minimumRequests') ?? 1)} requests on)`
}

async function revisionsOf(
  client: Pick<ClusterClient, 'read'>,
  rollout: JsonObject,
  view: RolloutView,
): Promise<readonly Revision[]> {
  const kind = getString(dig(rollout['spec'], 'target'), 'kind') ?? ''
  const targetName = getString(dig(rollout['spec'], 'target'), 'name') ?? ''
  const { target, replaces, revision } = view
  const [present, old] = await Promise.all([
    presentRevision(client, kind, targetName),
    replaces === undefined ? undefined : presentRevision(client, kind, replaces),
  ])
  return [
    { document: target, revision: revision === '' ? undefined : revision, role: roleOf(view) },
    ...(present === undefined || present === revision
      ? []
      : [{ document: target, revision: present, role: 'as it stands in the cluster now' }]),
    ...olderOf(target, publishedRecord(rollout)),
    ...(replaces === undefined
      ? []
      : [
          { document: `${kind} ${replaces}`, revision: old, role: 'what it replaces, as it stands in the cluster now' },
        ]),
  ]
}

function roleOf({ phase, stage }: RolloutView): string {
  if (phase === 'Complete') return 'rolled out: in force everywhere'
  if (phase === 'RolledBack' || phase === 'Aborted') return 'rolled out, and taken back: in force nowhere'
  return stage === '' ? 'to be rolled out: in force nowhere yet' : `being rolled out: in force up to stage ${stage}`
}

/** Revisions that came before, and those that an earlier rollout of the same target has left. */
function olderOf(document: string, record: RecordDocument | undefined): readonly Revision[] {
  if (record === undefined) return []
  const { status, stages, before, rollout } = record
  const older = status.older.map(({ revision, stage }) => ({
    document,
    revision,
    role: `before: in force up to stage ${stages[stage]?.name ?? 'everywhere'} where no newer one has come`,
  }))
  const left = before && {
    document,
    revision: before.status.revision === '' ? undefined : before.status.revision,
    role:
      before.rollout === rollout ? 'left by an earlier rollout of this name' : `left by the rollout ${before.rollout}`,
  }
  return left === undefined ? older : [...older, left, ...olderOf(document, before)]
}

/** The revision of a document as it stands; undefined where it is not there, or may not be read. */
async function presentRevision(
  client: Pick<ClusterClient, 'read'>,
  kind: string,
  name: string,
): Promise<string | undefined> {
  if (kind !== 'Policy' && kind !== 'SidecarInjection') return undefined
  try {
    const object = await client.read({ ...ROLLOUTS, resource: KINDS[kind], name })
    return object && documentOf(kind, object, text => digest(text).slice(0, 12)).revision
  } catch (error) {
    if (!isApiError(error, 403)) throw error
    return undefined
  }
}

/** The rollout as a person applies it, without what is the API server's own. */
function yamlOf({ apiVersion, kind, metadata, spec }: JsonObject): string {
  return dump(
    { apiVersion, kind, metadata: { name: getString(metadata, 'name') ?? '' }, spec },
    { lineWidth: 110, noRefs: true },
  )
}
