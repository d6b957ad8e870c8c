import type { AdmissionRequest } from '../admission/request.ts'
import { quote } from '../admission/text.ts'
import { dig, get, getString, type JsonObject } from '../json/value.ts'
import { suggest } from '../policy/suggest.ts'
import type { ReviewContext } from './context.ts'

/**
 * What is doubtful about a document beside the others that are there: a rollout whose target is missing or not staged, a document that
 * leaves the hands of its rollout. Only a warning: documents are applied in any order.
 */
export function rolloutDoubts(request: AdmissionRequest, context: ReviewContext): readonly string[] {
  const { kind, object, oldObject, subResource } = request
  if (object === null || subResource !== '') return []
  if (kind.kind === 'CanaryRollout') return doubtsOfRollout(object, context)
  return kind.kind === 'Policy' || kind.kind === 'SidecarInjection'
    ? doubtsOfTarget(kind.kind, object, oldObject, context)
    : []
}

function doubtsOfRollout({ spec }: JsonObject, { set, injections }: ReviewContext): readonly string[] {
  const target = get(spec, 'target')
  const [kind, name = ''] = [getString(target, 'kind'), getString(target, 'name')]
  const documents: readonly { readonly name: string; readonly isStaged: boolean }[] =
    kind === 'Policy' ? set.documents : injections.documents
  const names = documents.map(document => document.name)
  const found = documents.find(document => document.name === name)
  const replaces = getString(spec, 'replaces')
  return [
    ...(found === undefined
      ? [`/spec/target/name: there is no ${kind} ${quote(name)} yet${suggest(name, names)}`]
      : found.isStaged
        ? []
        : [`/spec/target/name: ${kind} ${quote(name)} is not staged: it is in force everywhere already`]),
    ...(replaces === undefined || names.includes(replaces)
      ? []
      : [`/spec/replaces: there is no ${kind} ${quote(replaces)}${suggest(replaces, names)}: nothing is replaced`]),
  ]
}

function doubtsOfTarget(
  kind: string,
  object: JsonObject,
  oldObject: JsonObject | null,
  { set }: ReviewContext,
): readonly string[] {
  const [isStaged, wasStaged] = [object, oldObject ?? undefined].map(each => dig(each, 'spec', 'staged') === true)
  if (isStaged || !wasStaged) return []
  const name = getString(dig(object, 'metadata'), 'name')
  const record = set.rollouts.records.find(({ target }) => target.kind === kind && target.name === name)
  if (record?.status.phase === 'Complete') return []
  return ['/spec/staged: without it the document is in force everywhere at once']
}
