import type { AdmissionRequest } from '../../../src/admission/request.ts'
import { type JudgeOptions, judge, type RequestFields, requestFor, setOf } from '../../support/engine.ts'
import type { Result } from '../support.ts'

/** Every check that an exception is asked for, and each denies. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  'host-path': ['host-path'],
  'pod-security': ['privileged', 'capabilities-baseline', 'host-namespaces', 'host-ports', 'app-armor'],
}
const POD_TEMPLATES = [
  { group: 'example.com', kind: 'Fleet', resource: 'fleets', pointers: ['/spec/pods/*/template', '/spec/extra'] },
]
const POLICIES = Object.entries(CHECKS)
  .map(([name, checks]) =>
    JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name },
      spec: { validationActions: ['Deny'], checks: checks.map(check => ({ check })), podTemplates: POD_TEMPLATES },
    }),
  )
  .join('\n---\n')

export const REASON = 'portcullis.dev/break-glass-reason'
export const ALICE = { username: 'alice', uid: '', groups: ['dev'] }
export const BOB = { username: 'bob', uid: '', groups: ['dev'] }
export const ANN = { username: 'ann', uid: '', groups: ['sre'] }

/** An object that tests change as they like. */
// biome-ignore lint/suspicious/noExplicitAny: a path through an object is what a test is about.
export type Draft = any

/** An update of the object that is there: what is changed, and by which request. */
export interface Step extends JudgeOptions {
  readonly change: (draft: Draft) => void
  readonly by?: AdmissionRequest['userInfo']
  readonly subResource?: string
}

/** What stands before the first step, who may bring it, and under which exceptions. */
export interface Start {
  readonly object: Draft
  readonly exceptions: readonly object[]
  /** Who creates it; not asked if nobody could, because it is older than the policy. */
  readonly creator?: AdmissionRequest['userInfo']
}

/**
 * Makes an object and updates it step by step, as bob unless a step says otherwise.
 *
 * @returns `denied` if any step is; otherwise what became of the last one.
 * @throws if the object could not be created in the first place.
 */
export function sequence({ object, exceptions, creator }: Start, steps: readonly Step[]): Result {
  const set = setOf(POLICIES, exceptions.map(exceptionOf).join('\n---\n'))
  const outcome = (draft: Draft, fields: RequestFields, options: JudgeOptions): Result => {
    const { allowed, warnings, skipped } = judge(set, requestFor(draft, fields), options)
    if (!allowed) return 'denied'
    if (warnings.length > 0) return 'warned'
    return skipped.length > 0 ? 'skipped' : 'passed'
  }
  if (creator !== undefined && outcome(object, { userInfo: creator }, {}) === 'denied')
    throw new Error('nobody could have created it')
  let now = object
  let last: Result = 'passed'
  for (const { change, by = BOB, subResource = '', ...options } of steps) {
    const next = structuredClone(now)
    change(next)
    last = outcome(next, { oldObject: now, userInfo: by, subResource }, options)
    if (last === 'denied') return last
    now = next
  }
  return last
}

function exceptionOf(spec: object, index: number): string {
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: { name: `e${index}`, namespace: 'portcullis-system' },
    spec: { policies: Object.keys(CHECKS), images: ['good/*'], reason: 'it reads logs', ...spec },
  })
}

/** What an agent's pod does on its node; everything of it needs an exception. */
export const agentSpec = () => ({
  hostPID: true,
  serviceAccountName: 'agent',
  containers: [
    {
      name: 'agent',
      image: 'good/agent:1',
      command: ['/agent'],
      env: [{ name: 'MODE', value: 'read' }],
      securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN'], drop: ['NET_RAW'] } },
      volumeMounts: [
        { name: 'h', mountPath: '/host', readOnly: true },
        { name: 'mask', mountPath: '/host/etc' },
        { name: 'conf', mountPath: '/conf' },
      ],
    },
  ],
  volumes: [
    { name: 'h', hostPath: { path: '/' } },
    { name: 'mask', emptyDir: {} },
    { name: 'conf', configMap: { name: 'agent' } },
  ],
})

const metadata = (labels: object = { app: 'agent' }) => ({ name: 'agent', namespace: 'shop', labels, annotations: {} })
export const agentPod = (): Draft => ({ apiVersion: 'v1', kind: 'Pod', metadata: metadata(), spec: agentSpec() })
export const agentOf = (apiVersion: string, kind: string, spec: (template: object) => object): Draft => ({
  apiVersion,
  kind,
  metadata: metadata(),
  spec: spec({ metadata: { labels: { app: 'agent' }, annotations: {} }, spec: agentSpec() }),
})
export const agentDeployment = () => agentOf('apps/v1', 'Deployment', template => ({ replicas: 1, template }))

/** The pod spec of a pod or a Deployment. */
export const specOf = (draft: Draft): Draft => draft.spec.template?.spec ?? draft.spec
export const agentIn = (draft: Draft): Draft => specOf(draft).containers[0]
export const evil = (draft: Draft) => {
  agentIn(draft).image = 'evil/agent:1'
}
