import { describe, expect, it } from 'vitest'
import { judge, requestFor, setOf } from '../support/engine.ts'

const POLICY = `
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: host-path}
spec: {validationActions: [Deny], checks: [{check: host-path}]}
`
const exception = (spec: string) => `
apiVersion: portcullis.dev/v1alpha1
kind: PolicyException
metadata: {name: agent, namespace: portcullis-system}
spec: {policies: [host-path], match: {namespaces: [shop]}, images: ["registry.example/agent:*"], reason: it reads logs${spec}}
`
const pod = (image: string, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'agent', namespace: 'shop', labels },
  spec: {
    containers: [{ name: 'agent', image, volumeMounts: [{ name: 'h', mountPath: '/h' }] }],
    volumes: [{ name: 'h', hostPath: { path: '/var/log' } }],
  },
})
const agent = pod('registry.example/agent:1')
const update = (object: object, oldObject: object, exceptions: string) =>
  judge(setOf(POLICY, exceptions), requestFor(object, { oldObject }))

describe('an update of what an exception let pass', () => {
  it.each([
    ['that stays in it is exempt', pod('registry.example/agent:2', { a: 'b' }), exception(''), true, 1],
    ['that leads out of it is refused', pod('registry.example/other:1'), exception(''), false, 0],
    ['past its date warns', pod('registry.example/other:1'), exception(', expires: "2025-01-01T00:00:00Z"'), true, 0],
    ['without one any more warns', pod('registry.example/other:1'), '', true, 0],
  ] as const)('%s', (_what, object, exceptions, allowed, exempt) => {
    const decision = update(object, agent, exceptions)
    expect(decision.allowed).toBe(allowed)
    expect(decision.exempt.length > 0).toBe(exempt > 0)
    expect(decision.warnings.length > 0).toBe(allowed && exempt === 0)
  })

  it('of another user’s exception warns: who brings the update, say the kubelet, is not who was let in', () => {
    const exceptions = exception('').replace('namespaces: [shop]', 'users: [ops]')
    expect(update(pod('registry.example/other:1'), agent, exceptions)).toMatchObject({ allowed: true, denials: [] })
  })
})
