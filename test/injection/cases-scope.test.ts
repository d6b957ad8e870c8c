import { describe, expect, test } from 'vitest'
import { digest } from '../../src/cli/documents.ts'
import { loadInjections } from '../../src/injection/set.ts'
import { documentsOf, json } from '../support/engine.ts'
import { type InjectionSpec, injectionSet, injectionText, plan } from '../support/injection.ts'
import { compile, MUTATIONS, SIDECARS } from './generic/files.ts'

const ASK = 'mesh.example.com/inject'
const podOf = (spec: object = {}) =>
  json({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'node-agent', annotations: { [ASK]: 'true', 'example.com/inject': 'true' } },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
  })
const ON_NODE = podOf({ hostNetwork: true })

const resources = { requests: { cpu: '1m' }, limits: { memory: '8Mi' } }
const container = (securityContext: object) => ({ name: 'netinit', image: 'netinit:1', resources, securityContext })
const adds = (...add: readonly string[]) => container({ capabilities: { add } })
const asked = (spec: InjectionSpec): InjectionSpec => ({ trigger: { annotation: ASK }, ...spec })

/** What loading says of a document. */
function loaded(spec: InjectionSpec) {
  const documents = documentsOf(injectionText('a', spec), ['SidecarInjection'], 'injection.yaml')
  const { problems, warnings } = loadInjections({ documents, problems: [] }, { excludedNamespaces: [], digest })
  const lines = (list: typeof problems) => list.map(({ pointer, message }) => `${pointer}: ${message}`)
  return { problems: lines(problems), warnings: lines(warnings) }
}

const POWERFUL: readonly (readonly [what: string, power: string, spec: InjectionSpec])[] = [
  ['an init container with NET_ADMIN', 'adds the capability NET_ADMIN', { initContainers: [adds('NET_ADMIN')] }],
  [
    'a first init container with NET_ADMIN',
    'adds the capability NET_ADMIN',
    { initContainersFirst: [adds('CHOWN', 'NET_ADMIN')] },
  ],
  ['a container with NET_RAW', 'adds the capability NET_RAW', { containers: [adds('NET_RAW')] }],
  [
    'a native sidecar with SYS_ADMIN',
    'adds the capability SYS_ADMIN',
    { initContainers: [{ ...adds('SYS_ADMIN'), restartPolicy: 'Always' }] },
  ],
  ['a container with all capabilities', 'adds the capability ALL', { containers: [adds('all')] }],
  ["a capability with the kernel's prefix", 'adds the capability NET_ADMIN', { containers: [adds('CAP_NET_ADMIN')] }],
  ['a capability in small letters', 'adds the capability NET_ADMIN', { containers: [adds('net_admin')] }],
  ['a privileged container', 'is privileged', { containers: [container({ privileged: true })] }],
  [
    'a capability that is dropped and added',
    'adds the capability NET_RAW',
    { containers: [container({ capabilities: { drop: ['ALL'], add: ['NET_RAW'] } })] },
  ],
]

const HARMLESS: readonly (readonly [what: string, spec: InjectionSpec])[] = [
  [
    'a container that says nothing of capabilities',
    { containers: [{ name: 'netinit', image: 'netinit:1', resources }] },
  ],
  ['a container that binds low ports', { containers: [adds('NET_BIND_SERVICE')] }],
  [
    'a container that is not privileged',
    { containers: [container({ privileged: false, capabilities: { drop: ['NET_ADMIN'] } })] },
  ],
  ['no container', { labels: { NET_ADMIN: 'x' } }],
]

describe("a pod that shares the node's network", () => {
  test.each(POWERFUL)('injection 68: does not get %s, and is told why', (_, power, spec) => {
    const { operations, results, notes } = plan(ON_NODE, injectionSet({ a: asked(spec) }))
    expect([operations, results]).toEqual([[], { a: 'host-network-pod' }])
    expect(notes).toEqual([
      `a: left-out: nothing was injected: container "netinit" ${power}, and the pod shares the node's network: it could change the network of the whole node; if that is meant, set onHostNetwork: Allow in the injection`,
    ])
    expect(plan(podOf(), injectionSet({ a: asked(spec) })).results).toEqual({ a: 'injected' })
  })

  test.each(POWERFUL)('injection 68: gets %s if the injection says so', (_, _power, spec) => {
    for (const consent of [{ onHostNetwork: 'Allow' }, { match: { hostNetwork: true } }]) {
      expect(plan(ON_NODE, injectionSet({ a: asked({ ...spec, ...consent }) })).results).toEqual({ a: 'injected' })
    }
  })

  test.each(HARMLESS)('injection 68: gets an injection with %s, unless it says Skip', (_, spec) => {
    expect(plan(ON_NODE, injectionSet({ a: asked(spec) })).results).toEqual({ a: 'injected' })
    expect(plan(ON_NODE, injectionSet({ a: asked({ ...spec, onHostNetwork: 'Skip' }) })).results).toEqual({
      a: 'host-network-pod',
    })
  })

  test('injection 68: does not refuse the pod under onFailure: Deny: it is left out on purpose', () => {
    const spec = { containers: [adds('NET_ADMIN')], onFailure: 'Deny', onConflict: 'Deny' }
    expect(plan(ON_NODE, injectionSet({ a: spec }))).toMatchObject({
      denial: undefined,
      notes: [],
      results: { a: 'host-network-pod' },
    })
  })

  test('injection 68: gets what the generic format says, with a warning: that format has no word for it', () => {
    const privileged = SIDECARS.replace(
      '{name: c, image: a}',
      '{name: c, image: a, securityContext: {privileged: true}}',
    )
    const set = { ...injectionSet({ z: { labels: { a: 'b' } } }), injections: compile(privileged, MUTATIONS) }
    expect(plan(ON_NODE, set)).toMatchObject({
      results: { m: 'injected' },
      notes: [
        expect.stringMatching(/^m: node-network: container "c" is privileged, and the pod shares the node's network/),
      ],
    })
    expect(plan(podOf(), set).notes).toEqual([])
  })
})

describe('match', () => {
  const side = { containers: [{ name: 'side', image: 'side:1', resources }], jobs: 'Always' }
  test.each<[match: object, pod: object, result: string]>([
    [{ hostNetwork: true }, { hostNetwork: true }, 'injected'],
    [{ hostNetwork: true }, {}, 'other-pod'],
    [{ hostNetwork: true }, { hostNetwork: null }, 'other-pod'],
    [{ hostNetwork: false }, { hostNetwork: false }, 'injected'],
    [{ hostNetwork: false }, {}, 'injected'],
    [{ hostNetwork: false }, { hostNetwork: true }, 'other-pod'],
    [{ restartPolicy: ['Always'] }, {}, 'injected'],
    [{ restartPolicy: ['Always'] }, { restartPolicy: '' }, 'injected'],
    [{ restartPolicy: ['Always'] }, { restartPolicy: 'Never' }, 'other-pod'],
    [{ restartPolicy: ['OnFailure', 'Never'] }, { restartPolicy: 'Never' }, 'injected'],
    [{ restartPolicy: ['Never'] }, { restartPolicy: 'OnFailure' }, 'other-pod'],
    [{ hostNetwork: false, restartPolicy: ['Never'] }, { restartPolicy: 'Never', hostNetwork: true }, 'other-pod'],
    [{}, { hostNetwork: true, restartPolicy: 'Never' }, 'injected'],
  ])('injection 68: %j and a pod with %j: %s', (match, pod, result) => {
    const planned = plan(podOf(pod), injectionSet({ a: { ...side, match } }))
    expect(planned.results).toEqual({ a: result })
    expect(planned.notes).toEqual([])
  })
})

describe('a document', () => {
  test.each(POWERFUL)(
    "injection 68: with %s is warned of if it does not mention the node's network",
    (_, power, spec) => {
      const [list] = Object.keys(spec)
      expect(loaded(spec)).toEqual({
        problems: [],
        warnings: [
          `/spec/${list}/0: container "netinit" ${power}: pods that share the node's network are left out, because it could change the network of the whole node; say match.hostNetwork: false if that is right, or onHostNetwork: Allow`,
        ],
      })
      for (const word of [
        { match: { hostNetwork: false } },
        { match: { hostNetwork: true } },
        { onHostNetwork: 'Skip' },
      ]) {
        expect(loaded({ ...spec, ...word }).warnings).toEqual([])
      }
    },
  )

  test.each(HARMLESS)('injection 68: with %s is not', (_, spec) => {
    expect(loaded(spec)).toEqual({ problems: [], warnings: [] })
  })

  test('injection 68: that leaves every pod out is refused', () => {
    const side = { containers: [{ name: 'side', image: 'side:1', resources }] }
    expect(loaded({ ...side, match: { hostNetwork: true }, onHostNetwork: 'Skip' }).problems).toEqual([
      "/spec/onHostNetwork: leaves out pods that share the node's network, and match.hostNetwork: true wants no others",
    ])
    expect(loaded({ ...side, match: { restartPolicy: ['Never', 'OnFailure'] }, jobs: 'Never' }).problems).toEqual([
      '/spec/jobs: leaves out pods whose restartPolicy is not Always, and match.restartPolicy wants no others',
    ])
    expect(loaded({ ...side, match: { restartPolicy: ['always'] } }).problems[0]).toContain('did you mean "Always"?')
  })
})
