import { expect, it } from 'vitest'
import { servedAs } from '../../src/admission/resources.ts'
import { NO_INJECTIONS } from '../../src/injection/set.ts'
import { ENDPOINTS } from '../../src/review/path.ts'
import { review } from '../../src/review/review.ts'
import { createMetrics, observeReview } from '../../src/server/metrics.ts'
import { contextOf } from '../../src/server/snapshot.ts'
import { hostPathSet } from '../support/engine.ts'
import { reviewOf } from '../support/reviews.ts'

const snapshot = { set: hostPathSet(), injections: NO_INJECTIONS, namespaces: {}, isBraked: false }

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: object
  readonly spec: object
}

async function ask(object: Manifest, endpoint: 'validate' | 'documents' = 'validate') {
  const { apiVersion, kind } = object
  const fields = { group: apiVersion.split('/')[0] ?? '', kind, resource: servedAs({ group: '', kind }).resource }
  const body = new TextEncoder().encode(JSON.stringify(reviewOf(object, fields)))
  const clock = { now: () => 0, monotonic: () => 0 }
  const input = { ...ENDPOINTS[endpoint], body, deadline: 1 }
  const { body: answer, facts } = await review(input, contextOf(snapshot, clock))
  const { response } = JSON.parse(answer.toString()) as {
    response: {
      allowed: boolean
      auditAnnotations: Record<string, string>
      status?: { message: string }
      warnings?: string[]
    }
  }
  const metrics = createMetrics()
  observeReview(metrics, facts, 0)
  return { ...response, counted: (await metrics.unjudgedPods.get()).values }
}

it('a pod in a place that no policy knows is allowed, and said in the audit log and in a metric', async () => {
  const spec = { pod: { volumes: [{ name: 'v', hostPath: { path: '/etc' } }] } }
  const { allowed, auditAnnotations, counted } = await ask({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    spec,
  })
  expect(allowed).toBe(true)
  expect(auditAnnotations['skipped']).toBe(
    'host-path: /spec/pod looks like a pod (volumes), and was not judged: add to spec.podTemplates of the policy: {group: example.com, kind: Widget, resource: widgets, pointers: [/spec/pod]}',
  )
  expect(counted).toEqual([{ labels: { resource: 'widgets.example.com' }, value: 1 }])
})

it('a known custom resource is refused, without a word about that', async () => {
  const spec = { steps: [{ image: 'i' }], volumes: [{ name: 'v', hostPath: { path: '/etc' } }] }
  const answer = await ask({ apiVersion: 'tekton.dev/v1', kind: 'Task', metadata: { name: 't' }, spec })
  expect(answer.allowed).toBe(false)
  expect(answer.auditAnnotations['skipped']).toBeUndefined()
  expect(answer.counted).toEqual([])
})

const policy = (matchConstraints: object) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Policy',
  metadata: { name: 'p' },
  spec: { validationActions: ['Deny'], checks: [{ check: 'host-path' }], matchConstraints },
})
const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'] }
const named = (...values: readonly string[]) => ({
  matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }],
})

it('a policy that can match nothing is refused when it is applied', async () => {
  const { allowed, status } = await ask(policy({ resourceRules: [{ ...rule, resources: ['pod'] }] }), 'documents')
  expect(allowed).toBe(false)
  expect(status?.message).toContain('there is no resource "pod" in the group "" (did you mean "pods"?)')
})

it.each([
  [policy({ resourceRules: [{ ...rule, resources: ['pods', 'pod'] }] }), 'there is no resource "pod"'],
  [policy({ namespaceSelector: named('kube-system') }), 'names only namespaces that are left alone (kube-system'],
])('a doubtful one is applied with a warning', async (document, warning) => {
  const { allowed, warnings } = await ask(document, 'documents')
  expect(allowed).toBe(true)
  expect(warnings).toEqual([expect.stringContaining(warning)])
})
