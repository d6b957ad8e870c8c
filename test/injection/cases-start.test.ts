import { describe, expect, test } from 'vitest'
import { digest } from '../../src/cli/documents.ts'
import { loadInjections } from '../../src/injection/set.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { inject } from '../../src/review/inject.ts'
import { folderOf, runLint } from '../lint/harness.ts'
import { documentsOf, json, requestFor, setOf, subjectFacts } from '../support/engine.ts'
import { type InjectionSpec, injectionSet, injectionText, plan } from '../support/injection.ts'
import { policyText } from '../support/reviews.ts'
import { compile, MUTATIONS, SIDECARS } from './generic/files.ts'

const RESOURCES = { requests: { cpu: '1m', memory: '8Mi' }, limits: { memory: '8Mi' } }
const proxy = (fields: object = {}) => ({ name: 'proxy', image: 'mesh/proxy:1', resources: RESOURCES, ...fields })
const podOf = (spec: object = {}) =>
  json({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'shop', annotations: { 'example.com/inject': 'true' } },
    spec: { containers: [{ name: 'app', image: 'x' }], ...spec },
  })

/** The warnings of loading, as `pointer: message`. */
function warningsOf(spec: InjectionSpec): readonly string[] {
  const documents = documentsOf(injectionText('a', spec), ['SidecarInjection'], 'injection.yaml')
  const { problems, warnings } = loadInjections({ documents, problems: [] }, { excludedNamespaces: [], digest })
  expect(problems).toEqual([])
  return warnings.map(({ pointer, message }) => `${pointer}: ${message}`)
}

describe('a sidecar beside runAsNonRoot', () => {
  const BY_ROOT =
    /^a: start: container "proxy" will not start: it runs as root \(runAsUser: 0\), and the pod says runAsNonRoot: true; /
  const BY_POD =
    /^a: start: container "proxy" will not start: the pod says runAsUser: 0, and it says runAsNonRoot: true; /
  const UNKNOWN =
    /^a: start: container "proxy" may not start: the pod says runAsNonRoot: true, and the kubelet refuses an image /
  test.each<[pod: object, own: object | undefined, note: RegExp | undefined]>([
    [{ runAsNonRoot: true, runAsUser: 1000 }, { runAsUser: 0 }, BY_ROOT],
    [{ runAsNonRoot: true }, { runAsUser: 0 }, BY_ROOT],
    [{ runAsNonRoot: true }, undefined, UNKNOWN],
    [{ runAsNonRoot: true }, { runAsUser: null }, UNKNOWN],
    [{ runAsNonRoot: true }, { runAsGroup: 1000 }, UNKNOWN],
    [{ runAsUser: 0 }, { runAsNonRoot: true }, BY_POD],
    [{ runAsNonRoot: true, runAsUser: 1000 }, undefined, undefined],
    [{ runAsNonRoot: true }, { runAsUser: 65532 }, undefined],
    [{ runAsNonRoot: true }, { runAsUser: 0, runAsNonRoot: false }, undefined],
    [{ runAsNonRoot: true }, { runAsNonRoot: false }, undefined],
    [{ runAsNonRoot: true }, { runAsNonRoot: true }, undefined],
    [{ runAsNonRoot: false }, { runAsUser: 0 }, undefined],
    [{}, { runAsUser: 0 }, undefined],
  ])('injection 70: pod %j, container %j', (pod, own, note) => {
    for (const list of ['containers', 'initContainers', 'initContainersFirst']) {
      const set = injectionSet({ a: { [list]: [proxy(own && { securityContext: own })] } })
      const { notes, whole, results } = plan(podOf({ securityContext: pod }), set)
      expect([notes, results]).toEqual([note === undefined ? [] : [expect.stringMatching(note)], { a: 'injected' }])
      // It was said when it was injected.
      expect(plan(whole, set).notes).toEqual([])
    }
  })

  test.each<[own: object | undefined, warning: RegExp | undefined]>([
    [
      { runAsUser: 0 },
      /runs as root \(runAsUser: 0\): it does not start in pods that say runAsNonRoot: true; set runAsNonRoot: false beside it$/,
    ],
    [{ runAsUser: 0, runAsNonRoot: true }, /never starts: it says runAsNonRoot: true and runAsUser: 0$/],
    [{ runAsUser: 0, runAsNonRoot: false }, undefined],
    [{ runAsUser: 65532, runAsNonRoot: true }, undefined],
    [{ runAsNonRoot: true }, undefined],
    [undefined, undefined],
  ])('injection 70: a document whose container has %j', (own, warning) => {
    const found = warningsOf({ initContainers: [proxy(own && { securityContext: own })] })
    const expected =
      warning && new RegExp(`^/spec/initContainers/0/securityContext/runAsUser: container "proxy" ${warning.source}`)
    expect(found).toEqual(expected === undefined ? [] : [expect.stringMatching(expected)])
  })
})

describe('a sidecar without resources', () => {
  const missing = (resources: unknown, list = 'containers', fields: object = {}) =>
    warningsOf({ [list]: [{ ...proxy(fields), resources }] }).map(warning => warning.replace(/^.* has no /, ''))
  const SCALING = 'a HorizontalPodAutoscaler cannot compute the utilization of its pods, and '
  const REFUSED = 'a ResourceQuota or the check memory-limits may refuse its pods; set resources'
  test.each<[resources: unknown, lacks: string | undefined]>([
    [undefined, 'requests.cpu, requests.memory, limits.memory'],
    [{}, 'requests.cpu, requests.memory, limits.memory'],
    [{ requests: { cpu: '1m' } }, 'requests.memory, limits.memory'],
    [{ limits: { memory: '8Mi' } }, 'requests.cpu'],
    [{ requests: { cpu: 1, memory: '8Mi' } }, 'limits.memory'],
    [{ limits: { cpu: 1, memory: '8Mi' } }, undefined],
    [RESOURCES, undefined],
  ])('injection 70: is warned of when it is loaded: %j', (resources, lacks) => {
    expect(missing(resources)).toEqual(lacks === undefined ? [] : [`${lacks}: ${SCALING}${REFUSED}`])
    expect(missing(resources, 'initContainers', { restartPolicy: 'Always' })).toEqual(missing(resources))
    // No autoscaler looks at what ends before the others start.
    expect(missing(resources, 'initContainers')).toEqual(lacks === undefined ? [] : [`${lacks}: ${REFUSED}`])
  })

  test('injection 70: is left out where a denying policy wants a memory limit, and the policy is named', () => {
    const set = setOf(policyText({ name: 'memory', check: 'memory-limits' }))
    const pod = podOf({ containers: [{ name: 'app', image: 'x', resources: RESOURCES }] })
    const injections = injectionSet({ a: { containers: [{ name: 'proxy', image: 'p' }] }, b: { labels: { x: 'y' } } })
    const { answer, outcomes } = inject(requestFor(pod), {
      set,
      injections,
      namespaceLabels: NO_NAMESPACE_LABELS,
      facts: subjectFacts(),
    })
    expect(outcomes.map(({ result }) => result)).toEqual(['proof-failed', 'injected'])
    expect(answer.warnings).toEqual([
      expect.stringMatching(
        /^injection a: nothing was injected: .*policy memory would refuse the pod: container "proxy" has no memory limit/,
      ),
    ])
  })
})

describe('a sidecar beside an autoscaler or a quota', () => {
  const workload = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: "web:1"}]}}}
---
`
  const quota = (hard: string, more = '') =>
    `apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {${hard}}${more}}\n`
  const scaler = (spec: string, version = 'autoscaling/v2', name = 'web') =>
    `apiVersion: ${version}\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {scaleTargetRef: {kind: Deployment, name: ${name}}${spec}}\n`
  const utilization = (...names: readonly string[]) =>
    `, metrics: [${names.map(name => `{type: Resource, resource: {name: ${name}, target: {type: Utilization}}}`).join(', ')}]`
  const range = (limit: string) =>
    `---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: [{type: Container, ${limit}}]}\n`
  const keda = `apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: k}\nspec: {scaleTargetRef: {name: web}, triggers: [{type: memory, metricType: Utilization}, {type: kafka}]}\n`

  async function warnings(manifests: string, spec: InjectionSpec) {
    const cwd = folderOf({ 'injections/a.yaml': injectionText('a', spec) })
    const argv = ['inject', '--injections', 'injections', '--explain', '-o', 'json', '-']
    const { stdout } = await runLint(argv, { cwd, stdin: workload + manifests })
    const [pod] = JSON.parse(stdout) as readonly { readonly warnings: readonly string[] }[]
    return (pod?.warnings ?? []).map(warning =>
      /^injected container "(.*?)" has no (.*?): (\w+ "\w+") /.exec(warning)?.slice(1).join(' | '),
    )
  }

  const BARE: InjectionSpec = { containers: [{ name: 'proxy', image: 'p' }] }
  const INIT: InjectionSpec = { initContainers: [{ name: 'init', image: 'i' }] }
  const NATIVE: InjectionSpec = { initContainers: [{ name: 'native', image: 'n', restartPolicy: 'Always' }] }
  const cpuOfH = 'proxy | requests.cpu | HorizontalPodAutoscaler "h"'
  test.each<[what: string, manifests: string, spec: InjectionSpec, expected: readonly string[]]>([
    [
      'a quota',
      quota('limits.memory: 4Gi, requests.cpu: "2", pods: 4'),
      BARE,
      ['proxy | limits.memory, requests.cpu | ResourceQuota "q"'],
    ],
    [
      'a quota by its short names',
      quota('cpu: 2, memory: 1Gi'),
      BARE,
      ['proxy | requests.cpu, requests.memory | ResourceQuota "q"'],
    ],
    ['a quota and an init container', quota('limits.cpu: 2'), INIT, ['init | limits.cpu | ResourceQuota "q"']],
    ['a quota of other things', quota('pods: 4, requests.storage: 1Gi'), BARE, []],
    ['a quota for pods without resources', quota('cpu: 4', ', scopes: [BestEffort]'), BARE, []],
    ['a quota of another namespace', quota('cpu: 4').replace('name: q', 'name: q, namespace: other'), BARE, []],
    ['a quota and resources', quota('limits.memory: 4Gi, requests.cpu: "2"'), { containers: [proxy()] }, []],
    [
      'a quota and defaults',
      quota('limits.memory: 4Gi, requests.cpu: 2') + range('default: {memory: 1Gi}, defaultRequest: {cpu: 1}'),
      BARE,
      [],
    ],
    [
      'a quota and defaults of half',
      quota('limits.memory: 4Gi, requests.cpu: 2') + range('max: {memory: 1Gi}'),
      BARE,
      ['proxy | requests.cpu | ResourceQuota "q"'],
    ],
    ['an autoscaler by cpu', scaler(utilization('cpu')), BARE, [cpuOfH]],
    [
      'an autoscaler by both',
      scaler(utilization('cpu', 'memory')),
      NATIVE,
      ['native | requests.cpu, requests.memory | HorizontalPodAutoscaler "h"'],
    ],
    ['an autoscaler that says nothing', scaler(''), BARE, [cpuOfH]],
    ['an autoscaler of version 1', scaler(', targetCPUUtilizationPercentage: 70', 'autoscaling/v1'), BARE, [cpuOfH]],
    [
      'an autoscaler by a value',
      scaler(', metrics: [{type: Resource, resource: {name: cpu, target: {type: AverageValue}}}]'),
      BARE,
      [],
    ],
    ['an autoscaler and an init container', scaler(''), INIT, []],
    ['an autoscaler of another workload', scaler('', 'autoscaling/v2', 'api'), BARE, []],
    ['KEDA', keda, BARE, ['proxy | requests.memory | ScaledObject "k"']],
    ['a quota that is broken', quota('').replace('{hard: {}}', '{hard: [cpu]}'), BARE, []],
  ])('injection 70: %s', async (_, manifests, spec, expected) => {
    expect(await warnings(manifests, spec)).toEqual(expected)
  })
})

describe('a volume that nothing brings', () => {
  const mounting = (list: string, mount: object) => ({
    containers: [proxy({ [list]: [{ name: 'absent', ...mount }] })],
  })
  test('injection 70: is warned of when it is loaded, as a file system and as a device', () => {
    for (const [list, mount] of [
      ['volumeMounts', { mountPath: '/v' }],
      ['volumeDevices', { devicePath: '/dev/v' }],
    ] as const) {
      expect(warningsOf(mounting(list, mount))).toEqual([
        `/spec/containers/0/${list}/0/name: volume "absent" is not one of the injection's: pods without it get nothing of the injection`,
      ])
      expect(plan(podOf(), injectionSet({ a: mounting(list, mount) }))).toMatchObject({
        operations: [],
        results: { a: 'missing-volume' },
      })
    }
  })

  test('injection 70: is warned of at admission in the generic format, which injects all the same', () => {
    const sidecars = SIDECARS.replace(
      '{name: c, image: a}',
      '{name: c, image: a, volumeMounts: [{name: absent, mountPath: /x}]}',
    )
    const set = { ...injectionSet({ z: { labels: { a: 'b' } } }), injections: compile(sidecars, MUTATIONS) }
    const first = plan(podOf(), set)
    expect(first).toMatchObject({
      results: { m: 'injected' },
      notes: [
        'm: start: container "c" mounts volume "absent", which the pod does not have: the API server refuses the pod',
      ],
    })
    expect(plan(podOf({ volumes: [{ name: 'absent' }] }), set).notes).toEqual([])
    expect(plan(podOf(), set, { claimedVolumes: new Set(['absent']) }).notes).toEqual([])
  })
})
