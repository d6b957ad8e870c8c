import type { AdmissionRequest } from '../admission/request.ts'
import type { Finding } from '../checks/check.ts'
import { reasonOf } from './break-glass.ts'
import type { CompiledPolicy } from './compile.ts'
import { type CompiledException, mayHaveLetIn } from './exceptions.ts'
import type { OwnedFinding } from './grant.ts'
import type { NamespaceLabels } from './match.ts'
import { riskChange } from './risk-change.ts'
import type { PolicySet } from './set.ts'

/**
 * A finding that an update leaves as it is only warns, because the object has a right to stand. What an exception let in
 * has borrowed that right: it may stay, be scaled and be hardened, but no update changes what it is about. Otherwise
 * whoever may update an object could make anything of what somebody else was allowed.
 *
 * How an object got in is not written on it, so every exception counts that may have let it in. The right is lent on
 * only while such an exception still fits the object and `riskChange` finds no change.
 *
 * @param owned a finding as it was evaluated; one that no update relaxed is returned as it is.
 * @returns the finding itself, or the violation that it was before it was relaxed, with a hint that says why.
 */
export function withoutBorrowedRight(
  { podTemplates }: CompiledPolicy,
  { policy, check, finding }: OwnedFinding,
  { exceptions }: PolicySet,
  request: AdmissionRequest,
  { namespaceLabels }: { readonly namespaceLabels: NamespaceLabels },
): Finding {
  const { relaxed } = finding
  if (relaxed === undefined) return finding
  const old = { ...request, object: request.oldObject }
  const lenders = exceptions.filter(exception =>
    mayHaveLetIn(exception, policy, check, relaxed.before, old, namespaceLabels),
  )
  const [lender] = lenders
  if (lender === undefined) return finding
  const isLentOn = lenders.some(
    exception =>
      mayHaveLetIn(exception, policy, check, relaxed.from, request, namespaceLabels) && keepsReason(exception, request),
  )
  const change = isLentOn ? changeOf(request, podTemplates) : 'it no longer fits the exception'
  if (change === undefined) return finding
  const why = `the exception ${lender.name} may have let in what is there already, so only a user whom it covers may change it (${isLentOn ? `changed: ${change}` : change})`
  const { hint } = relaxed.from
  return { ...relaxed.from, hint: hint === undefined ? why : `${hint}; ${why}` }
}

/** What was said of a request already: a thousand findings of it ask the same. */
const changes = new WeakMap<AdmissionRequest, Map<CompiledPolicy['podTemplates'], string | undefined>>()

function changeOf(request: AdmissionRequest, podTemplates: CompiledPolicy['podTemplates']): string | undefined {
  const known = changes.get(request) ?? new Map<CompiledPolicy['podTemplates'], string | undefined>()
  changes.set(request, known)
  if (!known.has(podTemplates)) known.set(podTemplates, riskChange(request, podTemplates))
  return known.get(podTemplates)
}

/** Whether the reason for which the glass was broken is still on the object. */
function keepsReason({ breakGlass }: CompiledException, { object, oldObject }: AdmissionRequest): boolean {
  if (breakGlass === undefined) return true
  const { reasonAnnotation } = breakGlass
  return reasonOf(object, reasonAnnotation) === reasonOf(oldObject, reasonAnnotation)
}
