import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Additions } from '../../../src/injection/injection.ts'
import { isList, isObject, type Json, type JsonObject } from '../../../src/json/value.ts'
import { compile, dataFile, problems, read } from './files.ts'

/** What the original makes of two files and a pod: Go's text/template, ghodss/yaml v1.0.0 and k8s.io/api v0.36.3. */
interface Golden {
  readonly name: string
  readonly annotations: Readonly<Record<string, string>>
  readonly serviceAccountName: string
  readonly isJob: boolean
  readonly sidecars?: string
  readonly mutations?: string
  /** Why it does not start. */
  readonly start?: string
  /** By the name of the mutation; a string where the pod is denied. */
  readonly additions?: Readonly<Record<string, JsonObject | string>>
}

const golden = JSON.parse(
  readFileSync(new URL('../../data/generic-sidecar-injector-golden.json', import.meta.url), 'utf8'),
) as readonly Golden[]

/** Without what Go leaves out or puts in when it writes a struct: empty values, and `resources: {}`. */
function normal(value: Json): Json {
  if (isList(value)) return value.map(normal)
  if (!isObject(value)) return value
  const entries = Object.entries(value)
    .map(([key, item]) => [key, normal(item)] as const)
    .filter(([key, item]) => item !== null && item !== '' && item !== false && !isEmpty(key, item))
  return Object.fromEntries(entries)
}

function isEmpty(key: string, value: Json): boolean {
  if (isList(value)) return value.length === 0
  return key === 'resources' && isObject(value) && Object.keys(value).length === 0
}

function listsOf({ initContainersFirst, initContainers, containers, volumes, volumeMounts }: Additions): Json {
  return { initContainersFirst, initContainers, containers, volumes, volumeMounts }
}

describe('a pod gets what the original adds', () => {
  const cases = golden.filter(({ start }) => start === undefined)
  it.each(cases)('$name', ({ sidecars, mutations, additions, annotations, serviceAccountName, isJob }) => {
    const injections = compile(
      sidecars ?? dataFile('sidecarconfigs.yaml'),
      mutations ?? dataFile('mutationconfigs.yaml'),
    )
    let compared = 0
    for (const { name, render } of injections) {
      const expected = additions?.[name]
      if (expected === undefined) continue
      const rendered = render({ annotations, serviceAccountName, isJob: isJob ?? false })
      compared++
      if (typeof expected === 'string') expect(rendered).toMatchObject({ ok: false, denies: true })
      else expect(rendered.ok && normal(listsOf(rendered.additions))).toEqual(normal(expected))
    }
    expect(compared).toBe(Object.keys(additions ?? {}).length)
  })
})

describe('what the original does not start with is refused', () => {
  const cases = golden.filter(({ start }) => start !== undefined)
  it.each(cases)('$name', ({ sidecars, mutations }) => {
    expect(problems(sidecars ?? '', mutations).length).toBeGreaterThan(0)
  })
})

describe('the results that the original records', () => {
  const pod = { annotations: {}, serviceAccountName: 'world', isJob: false }
  it.each([
    ['keymaker', 'mutationconfigs.yaml', 0],
    ['maddog', 'mutationconfigs.yaml', 1],
    ['keymaker_bad', 'mutationconfigs_bad.yaml', 0],
  ])('%s', (file, mutations, index) => {
    const injection = compile(dataFile('sidecarconfigs.yaml'), dataFile(mutations))[index]
    const rendered = injection?.render(pod)
    const recorded = JSON.parse(dataFile(file)) as Readonly<Record<string, Json>>
    expect(rendered?.ok && normal(listsOf(rendered.additions))).toEqual(
      normal({
        initContainers: recorded['InitContainers'] ?? null,
        containers: recorded['Containers'] ?? null,
        volumes: recorded['Volumes'] ?? null,
        volumeMounts: recorded['VolumeMounts'] ?? null,
      }),
    )
  })
})

it('the recorded mutations become injections, in the order of the file', () => {
  const injections = compile(dataFile('sidecarconfigs.yaml'), dataFile('mutationconfigs.yaml'))
  expect(injections.map(({ name, jobs }) => `${name} ${jobs}`)).toEqual([
    'keymaker NativeOnly',
    'madkub NativeOnly',
    'rsyslog Always',
    'vault NativeOnly',
    'simple Always',
    'vaultReverse NativeOnly',
  ])
  const { render: _, source, declaredNames, ...rest } = injections[2] ?? ({} as (typeof injections)[number])
  expect(rest).toEqual({
    isStaged: false,
    kind: 'SidecarConfiguration',
    name: 'rsyslog',
    revision: 'r1',
    file: 'mutations.yaml',
    trigger: { kind: 'annotation', key: 'rsyslog.k8s-integration.sfdc.com/inject', values: ['true', 'enabled'] },
    namespaceSelector: [],
    objectSelector: [],
    ignoredNamespaces: [],
    onConflict: 'Skip',
    onFailure: 'Allow',
    generic: { statusKey: 'rsyslog.k8s-integration.sfdc.com/status', prefix: 'rsyslog.k8s-integration.sfdc.com' },
    jobs: 'Always',
  })
  expect(source).toMatchObject({ name: 'rsyslog', implementsSidecarLifecycle: true })
  expect([...declaredNames]).toEqual(['rsyslog-init', 'rsyslog-sidecar', 'rsyslog-test-sidecar'])
})

it('the recorded files are read with these warnings', () => {
  const result = read(dataFile('sidecarconfigs.yaml'), dataFile('mutationconfigs.yaml'))
  expect(result.ok && result.warnings.map(({ pointer, message }) => `${pointer} ${message}`)).toEqual([
    '/mutationConfigs/0/containers/0 the sidecar file has no container "keymaker-client-refresher"',
    '/mutationConfigs/0/initContainers/0 init container "init-fqdn" mounts volume "fqdn", which no mutation brings: a pod without it is refused',
    '/mutationConfigs/0/initContainers/2 init container "keymaker-client" mounts volume "clientcert", which only mutation "madkub" brings: a pod without it is refused',
    '/mutationConfigs/0/initContainers/2 init container "keymaker-client" mounts volume "ca", which only mutation "madkub" brings: a pod without it is refused',
    '/mutationConfigs/4/containers/0 container "simple-sidecar" has no image: the API server refuses the pod',
  ])
})
