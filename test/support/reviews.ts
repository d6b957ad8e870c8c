import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { type CheckResult, type RegisteredCheck, register, type Subject } from '../../src/checks/check.ts'
import { rulesFor } from '../../src/checks/resources.ts'
import { POD_TEMPLATE_KINDS } from '../../src/workload/kinds.ts'

/** What may differ between reviews. Every field has an ordinary default. */
export interface ReviewFields {
  readonly uid?: string
  readonly apiVersion?: string
  readonly reviewKind?: string
  readonly operation?: string
  readonly group?: string
  readonly kind?: string
  readonly resource?: string
  readonly subResource?: string
  readonly namespace?: string
  readonly name?: string
  readonly user?: string
  readonly groups?: readonly string[]
  readonly dryRun?: boolean
  readonly oldObject?: unknown
}

/** An AdmissionReview as kube-apiserver writes it, its fields in the same order. */
export function reviewOf(object: unknown, fields: ReviewFields = {}): unknown {
  const { group = '', kind = 'Pod', resource = 'pods', subResource, name = 'checkout' } = fields
  return {
    kind: fields.reviewKind ?? 'AdmissionReview',
    apiVersion: fields.apiVersion ?? 'admission.k8s.io/v1',
    request: {
      uid: fields.uid ?? '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group, version: 'v1', kind },
      resource: { group, version: 'v1', resource },
      ...(subResource !== undefined && { subResource }),
      requestKind: { group, version: 'v1', kind },
      requestResource: { group, version: 'v1', resource },
      ...(name !== '' && { name }),
      namespace: fields.namespace ?? 'shop',
      operation: fields.operation ?? 'CREATE',
      userInfo: { username: fields.user ?? 'kubernetes-admin', groups: fields.groups ?? ['system:authenticated'] },
      object,
      oldObject: fields.oldObject ?? null,
      dryRun: fields.dryRun ?? false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  }
}

/** A pod that asks for nothing. */
export function plainPod(metadata: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'checkout', namespace: 'shop', ...metadata },
    spec: { containers: [{ name: 'app', image: 'registry.example/checkout:1' }] },
  }
}

/** A pod that mounts a path of its node. */
export function hostPathPod(
  path = '/',
  metadata: Readonly<Record<string, unknown>> = {},
  args: readonly string[] = [],
) {
  const mounts = [{ name: 'host', mountPath: '/host' }]
  return {
    ...plainPod(metadata),
    spec: {
      containers: [{ name: 'app', image: 'registry.example/checkout:1', args, volumeMounts: mounts }],
      volumes: [{ name: 'host', hostPath: { path } }],
    },
  }
}

/** JSON as Go's encoder writes it: `<`, `>` and `&` take six bytes each. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A review of a dangerous pod with so many MiB of empty objects in it, which take long to parse. */
export function heavyReview(mebibytes: number): string {
  const filler = `[${'{},'.repeat((mebibytes * 1024 * 1024) / 3)}{}]`
  return JSON.stringify(reviewOf({ ...hostPathPod(), filler: 0 })).replace('"filler":0', `"filler":${filler}`)
}

/** What a policy document of a test says. */
export interface PolicyFields {
  readonly name: string
  readonly actions?: readonly string[]
  readonly check?: string
  readonly params?: unknown
  readonly failurePolicy?: string
  readonly matchConstraints?: unknown
  readonly excludeNamespaces?: readonly string[]
}

/** A Policy document; JSON is YAML too. */
export function policyText(fields: PolicyFields): string {
  const {
    name,
    actions = ['Deny'],
    check = 'host-path',
    params,
    failurePolicy,
    matchConstraints,
    excludeNamespaces,
  } = fields
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: {
      validationActions: actions,
      ...(failurePolicy !== undefined && { failurePolicy }),
      ...(matchConstraints !== undefined && { matchConstraints }),
      ...(excludeNamespaces !== undefined && { excludeNamespaces }),
      checks: [{ check, ...(params !== undefined && { params }) }],
    },
  })
}

/** A folder with one file for each policy; gone after the run. */
export function policyFolder(...policies: readonly PolicyFields[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-policies-'))
  for (const policy of policies) writeFileSync(join(folder, `${policy.name}.yaml`), policyText(policy))
  return folder
}

/** A check that does what a test wants, about every kind of pod. */
export function testCheck(id: string, run: (subject: Subject) => CheckResult): RegisteredCheck {
  const resources = rulesFor(POD_TEMPLATE_KINDS)
  return register({
    id,
    summary: 'For tests.',
    kinds: POD_TEMPLATE_KINDS,
    resources,
    params: z.looseObject({}).default({}),
    run,
  })
}

/** Keeps the thread busy. */
export function burn(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}
