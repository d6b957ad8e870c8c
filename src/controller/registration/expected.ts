import { requestOfManifest } from '../../admission/manifest.ts'
import { certificateFacts } from '../../certs/facts.ts'
import { decide } from '../../policy/decide.ts'
import { evaluate } from '../../policy/evaluate.ts'
import type { NamespaceLabels } from '../../policy/match.ts'
import type { PolicySet } from '../../policy/set.ts'
import { PROBE_POD } from './probe.ts'

/** The policies that refuse the probe's pod, by the controller's own evaluation; empty where no policy denies any pod. */
export function policiesAgainstProbe(set: PolicySet, namespaceLabels: NamespaceLabels, now: number): readonly string[] {
  const request = requestOfManifest(PROBE_POD, {
    uid: '',
    operation: 'CREATE',
    defaultNamespace: 'default',
    subResource: '',
    userInfo: undefined,
    dryRun: true,
    oldObject: null,
  })
  if (request === undefined) return []
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
  const { denials } = decide(results, set, request, { namespaceLabels, now })
  return [...new Set(denials.map(({ policy }) => policy))]
}
