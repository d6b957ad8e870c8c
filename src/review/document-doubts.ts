import type { AdmissionRequest } from '../admission/request.ts'
import { quote } from '../admission/text.ts'
import { dig, get, getString, type JsonObject } from '../json/value.ts'
import { suggest } from '../policy/suggest.ts'
import type { ReviewContext } from './context.ts'
import { exceptionDoubts } from './exception-doubts.ts'

/**
 * What is doubtful about a document beside the others that are there: a rollout whose target is not staged, a document that leaves the
 * hands of its rollout, one that will have no effect at all. Only a warning: documents are applied in any order.
 */
export function documentDoubts(request: AdmissionRequest, context: ReviewContext): readonly string[] {
  const { kind, object, oldObject, subResource } = request
  if (object === null || subResource !== '') return []
  switch (kind.kind) {
    case 'CanaryRollout':
      return doubtsOfRollout(object, context)
    case 'PolicyException':
      return exceptionDoubts(request, object, context)
    case 'Policy':
    case 'SidecarInjection':
      return [...doubtsOfName(kind.kind, object, context), ...doubtsOfTarget(kind.kind, object, oldObject, context)]
    default:
      return []
  }
}

type Named = { readonly name: string; readonly file: string; readonly isStaged: boolean }

function documentsOf(kind: string, { set, injections }: ReviewContext): readonly Named[] {
  return kind === 'Policy' ? set.documents : injections.documents
}

/** A file of the gateway comes first: a document of the cluster that has its name is left out. */
function doubtsOfName(kind: string, { metadata }: JsonObject, context: ReviewContext): readonly string[] {
  const name = getString(metadata, 'name') ?? ''
  const taken = documentsOf(kind, context).find(document => document.name === name)
  if (taken === undefined || taken.file === `${kind} ${name}`) return []
  return [
    `/metadata/name: ${kind} ${quote(name)} comes with the gateway (${taken.file}): this one has no effect. Choose another name; a CanaryRollout with replaces: ${name} puts it in its place`,
  ]
}

function doubtsOfRollout({ spec }: JsonObject, context: ReviewContext): readonly string[] {
  const target = get(spec, 'target')
  const [kind, name = ''] = [getString(target, 'kind'), getString(target, 'name')]
  const documents = documentsOf(kind ?? '', context)
  const names = documents.map(document => document.name)
  const found = documents.find(document => document.name === name)
  const replaces = getString(spec, 'replaces')
  // Its target is often applied a moment before or after it: only what looks like a slip of the pen is worth a word, which is not the
  // version that it replaces. One that stays away is told by the status and by an Event.
  const meant = suggest(
    name,
    names.filter(known => known !== replaces),
  )
  return [
    ...(found === undefined
      ? meant === ''
        ? []
        : [`/spec/target/name: there is no ${kind} ${quote(name)} yet${meant}`]
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
