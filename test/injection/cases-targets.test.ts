import { describe, expect, test } from 'vitest'
import { digest } from '../../src/cli/documents.ts'
import { loadInjections } from '../../src/injection/set.ts'
import { dig, getList, getString, type JsonObject } from '../../src/json/value.ts'
import { documentsOf, json } from '../support/engine.ts'
import { type InjectionSpec, injectionSet, injectionText, plan } from '../support/injection.ts'
import { compile, MUTATIONS, SIDECARS } from './generic/files.ts'

const container = (name: string, fields: object = {}) => ({ name, image: `${name}:1`, ...fields })
const native = (name: string) => container(name, { restartPolicy: 'Always' })
const podOf = (spec: object, annotations: object = {}) =>
  json({ metadata: { name: 'p', annotations }, spec: { containers: [container('app')], ...spec } })

/** An agent for every process: a variable, the volume that it lies in, and the init container that copies it there. */
const VARIABLE: InjectionSpec = { env: [{ name: 'JAVA_TOOL_OPTIONS', value: '-javaagent:/otel/agent.jar' }] }
const MOUNT: InjectionSpec = {
  volumes: [{ name: 'otel', emptyDir: {} }],
  volumeMounts: [{ name: 'otel', mountPath: '/otel' }],
}
const COPY: InjectionSpec = { initContainers: [container('otel-copy')] }
const AGENT: InjectionSpec = { ...VARIABLE, ...MOUNT, ...COPY }

/** The containers that got the variable and those that got the mount; they must be the same. */
function targets(pod: JsonObject, spec: InjectionSpec): readonly string[] {
  const { whole } = plan(pod, injectionSet({ a: spec }))
  const all = ['initContainers', 'containers'].flatMap(list => getList(dig(whole, 'spec'), list))
  const having = (list: string, key: string, value: string) =>
    all
      .filter(item => getList(item, list).some(entry => getString(entry, key) === value))
      .map(item => getString(item, 'name') ?? '')
  const withVariable = having('env', 'name', 'JAVA_TOOL_OPTIONS')
  if (spec['volumeMounts'] !== undefined) expect(having('volumeMounts', 'name', 'otel')).toEqual(withVariable)
  return withVariable
}

describe('variables and mounts', () => {
  const pod = podOf({
    initContainers: [container('migrate'), native('own-sidecar'), container('seed')],
    containers: [container('app'), container('web-1'), container('web-2')],
  })
  const all = ['migrate', 'own-sidecar', 'seed', 'app', 'web-1', 'web-2']
  const behind = ['app', 'web-1', 'web-2']

  test.each<[what: string, spec: InjectionSpec, expected: readonly string[]]>([
    ['without an init container', { ...VARIABLE, ...MOUNT }, all],
    ['with an init container behind the pod’s own', AGENT, behind],
    [
      'with an init container before the pod’s own',
      { ...VARIABLE, ...MOUNT, initContainersFirst: [container('otel-copy')] },
      all,
    ],
    ['with one before and one behind', { ...AGENT, initContainersFirst: [container('early')] }, behind],
    ['with a native sidecar, which is never done', { ...VARIABLE, ...MOUNT, initContainers: [native('side')] }, all],
    [
      'with a native sidecar behind an init container',
      { ...AGENT, initContainers: [container('otel-copy'), native('side')] },
      behind,
    ],
    ['of all kinds', { ...AGENT, into: { kinds: ['Containers', 'InitContainers', 'NativeSidecars'] } }, all],
    ['of containers', { ...VARIABLE, into: { kinds: ['Containers'] } }, behind],
    ['of init containers', { ...AGENT, into: { kinds: ['InitContainers'] } }, ['migrate', 'seed']],
    ['of native sidecars', { ...VARIABLE, into: { kinds: ['NativeSidecars'] } }, ['own-sidecar']],
    ['of a name', { ...AGENT, into: { names: ['app'] } }, ['app']],
    ['of a pattern', { ...AGENT, into: { names: ['web-*'] } }, ['web-1', 'web-2']],
    ['of several patterns', { ...VARIABLE, into: { names: ['*-1', 'm*e'] } }, ['migrate', 'web-1']],
    ['of a name that runs too early', { ...AGENT, into: { names: ['migrate', 'app'] } }, ['app']],
    [
      'of a name that runs early, on purpose',
      { ...AGENT, into: { names: ['migrate'], kinds: ['InitContainers'] } },
      ['migrate'],
    ],
    ['but for a name', { ...AGENT, into: { exceptNames: ['web-2'] } }, ['app', 'web-1']],
    ['of a pattern but for a name', { ...AGENT, into: { names: ['web-*'], exceptNames: ['*2'] } }, ['web-1']],
  ])('injection 69: %s', (_, spec, expected) => {
    expect(targets(pod, spec)).toEqual(expected)
  })

  test.each([
    ['istio-proxy', 'istio-init'],
    ['linkerd-proxy', 'linkerd-network-validator'],
    ['vault-agent', 'vault-agent-init'],
    ['consul-dataplane', 'consul-connect-inject-init'],
    ['daprd', 'datadog-lib-java-init'],
    ['otc-container', 'opentelemetry-auto-instrumentation-java'],
    ['kuma-sidecar', 'kuma-init'],
  ])('injection 69: do not go into %s and %s, which another injector has put there', (side, init) => {
    const meshed = podOf({
      initContainers: [container(init), container('own')],
      containers: [container(side), container('app')],
    })
    expect(targets(meshed, VARIABLE)).toEqual(['own', 'app'])
    expect(targets(meshed, { ...VARIABLE, into: { kinds: ['Containers'] } })).toEqual(['app'])
    // Whoever names them means them.
    expect(targets(meshed, { ...VARIABLE, into: { names: [side, 'app'] } })).toEqual([side, 'app'])
  })

  test('injection 69: do not go into a native sidecar of another injector', () => {
    const meshed = podOf({ initContainers: [native('istio-proxy'), container('own')] })
    expect(targets(meshed, VARIABLE)).toEqual(['own', 'app'])
  })

  test('injection 69: do not go into what Istio says that it added, under whatever name', () => {
    const status = (value: unknown) => ({
      'sidecar.istio.io/status': typeof value === 'string' ? value : JSON.stringify(value),
    })
    const containers = [container('custom-proxy'), container('app')]
    const said = { containers: ['custom-proxy'], initContainers: ['custom-init'], revision: 'default' }
    expect(targets(podOf({ containers }, status(said)), VARIABLE)).toEqual(['app'])
    for (const forged of ['{', 'null', '"x"', { containers: 'app' }, { containers: { app: 1 } }, 'x'.repeat(100_000)]) {
      expect(targets(podOf({ containers }, status(forged)), VARIABLE)).toEqual(['custom-proxy', 'app'])
    }
  })

  test('injection 69: go into containers that only sound like those of others', () => {
    const containers = ['istio', 'istio-proxy-2', 'my-vault-agent', 'envoy', '__proto__', 'constructor'].map(name =>
      container(name),
    )
    expect(targets(podOf({ containers }), VARIABLE)).toEqual(containers.map(({ name }) => name))
  })

  test('injection 69: do not go into the sidecars of our own injections, whatever the pattern', () => {
    const set = injectionSet({ a: { ...VARIABLE, into: { names: ['*'] } }, b: { containers: [container('side')] } })
    const { whole } = plan(podOf({}), set)
    expect(JSON.stringify(getList(dig(whole, 'spec'), 'containers')[1])).not.toContain('JAVA_TOOL_OPTIONS')
    // Nor on the next call, when another set is in force: the record says whose they are.
    const later = plan(whole, injectionSet({ a: { ...VARIABLE, into: { names: ['*'] } } }))
    expect(later.operations).toEqual([])
  })

  test('injection 69: reach a container that another webhook adds, and not one of a mesh', () => {
    const set = injectionSet({ a: { ...VARIABLE, into: { kinds: ['Containers'] } } })
    const { whole } = plan(podOf({}), set)
    const spec = { ...(whole['spec'] as JsonObject) }
    const containers = [...getList(spec, 'containers'), json(container('late')), json(container('linkerd-proxy'))]
    const { paths } = plan({ ...whole, spec: { ...spec, containers } }, set)
    expect(paths.filter(path => path.startsWith('/spec'))).toEqual(['/spec/containers/1/env'])
  })

  test('injection 69: that find no container are told, and not called complete', () => {
    const none: InjectionSpec = { ...VARIABLE, into: { names: ['nope'] } }
    const note = 'a: no-container: its variables and mounts went into no container: the pod has none that they are for'
    expect(plan(podOf({}), injectionSet({ a: none }))).toMatchObject({
      operations: [],
      results: { a: 'no-container' },
      notes: [note],
    })
    const beside = plan(podOf({}), injectionSet({ a: { ...none, labels: { team: 'x' } } }))
    expect([beside.results, beside.notes]).toEqual([{ a: 'injected' }, [note]])
  })

  test('injection 69: conflict only where they go', () => {
    const own = container('other', { env: [{ name: 'JAVA_TOOL_OPTIONS', value: 'own' }] })
    const spec = { ...VARIABLE, onConflict: 'Deny' }
    expect(plan(podOf({ containers: [container('app'), own] }), injectionSet({ a: spec })).denial).toBeDefined()
    const targeted = { ...spec, into: { names: ['app'] } }
    expect(plan(podOf({ containers: [container('app'), own] }), injectionSet({ a: targeted })).denial).toBeUndefined()
  })

  test('injection 69: of the generic format go where its users know them to go', () => {
    const set = { ...injectionSet({ z: VARIABLE }), injections: compile(SIDECARS, MUTATIONS) }
    const meshed = podOf(
      { initContainers: [container('own')], containers: [container('istio-proxy'), container('app')] },
      { 'example.com/inject': 'true' },
    )
    const { paths } = plan(meshed, set)
    expect(paths.filter(path => path.endsWith('/volumeMounts'))).toEqual([
      '/spec/initContainers/0/volumeMounts',
      '/spec/containers/0/volumeMounts',
      '/spec/containers/1/volumeMounts',
    ])
  })
})

test('injection 69: the container that kubectl means is not one of another injector', () => {
  const { whole } = plan(
    podOf({ containers: [container('istio-proxy'), container('app')] }),
    injectionSet({ a: { containers: [container('side')] } }),
  )
  expect(dig(whole, 'metadata', 'annotations', 'kubectl.kubernetes.io/default-container')).toBe('app')
})

test.each<[spec: InjectionSpec, message: RegExp]>([
  [
    { labels: { a: 'b' }, into: { names: ['app'] } },
    /^\/spec\/into: says which containers get env and volumeMounts, and the injection has neither$/,
  ],
  [{ ...VARIABLE, into: { names: [] } }, /^\/spec\/into\/names: must not be empty$/],
  [{ ...VARIABLE, into: { kinds: ['containers'] } }, /^\/spec\/into\/kinds\/0: .*did you mean "Containers"\?/],
  [{ ...VARIABLE, into: { name: ['app'] } }, /^\/spec\/into\/name: unknown field "name" \(did you mean "names"\?\)/],
])('injection 69: a document with %j is refused', (spec, message) => {
  const documents = documentsOf(injectionText('a', spec), ['SidecarInjection'], 'injection.yaml')
  const { problems } = loadInjections({ documents, problems: [] }, { excludedNamespaces: [], digest })
  expect(problems.map(problem => `${problem.pointer}: ${problem.message}`)).toEqual([expect.stringMatching(message)])
})
