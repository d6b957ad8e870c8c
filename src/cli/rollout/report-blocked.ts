import { CHECKS } from '../../checks/index.ts'
import type { ClusterClient } from '../../cluster/client.ts'
import { discover } from '../../cluster/discovery.ts'
import { documentOf, ROLLOUTS } from '../../cluster/documents.ts'
import { isApiError } from '../../cluster/http.ts'
import { type BlockedOwner, describeOwner } from '../../controller/preview/preview.ts'
import { blockedUnder, stageOfNamespace } from '../../controller/rollouts/would-block.ts'
import { dig, getString } from '../../json/value.ts'
import { strictestAction } from '../../policy/decide.ts'
import { type NamespaceTable, namespaceLabelsOf } from '../../policy/match.ts'
import { describeProblem } from '../../policy/problems.ts'
import type { CompiledRollout } from '../../policy/rollout.ts'
import { loadSet } from '../../policy/set.ts'
import type { Target } from '../../rollout/record.ts'
import type { Blocked } from '../../rollout-report/model.ts'
import { labelsIn } from '../../workload/selector.ts'
import { digest, documentSources, readDocuments } from '../documents.ts'

/** What decides, beside the target, who would be refused. */
export interface BlockedOptions {
  /** The gateway's own namespace: that of the exceptions. */
  readonly ownNamespace: string
  readonly enabledExceptions: readonly string[]
  readonly excludedNamespaces: readonly string[]
  readonly bootstrapNamespaces: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** Told what is not looked at, or does not count, and why. */
  readonly warn: (message: string) => void
}

/**
 * Who would be refused if the target of a rollout were in force everywhere. Where that cannot be asked the answer says why: a report
 * without it is better than none.
 *
 * @param rollout undefined where it does not compile: then nobody knows which stage reaches whom.
 */
export async function blockedBy(
  client: Pick<ClusterClient, 'list' | 'read' | 'send'>,
  target: Target,
  rollout: CompiledRollout | undefined,
  options: BlockedOptions,
): Promise<Blocked> {
  if (target.kind !== 'Policy') return notAsked('Nobody: an injection refuses nothing.')
  try {
    return await ask(client, target.name, rollout, options)
  } catch (error) {
    if (!isApiError(error, 403)) throw error
    return notAsked(`Not known: whoever made this report may not look. The API said: ${error.message}`)
  }
}

async function ask(
  client: Pick<ClusterClient, 'list' | 'read' | 'send'>,
  name: string,
  rollout: CompiledRollout | undefined,
  options: BlockedOptions,
): Promise<Blocked> {
  const object = await client.read({ ...ROLLOUTS, resource: 'policies', name })
  if (object === undefined) return notAsked(`Not known: there is no Policy ${name} in the cluster.`)
  const exceptions = await client.list({
    ...ROLLOUTS,
    resource: 'policyexceptions',
    namespace: options.ownNamespace,
  })
  const shipped = await readDocuments(
    documentSources({
      policies: undefined,
      exceptions: undefined,
      'enable-exception': options.enabledExceptions,
    }).filter(({ kinds }) => kinds.includes('PolicyException')),
  )
  const documents = [
    documentOf('Policy', object, digest),
    ...exceptions.items.map(item => documentOf('PolicyException', item, digest)),
    ...shipped.documents,
  ]
  const { set, problems } = loadSet(
    { documents, problems: shipped.problems },
    { checks: CHECKS, excludedNamespaces: options.excludedNamespaces, digest, isUnstaged: true },
  )
  const policy = set.documents.find(document => document.name === name)
  if (policy === undefined)
    return notAsked(`Not known: the target does not compile. ${problems.map(describeProblem).join('; ')}`)
  for (const problem of problems) options.warn(describeProblem(problem))
  if (strictestAction(policy) !== 'Deny') return notAsked('Nobody: the target denies nothing, whatever it finds.')
  const namespaces = await namespaceTable(client)
  const { resources, failed } = await discover(client)
  for (const group of failed) options.warn(`${group} does not answer, and was not looked at`)
  const context = { set, namespaceLabels: namespaceLabelsOf(namespaces), now: options.now, served: resources }
  const unasked = [...options.excludedNamespaces, ...options.bootstrapNamespaces]
  const found = await blockedUnder(client, policy, context, unasked)
  return { kind: 'asked', owners: found.map(owner => factsOf(owner, rollout, namespaces)) }
}

function factsOf(owner: BlockedOwner, rollout: CompiledRollout | undefined, namespaces: NamespaceTable) {
  const { namespace, reasons } = owner
  const stage = rollout && stageOfNamespace(rollout.spec, namespace, namespaces)
  return {
    namespace,
    owner: describeOwner({ ...owner, namespace: '' }),
    stage: typeof stage === 'number' ? rollout?.spec.stages[stage]?.name : undefined,
    reasons: reasons.map(({ via, message }) => ({ via, message })),
  }
}

async function namespaceTable(client: Pick<ClusterClient, 'list'>): Promise<NamespaceTable> {
  const { items } = await client.list({ group: '', version: 'v1', resource: 'namespaces' })
  return Object.fromEntries(
    items.map(({ metadata }) => [getString(metadata, 'name') ?? '', labelsIn(dig(metadata, 'labels'))]),
  )
}

function notAsked(why: string): Blocked {
  return { kind: 'not-asked', why }
}
