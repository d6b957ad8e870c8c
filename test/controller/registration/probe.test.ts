import { describe, expect, it } from 'vitest'
import { ApiError } from '../../../src/cluster/http.ts'
import { policiesAgainstProbe } from '../../../src/controller/registration/expected.ts'
import { type ProbeResult, probe } from '../../../src/controller/registration/probe.ts'
import { NO_NAMESPACE_LABELS } from '../../../src/policy/match.ts'
import { setOf, shippedHostPath } from '../../support/engine.ts'
import { policyText } from '../../support/reviews.ts'

const DENIED = 'admission webhook "policies.portcullis.dev" denied the request: Pod "portcullis-probe/x" is refused by'
const forbidden = (message: string, warnings: readonly string[] = []) =>
  new ApiError(403, 'Forbidden', message, warnings)
const WARNING = 'would be refused by policy host-path: volume "host" mounts'

describe('a probe', () => {
  it.each<[string, ApiError | Error | readonly string[], ProbeResult]>([
    [
      'refused by a policy of ours',
      forbidden(`${DENIED} policy host-path:\n- volume`),
      { kind: 'refused', policy: 'host-path' },
    ],
    [
      'refused by several',
      forbidden(`${DENIED} policies a, host-path:\n- a: x`),
      { kind: 'refused', policy: 'host-path' },
    ],
    [
      'refused by our webhook for lenient policies, which came first',
      forbidden(`${DENIED} policy host-path:\n- volume`.replace('policies.', 'lenient.')),
      { kind: 'refused', policy: 'host-path' },
    ],
    [
      'refused by our webhook for another reason',
      forbidden(`${DENIED} policy other-host-path:\n- volume`),
      { kind: 'let-through', message: `${DENIED} policy other-host-path:\n- volume` },
    ],
    [
      'refused by somebody else',
      forbidden('admission webhook "other.example.com" denied the request: is refused by policy host-path:'),
      {
        kind: 'let-through',
        message: 'admission webhook "other.example.com" denied the request: is refused by policy host-path:',
      },
    ],
    ['admitted', [], { kind: 'let-through', message: 'it was admitted' }],
    ['admitted with our warning', [WARNING], { kind: 'observed', policy: 'host-path' }],
    [
      'stopped by the quota after our warning',
      forbidden('exceeded quota: none', [WARNING]),
      { kind: 'observed', policy: 'host-path' },
    ],
    [
      'stopped by the quota alone',
      forbidden('exceeded quota: none'),
      { kind: 'let-through', message: 'exceeded quota: none' },
    ],
    [
      'not asked about, because the gateway cannot be reached',
      new ApiError(
        500,
        'InternalError',
        'Internal error occurred: failed calling webhook "policies.portcullis.dev": failed to call webhook: Post',
      ),
      {
        kind: 'unreachable',
        message:
          'Internal error occurred: failed calling webhook "policies.portcullis.dev": failed to call webhook: Post',
      },
    ],
    [
      'in a namespace that is not there',
      new ApiError(404, 'NotFound', 'namespaces "portcullis-probe" not found'),
      { kind: 'unknown', message: 'namespaces "portcullis-probe" not found' },
    ],
    ['sent into the void', new Error('ECONNREFUSED'), { kind: 'unknown', message: 'Error: ECONNREFUSED' }],
  ])('that is %s', async (_what, answer, expected) => {
    const create = async () => {
      if (answer instanceof Error) throw answer
      return { object: {}, warnings: answer }
    }
    expect(await probe({ create }, ['host-path'])).toEqual(expected)
  })
})

describe('the policies against the probe', () => {
  it('are those that deny its pod', async () => {
    expect(
      policiesAgainstProbe({ set: await shippedHostPath(), namespaceLabels: NO_NAMESPACE_LABELS, now: 0 }),
    ).toEqual(['host-path'])
  })

  it('are none where nothing denies pods, and not those that only warn', () => {
    const set = setOf(policyText({ name: 'host-path', actions: ['Warn'] }))
    expect(policiesAgainstProbe({ set, namespaceLabels: NO_NAMESPACE_LABELS, now: 0 })).toEqual([])
  })
})
