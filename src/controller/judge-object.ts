import { requestOfManifest } from '../admission/manifest.ts'
import { certificateFacts } from '../certs/facts.ts'
import type { JsonObject } from '../json/value.ts'
import { type Decision, decide } from '../policy/decide.ts'
import { evaluate } from '../policy/evaluate.ts'
import type { NamespaceLabels } from '../policy/match.ts'
import type { PolicySet } from '../policy/set.ts'

/** What decides a verdict about an object that is no request. */
export interface JudgeContext {
  readonly set: PolicySet
  readonly namespaceLabels: NamespaceLabels
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Judges an object as its creation would be judged, by the same evaluation as everywhere; what only a live request knows, such
 * as its user, is skipped.
 *
 * @returns undefined where the object has no apiVersion and kind.
 */
export function judgeObject(object: JsonObject, { set, namespaceLabels, now }: JudgeContext): Decision | undefined {
  const request = requestOfManifest(object, {
    uid: '',
    operation: 'CREATE',
    defaultNamespace: '',
    subResource: '',
    userInfo: undefined,
    dryRun: true,
    oldObject: null,
  })
  if (request === undefined) return undefined
  const { results } = evaluate(set, request, {
    namespaceLabels,
    facts: {
      now,
      owner: undefined,
      isSelectedOn: label => set.namespaceLabels.has(label),
      readCertificates: certificateFacts,
      seen: 'alone',
      origin: '',
    },
    unknownNamespaces: 'apply',
  })
  return decide(results, set, request, { namespaceLabels, now })
}
