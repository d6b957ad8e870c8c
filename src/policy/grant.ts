import type { AdmissionRequest } from '../admission/request.ts'
import { oneLine } from '../admission/text.ts'
import type { Finding } from '../checks/check.ts'
import { type BrokenGlass, breakGlass, breakGlassHint } from './break-glass.ts'
import { type CompiledException, covers, mayHaveLetIn } from './exceptions.ts'
import type { NamespaceLabels } from './match.ts'

/** A finding and whose it is. */
export interface OwnedFinding {
  readonly policy: string
  readonly check: string
  readonly finding: Finding
}

/** What the exceptions say to one finding. */
export interface Grant {
  /** The exception that lets it pass; `glass` where that one is break-glass. */
  readonly by?: { readonly exception: CompiledException; readonly glass?: BrokenGlass }
  /** Where none does: those that would, were they not past their date. */
  readonly expired: readonly CompiledException[]
  /** Those that depend on labels of the namespace that are unknown. */
  readonly unknown: readonly CompiledException[]
  /** How an exception would let it pass: by break-glass, or by what a file does not say. */
  readonly hints: readonly string[]
}

/**
 * Looks for an exception for a finding. An ordinary one goes before break-glass, which raises an alert. The glass is
 * broken to let a refused request pass, and for nothing else: what only warns goes on warning.
 *
 * @param isRefused whether the finding would deny the request.
 * @param now milliseconds since 1970.
 */
export function grantFor(
  exceptions: readonly CompiledException[],
  { policy, check, finding }: OwnedFinding,
  isRefused: boolean,
  request: AdmissionRequest,
  { namespaceLabels, now }: { readonly namespaceLabels: NamespaceLabels; readonly now: number },
): Grant {
  const expired: CompiledException[] = []
  const unknown: CompiledException[] = []
  const hints: string[] = []
  let emergency: Grant['by']
  for (const exception of exceptions) {
    const demands = exception.breakGlass
    if (demands !== undefined && !isRefused) continue
    const isCovered = covers(exception, policy, check, finding, request, namespaceLabels)
    const isCurrent = exception.expires === undefined || now < exception.expires
    if (isCurrent && request.userInfo === undefined && finding.level === 'violation') {
      const hint = hintForFiles(exception, policy, check, finding, request, namespaceLabels, isCovered)
      if (hint !== undefined) hints.push(hint)
    }
    if (isCovered === false) continue
    const glass = demands && breakGlass(demands, request)
    if (demands !== undefined && glass === undefined) {
      const hint = isCovered === true && isCurrent ? breakGlassHint(exception.name, demands, request) : undefined
      if (hint !== undefined) hints.push(hint)
    } else if (isCovered === 'unknown') unknown.push(exception)
    else if (!isCurrent) expired.push(exception)
    else if (glass === undefined) return { by: { exception }, expired: [], unknown: [], hints: [] }
    else emergency ??= { exception, glass }
  }
  return emergency === undefined ? { expired, unknown, hints } : { by: emergency, expired: [], unknown: [], hints: [] }
}

/**
 * Says of a finding in a file which exception may lift it in the cluster: one for users or groups, or one that depends on
 * unknown labels of the namespace.
 */
function hintForFiles(
  exception: CompiledException,
  policy: string,
  check: string,
  finding: Finding,
  request: AdmissionRequest,
  namespaceLabels: NamespaceLabels,
  isCovered: boolean | 'unknown',
): string | undefined {
  const { name, users, groups, breakGlass: demands } = exception
  if (isCovered === true || demands !== undefined) return undefined
  if (!mayHaveLetIn(exception, policy, check, finding, request, namespaceLabels)) return undefined
  const conditions = [
    ...(users.length > 0 ? [`the user is ${users.map(oneLine).join(' or ')}`] : []),
    ...(groups.length > 0 ? [`the user is in the group ${groups.map(oneLine).join(' or ')}`] : []),
    ...(exception.namespaceSelector.length > 0 && namespaceLabels.labelsOf(request.namespace) === undefined
      ? [`the labels of namespace ${request.namespace} match its namespaceSelector (give them by --namespaces)`]
      : []),
  ]
  return conditions.length === 0 ? undefined : `the exception ${name} lets it pass if ${conditions.join(' and ')}`
}
