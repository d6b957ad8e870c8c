import { describe, expect, test } from 'vitest'
import { namespaceLabelsOf } from '../../src/policy/match.ts'
import { inject } from '../../src/review/inject.ts'
import { json, load, requestFor, subjectFacts } from '../support/engine.ts'
import { injectionSet } from '../support/injection.ts'

const SAFE = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}
const pod = json({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'checkout', namespace: 'shop' },
  spec: { containers: [{ name: 'app', image: 'app:1', securityContext: SAFE }] },
})

/** The warnings and the kind of answer for a pod into which one sidecar is injected. */
function answerFor(labels: Readonly<Record<string, string>> | undefined, sidecar: unknown, object = pod) {
  const { answer } = inject(requestFor(object), {
    injections: injectionSet({ a: { containers: [sidecar] } }),
    set: load([]).set,
    namespaceLabels: namespaceLabelsOf(labels === undefined ? {} : { shop: labels }),
    facts: subjectFacts(),
  })
  return { kind: answer.kind, warnings: answer.warnings }
}

const side = { name: 'side', image: 'side:1' }
const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' }
const says = (level: string, what: string) => `Pod Security "${level}", which namespace shop enforces: injected ${what}`

describe('a namespace that enforces Pod Security', () => {
  test('injection 55: a sidecar that lacks what restricted demands is injected, with a warning for each field', () => {
    expect(answerFor(RESTRICTED, side)).toEqual({
      kind: 'patched',
      warnings: [
        says(
          'restricted',
          'container "side" does not forbid privilege escalation; set securityContext.allowPrivilegeEscalation to false',
        ),
        says(
          'restricted',
          'container "side" may run as root: runAsNonRoot is set neither by it nor by the pod; set securityContext.runAsNonRoot of the pod to true',
        ),
        says(
          'restricted',
          'container "side" does not drop all capabilities; set securityContext.capabilities.drop to ["ALL"]',
        ),
        says(
          'restricted',
          'container "side" has no seccomp profile, of its own or from the pod; set securityContext.seccompProfile.type of the pod to RuntimeDefault',
        ),
      ],
    })
  })

  test('injection 55: a sidecar that has all of it goes without a word', () => {
    expect(answerFor(RESTRICTED, { ...side, securityContext: SAFE })).toEqual({ kind: 'patched', warnings: [] })
  })

  test("injection 55: what the pod's author lacks is the author's business", () => {
    const { securityContext: _, ...bare } = (pod['spec'] as unknown as { containers: [Record<string, unknown>] })
      .containers[0]
    const object = json({ ...pod, spec: { containers: [bare] } })
    expect(answerFor(RESTRICTED, { ...side, securityContext: SAFE }, object)).toEqual({ kind: 'patched', warnings: [] })
  })

  test('injection 55: at baseline only what baseline forbids counts, at a version only what it knew', () => {
    const baseline = { 'pod-security.kubernetes.io/enforce': 'baseline' }
    expect(answerFor(baseline, side).warnings).toEqual([])
    const { warnings } = answerFor(baseline, { ...side, securityContext: { privileged: true } })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(says('baseline', 'container "side" is privileged'))
    const old = { ...RESTRICTED, 'pod-security.kubernetes.io/enforce-version': 'v1.5' }
    expect(answerFor(old, { ...side, securityContext: { runAsNonRoot: true } }).warnings).toEqual([])
    const unreadable = { ...RESTRICTED, 'pod-security.kubernetes.io/enforce-version': 'tomorrow' }
    expect(answerFor(unreadable, side).warnings).toHaveLength(4)
  })

  test.each([
    undefined,
    {},
    { 'pod-security.kubernetes.io/enforce': 'privileged' },
    { 'pod-security.kubernetes.io/warn': 'restricted' },
  ])('injection 55: nothing is said where nothing is enforced, or nobody knows: %j', labels => {
    expect(answerFor(labels, side)).toEqual({ kind: 'patched', warnings: [] })
  })
})
