import type { BoundCheck, Finding } from '../../checks/check.ts'
import { rulesFor } from '../../checks/resources.ts'
import type { Injection } from '../../injection/injection.ts'
import { asIfInForce, injectionsAt } from '../../injection/placed.ts'
import { type InjectionSet, planInjections } from '../../injection/plan.ts'
import type { JsonObject } from '../../json/value.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import type { NamespaceLabels } from '../../policy/match.ts'
import { INJECTABLE_KINDS } from '../../workload/kinds.ts'

/**
 * A policy that refuses what an injection would refuse: pods in which it finds something in its way, where it says `onConflict: Deny`.
 * So the preview asks about an injection as it does about a policy.
 *
 * @param set what is in force beside it.
 */
export function denialsOfInjection(
  injection: Injection,
  set: InjectionSet,
  namespaceLabels: NamespaceLabels,
): CompiledPolicy {
  const check: BoundCheck = {
    id: 'injection',
    kinds: INJECTABLE_KINDS,
    resources: rulesFor(INJECTABLE_KINDS),
    warnings: [],
    run({ pods, request: { namespace } }) {
      const { here } = injectionsAt(set, () => ({ name: namespace, labels: namespaceLabels.labelsOf(namespace) }))
      const asIf = asIfInForce(here, injection)
      const findings = pods.flatMap(({ pointer, metadata, spec }): readonly Finding[] => {
        const pod: JsonObject = { ...(metadata && { metadata }), ...(spec && { spec }) }
        const { denial } = planInjections({ pod, namespace }, asIf, { namespaceLabels })
        if (denial?.injection !== injection) return []
        return [{ pointer, message: denial.message, level: 'violation', key: denial.message }]
      })
      return { findings }
    },
  }
  return {
    kind: 'Policy',
    name: injection.name,
    revision: injection.revision,
    file: injection.file,
    source: injection.source,
    actions: ['Deny'],
    failurePolicy: 'Fail',
    match: {
      rules: check.resources,
      excludeRules: [],
      isExact: false,
      namespaceSelector: [],
      objectSelector: [],
      excludeNamespaces: set.excludedNamespaces,
    },
    podTemplates: [],
    checks: [check],
    isStaged: false,
  }
}
