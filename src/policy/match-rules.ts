import { quote } from '../admission/text.ts'
import { KUBERNETES_RESOURCES } from './api-resources.ts'
import type { CompiledMatch } from './compile.ts'

type Rule = CompiledMatch['rules'][number]

/** Why a rule's scope leaves nothing of a resource; undefined if it may match. */
export function impossibleRule(
  name: string,
  { apiGroups, scope }: { readonly apiGroups: readonly string[]; readonly scope?: string | undefined },
): string | undefined {
  if (scope === undefined || scope === '*' || name === '*') return undefined
  const known = KUBERNETES_RESOURCES.filter(
    ({ group, resource }) => resource === name && (apiGroups.includes('*') || apiGroups.includes(group)),
  )
  if (known.length === 0) return undefined
  // A Namespace counts as in none.
  const isPossible = known.some(({ isNamespaced }) => (scope === 'Namespaced') === isNamespaced)
  if (isPossible) return undefined
  const where = scope === 'Cluster' ? 'are in namespaces' : 'are in no namespace'
  return `scope ${quote(scope)} leaves nothing of ${quote(name)}: they ${where}`
}

/** Whether everything that a rule matches is matched by another, as far as the rules themselves show. */
export function isCoveredBy(rule: Rule, other: Rule, isExact: boolean): boolean {
  return (
    isPart(rule.apiGroups, other.apiGroups) &&
    (!isExact || isPart(rule.apiVersions, other.apiVersions)) &&
    isPart(rule.operations, other.operations) &&
    rule.resources.every(pattern => other.resources.some(wider => isPatternIn(pattern, wider))) &&
    (other.scope === undefined || other.scope === '*' || other.scope === rule.scope) &&
    ((other.resourceNames ?? []).length === 0 ||
      ((rule.resourceNames ?? []).length > 0 && isPart(rule.resourceNames ?? [], other.resourceNames ?? [])))
  )
}

function isPart(list: readonly string[], wider: readonly string[]): boolean {
  return wider.includes('*') || list.every(item => wider.includes(item))
}

/** `pods` is in `*`, in `pods/*` and in `*` with `/*`; `pods/exec` is in the last two alone. */
function isPatternIn(pattern: string, wider: string): boolean {
  const [main = '', sub = ''] = pattern.split('/')
  const [widerMain = '', widerSub = ''] = wider.split('/')
  return (widerMain === '*' || widerMain === main) && (widerSub === '*' || widerSub === sub)
}
