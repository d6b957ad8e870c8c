import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { certificateFacts } from '../../src/certs/facts.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { digest } from '../../src/cli/documents.ts'
import { NO_INJECTIONS } from '../../src/injection/set.ts'
import type { JsonObject } from '../../src/json/value.ts'
import { lintText } from '../../src/lint/lint-text.ts'
import { loadSet, type PolicySet } from '../../src/policy/set.ts'
import { ENDPOINTS } from '../../src/review/path.ts'
import { review } from '../../src/review/review.ts'
import { parseYaml } from '../../src/yaml/parse.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

const policies = `apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: everywhere}
spec: {validationActions: [Deny], checks: [{check: host-path}]}
---
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: labelled}
spec:
  validationActions: [Deny, Audit]
  matchConstraints: {objectSelector: {matchLabels: {strict: "yes"}}, namespaceSelector: {matchLabels: {tier: prod}}}
  checks: [{check: host-path, params: {mode: none}}]
---
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: warns}
spec: {validationActions: [Warn], checks: [{check: host-path, params: {mode: none}}]}
`

const exceptions = `apiVersion: portcullis.dev/v1alpha1
kind: PolicyException
metadata: {name: logs, namespace: x}
spec: {policies: [everywhere], match: {namespaces: [shop], names: ["log-*"]}, paths: [/var/log/**], reason: reads logs}
---
apiVersion: portcullis.dev/v1alpha1
kind: PolicyException
metadata: {name: old, namespace: x}
spec: {policies: [everywhere], reason: once, expires: "2025-12-31T00:00:00Z"}
`

function setOf(): PolicySet {
  const read = (text: string, kind: string) =>
    parseYaml(text).documents.map(document => ({
      file: `${kind}.yaml`,
      value: document.value,
      kinds: [kind],
      revision: '1',
      locate: document.locate,
    }))
  const { set, problems } = loadSet(
    { documents: [...read(policies, 'Policy'), ...read(exceptions, 'PolicyException')], problems: [] },
    { checks: CHECKS, excludedNamespaces: ['kube-system'], digest },
  )
  expect(problems).toEqual([])
  return set
}

const labels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: { tier: 'prod' },
  lab: {},
  default: { tier: 'prod' },
}
const namespaceLabels = { labelsOf: (namespace: string) => labels[namespace] }

const path = fc.constantFrom('/', '/data', '/var/log/pods', '/var/run/docker.sock', '/opt/x', '', '../x', '/data//a/')
const volume = fc.oneof(
  path.map(path => ({ hostPath: { path } })),
  fc.record({ hostPath: fc.record({ path, type: fc.constantFrom('Directory', 'DirectoryOrCreate') }) }),
  fc.constantFrom({ emptyDir: {} }, { gitRepo: { repository: 'x' } }, { configMap: { name: 'x' } }, {}),
)
const pod = fc
  .record({
    name: fc.constantFrom('web', 'log-reader'),
    namespace: fc.constantFrom(undefined, 'shop', 'lab', 'kube-system'),
    strict: fc.constantFrom('yes', 'no'),
    workingDir: fc.constantFrom(undefined, '/proc/1', '/app'),
    subPath: fc.constantFrom(undefined, 'a'),
    readOnly: fc.boolean(),
    volumes: fc.array(volume, { maxLength: 3 }),
  })
  .map(({ name, namespace, strict, workingDir, subPath, readOnly, volumes }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { strict } },
    spec: {
      volumes: volumes.map((source, index) => ({ name: `v${index}`, ...source })),
      containers: [
        {
          name: 'c',
          image: 'i',
          workingDir,
          volumeMounts: volumes.map((_, index) => ({ name: `v${index}`, mountPath: `/m${index}`, subPath, readOnly })),
        },
      ],
    },
  }))
  // Fields that are undefined are left out, as nobody would write them.
  .map(
    manifest => JSON.parse(JSON.stringify(manifest)) as JsonObject & { metadata: { name: string; namespace?: string } },
  )

async function admits(
  manifest: typeof pod extends fc.Arbitrary<infer T> ? T : never,
  set: PolicySet,
): Promise<boolean> {
  const namespace = manifest.metadata.namespace ?? 'default'
  const request = {
    uid: '1',
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    name: manifest.metadata.name,
    namespace,
    userInfo: { username: 'ann', groups: ['system:authenticated'] },
    object: { ...manifest, metadata: { ...manifest.metadata, namespace } },
    oldObject: null,
  }
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })
  const reviewed = await review(
    { ...ENDPOINTS.validate, body: new TextEncoder().encode(body), deadline: Number.POSITIVE_INFINITY },
    {
      set,
      injections: NO_INJECTIONS,
      namespaceLabels,
      readCertificates: certificateFacts,
      now: () => now,
      monotonic: () => 0,
    },
  )
  const { response } = JSON.parse(reviewed.body) as { response: { allowed: boolean; status?: { code: number } } }
  if (!response.allowed) expect(response.status?.code).toBe(403)
  return response.allowed
}

describe('policy-lint and the webhook', () => {
  it('agree on every pod', async () => {
    const set = setOf()
    const context = { set, namespaceLabels, defaultNamespace: 'default', now }
    const seen = { true: 0, false: 0 }
    await fc.assert(
      fc.asyncProperty(pod, async manifest => {
        const { report } = lintText('a.json', JSON.stringify(manifest), context)
        const isClean = !report.findings.some(({ action }) => action === 'Deny')
        expect(report).toMatchObject({ objects: 1, errors: [], skipped: [] })
        expect(isClean).toBe(await admits(manifest, set))
        seen[`${isClean}`]++
      }),
      { numRuns: 1000 },
    )
    // Neither side always wins.
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(50)
  })
})
