import { describe, expect, it } from 'vitest'
import { judge, requestFor, setOf } from '../support/engine.ts'

const policy = (check: string) =>
  setOf(
    JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name: 'p' },
      spec: { validationActions: ['Deny'], checks: [{ check }] },
    }),
  )
const verdictOf = (check: string, object: unknown, oldObject?: unknown) => {
  const { allowed, skipped } = judge(policy(check), requestFor(object, oldObject === undefined ? {} : { oldObject }))
  return allowed ? (skipped.length > 0 ? 'skipped' : 'passed') : 'refused'
}
const configMap = (data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data })
const pod = (containers: readonly object[]) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a' },
  spec: { containers },
})
const OFF = 'net.bridge.bridge-nf-call-iptables=0'
/** A script that takes all that reading may cost. */
const LOOPS = `${'for a in 1 2 3 4 5 6 7 8 9 0; do '.repeat(7)}sysctl a=1${'; done'.repeat(7)}`

describe('once reading has cost what it may', () => {
  it('a command that needs no reading is found', () => {
    const spent = { name: 'a', command: ['sh', '-c', LOOPS] }
    expect(verdictOf('node-network-sysctls', pod([spent, { name: 'b', command: ['sysctl', '-w', OFF] }]))).toBe(
      'refused',
    )
    const wrapped = { name: 'b', command: ['nsenter', '-t', '1', '-n', '--', 'sysctl', '-w', OFF] }
    expect(verdictOf('node-network-sysctls', pod([spent, wrapped]))).toBe('refused')
  })

  it('a command that may put such a name together is told, not passed', () => {
    const spent = { name: 'a', command: ['sh', '-c', LOOPS] }
    const pieces = { name: 'b', command: ['sh', '-c', `N=net.bridge.bridge-nf; sysctl -w $N-call-iptables=0`] }
    expect(verdictOf('node-network-sysctls', pod([pieces]))).toBe('refused')
    expect(verdictOf('node-network-sysctls', pod([spent, pieces]))).toBe('skipped')
  })

  it('a member of etcd that is told by variables how to start is told, not passed', () => {
    const spent = { name: 'a', command: ['sh', '-c', `${LOOPS} etcd`] }
    const member = {
      name: 'b',
      image: 'quay.io/coreos/etcd:v3.5',
      command: ['sh', '-c', 'exec etcd'],
      env: [
        { name: 'ETCD_INITIAL_CLUSTER', value: 'a=http://a,b=http://b' },
        { name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'new' },
      ],
    }
    const made = (containers: readonly object[]) => ({
      ...pod(containers),
      metadata: { name: 'a', annotations: { 'portcullis.dev/etcd-initialized': 'true' } },
    })
    expect(verdictOf('etcd-bootstrap', made([member]))).toBe('refused')
    expect(verdictOf('etcd-bootstrap', made([spent, member]))).toBe('skipped')
  })

  it('a line of sysctl.conf is found', () => {
    const spent = `${LOOPS}\n# ip_forward`
    for (const data of [{ a: spent, b: `# ${'x'.repeat(1000)}\n${OFF}` }, { a: `${spent}\n${OFF}` }]) {
      expect(verdictOf('node-network-sysctls', configMap(data))).toBe('refused')
    }
    const patterns = '*.*.x=1\n'.repeat(50_000)
    expect(verdictOf('node-network-sysctls', configMap({ a: `${patterns}${OFF}` }))).toBe('refused')
  })
})

describe('a long text does not keep a short one from being read', () => {
  it('a script with a sysctl', () => {
    const long = `sysctl net.ipv4.ip_forward\n${'true\n'.repeat(12_000)}`
    expect(
      verdictOf('node-network-sysctls', configMap({ a: long, b: `${long} `, c: long, z: `sysctl -w ${OFF}` })),
    ).toBe('refused')
  })

  it('a configuration of etcd', () => {
    const long = `initial-cluster: a,b\nx: ${'a'.repeat(5150)}`
    const file = (state: string) => `initial-cluster: a,b\ninitial-cluster-state: ${state}\n# ${'x'.repeat(4930)}\n`
    const others = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`a${at}`, long]))
    const object = (state: string) => configMap({ ...others, z: file(state) })
    expect(verdictOf('etcd-bootstrap', object('new'), object('existing'))).toBe('refused')
  })
})

describe('an update of what costs too much to read is told, not passed', () => {
  it('a configuration of etcd', () => {
    const file = (state: string) => `initial-cluster: a,b\ninitial-cluster-state: ${state}\n# ${'x'.repeat(4930)}\n`
    const others = Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [`a${at}`, `initial-cluster: a,b\n${'#'.repeat(4900)}`]),
    )
    const oldObject = configMap({ ...others, z: file('existing') })
    expect(verdictOf('etcd-bootstrap', configMap({ z: file('new') }), oldObject)).toBe('skipped')
  })

  it('a member of etcd', () => {
    const spent = { name: 'a', command: ['sh', '-c', `${LOOPS} etcd`] }
    const member = (state: string) => ({
      name: 'b',
      command: ['sh', '-c', `etcd --initial-cluster=a=http://a,b=http://b --initial-cluster-state=${state}`],
    })
    expect(verdictOf('etcd-bootstrap', pod([member('new')]), pod([member('existing')]))).toBe('refused')
    expect(verdictOf('etcd-bootstrap', pod([member('new')]), pod([spent, member('existing')]))).toBe('skipped')
  })
})
