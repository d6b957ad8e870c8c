import { describe, expect, it } from 'vitest'
import { denialsOf, judge, requestFor, setOf, warningsOf } from '../support/engine.ts'

const set = setOf(`
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: etcd}
spec: {validationActions: [Deny], excludeNamespaces: [], checks: [{check: etcd-bootstrap}]}
`)
const CLUSTER = '--initial-cluster=a=https://a:2380,b=https://b:2380'

interface Options {
  readonly volume?: object
  readonly env?: readonly object[]
  readonly annotations?: object
}

function member(
  command: readonly string[],
  { volume = { hostPath: { path: '/data/etcd' } }, env = [], annotations = {} }: Options = {},
) {
  const container = {
    name: 'etcd',
    image: 'registry.k8s.io/etcd:3.6.8-0',
    command,
    env,
    volumeMounts: [{ name: 'data', mountPath: '/var/lib/etcd/' }],
  }
  const spec = { containers: [container], volumes: [{ name: 'data', ...volume }] }
  const template = { metadata: {}, spec }
  return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'etcd', annotations }, spec: { template } }
}
const etcd = (...flags: readonly string[]) => ['etcd', '--data-dir=/var/lib/etcd', CLUSTER, ...flags]
const verdict = (object: unknown, oldObject?: unknown) =>
  judge(set, requestFor(object, oldObject === undefined ? {} : { oldObject }))

describe('what is said', () => {
  it('names the container, the change and what would be lost, at the word that says it', () => {
    const old = member(etcd('--initial-cluster-state=existing'))
    expect(denialsOf(verdict(member(etcd('--initial-cluster-state=new')), old))).toEqual([
      '/spec/template/spec/containers/0/command/3: etcd in container "etcd" changes its initial cluster state from "existing" to "new": a member that starts without its data would make a new, empty cluster, and all that the old one held would be gone',
    ])
    expect(denialsOf(verdict(member(etcd()), old))[0]).toMatch(/^\/spec\/template\/spec\/containers\/0: /)
  })

  it.each([
    ['an emptyDir', { emptyDir: {} }, 'on an emptyDir'],
    ['a volume without a source', {}, 'on an emptyDir'],
  ])('warns of several members that start as new on %s', (_what, volume, words) => {
    const decision = verdict(member(etcd('--initial-cluster-state=new'), { volume }))
    expect(decision.allowed).toBe(true)
    expect(warningsOf(decision)).toHaveLength(1)
    expect(warningsOf(decision)[0]).toContain(`one of several members that start as "new", and keeps its data ${words}`)
    expect(verdict(member(etcd('--initial-cluster-state=existing'), { volume })).warnings).toEqual([])
    const single = ['etcd', '--data-dir=/var/lib/etcd', '--initial-cluster-state=new']
    expect(verdict(member(single, { volume })).warnings).toEqual([])
  })

  it('lets what stands already be changed in something else', () => {
    const annotations = { 'portcullis.dev/etcd-initialized': '' }
    const old = member(etcd('--initial-cluster-state=new'), { annotations })
    const changed = member(etcd('--initial-cluster-state=new', '--log-level=debug'), { annotations })
    expect(verdict(old).allowed).toBe(false)
    const decision = verdict(changed, old)
    expect(decision.allowed).toBe(true)
    expect(warningsOf(decision)).toHaveLength(1)
  })
})

describe('what cannot be read is skipped', () => {
  it.each([
    ['a variable from elsewhere', etcd(), { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', valueFrom: {} }] }],
    ['a flag made of one', etcd('--initial-cluster-state=$(S)'), { env: [{ name: 'S', valueFrom: {} }] }],
    ['a configuration file', ['etcd', '--config-file=/etc/etcd.yaml', CLUSTER], {}],
    ['a script that is not here', ['sh', '/start.sh', CLUSTER], {}],
    ['a script that is too long', ['sh', '-c', `${'#'.repeat(70_000)}\netcd ${CLUSTER}`], {}],
  ])('%s', (_what, command, options) => {
    const decision = verdict(member(command, options))
    expect(decision).toMatchObject({ allowed: true, denials: [] })
    expect(decision.skipped).toHaveLength(1)
    expect(decision.warnings).toEqual([])
  })
})

it('of thousands of texts about etcd some are read, each looked up and not searched for, and the rest is skipped', () => {
  const configMap = (state: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'etcd' },
    data: Object.fromEntries(
      Array.from({ length: 20_000 }, (_, at) => [`k${at}`, `initial-cluster: a,b\ninitial-cluster-state: ${state}`]),
    ),
  })
  const { denials, skipped } = verdict(configMap('new'), configMap('existing'))
  expect(denials).not.toEqual([])
  expect(skipped).toMatchObject([{ message: 'it has too many texts about etcd to read them all' }])
})

it('aliases hide nothing, and those of a few texts are all that is followed', () => {
  const laughs = Array.from(
    { length: 9 },
    (_, at) => `a${at}: &a${at} [${at === 0 ? 'x' : `*a${at - 1}, *a${at - 1}`}]`,
  )
  const text = [...laughs, 'initial-cluster: a,b', 'force-new-cluster: true'].join('\n')
  const configMap = (count: number) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'etcd' },
    data: Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}.yaml`, text])),
  })
  expect(verdict(configMap(1))).toMatchObject({ allowed: false, skipped: [] })
  const { denials, skipped } = verdict(configMap(20))
  expect(denials.length).toBeLessThan(10)
  expect(skipped).toMatchObject([{ message: 'it has too many texts about etcd to read them all' }])
})

describe('flags as etcd reads them', () => {
  const existing = member(etcd('--initial-cluster-state=existing'))
  it.each([
    ['-initial-cluster-state=new'],
    ['--initial-cluster-state', 'new'],
    ['-initial-cluster-state', 'new'],
    ['--initial-cluster-state=existing', '--initial-cluster-state=new'],
  ])('%s %s', (...flags) => {
    expect(verdict(member(etcd(...flags)), existing).allowed).toBe(false)
  })

  it.each([
    [['sh', '-c', `exec etcd --data-dir=/var/lib/etcd ${CLUSTER} --initial-cluster-state=new`]],
    [['/usr/local/bin/etcd', '--data-dir', '/var/lib/etcd', CLUSTER, '--initial-cluster-state=new']],
    [['nice', '-n', '-5', ...etcd('--initial-cluster-state=new')]],
    [['sh', '-ec', `STATE=new; etcd ${CLUSTER} --initial-cluster-state="$STATE"`]],
    [['sh', '-c', `etcd ${CLUSTER} \\\n  --initial-cluster-state=new`]],
  ])('in %s', command => {
    expect(verdict(member(command), existing).allowed).toBe(false)
  })

  it('of an image called etcd, the arguments of its entrypoint', () => {
    const { spec, ...rest } = member([])
    const [container] = spec.template.spec.containers
    const { command: _, ...bare } = container as { command?: unknown }
    const template = {
      metadata: {},
      spec: { ...spec.template.spec, containers: [{ ...bare, args: etcd('--initial-cluster-state=new').slice(1) }] },
    }
    expect(verdict({ ...rest, spec: { template } }, existing).allowed).toBe(false)
  })
})
