import { describe, expect, it } from 'vitest'
import { denialsOf, hostPathSet, judge, requestFor, warningsOf } from '../support/engine.ts'
import { type Manifest, persistentVolume, pod, WORKLOADS } from '../support/host-path-cases.ts'

const set = hostPathSet()
/** What a finding, as `pointer: message`, becomes when the old object has it too. */
const known = (finding: string) => finding.replace(': ', `: ${KNOWN}`)
const KNOWN = 'new pods of this template will be refused, and only this change is let through: '

interface Spec {
  readonly volumes?: readonly object[]
  readonly containers?: readonly object[]
  readonly initContainers?: readonly object[]
  readonly ephemeralContainers?: readonly object[]
}

const volume = (name: string, path: string) => ({ name, hostPath: { path } })
const mount = (name: string, fields: object = {}) => ({ name, mountPath: '/host', ...fields })
const container = (name: string, ...volumeMounts: readonly object[]) => ({
  name,
  image: 'registry.example/app:1',
  volumeMounts,
})

/** The verdict on a change from one pod spec to another, as the template of a Deployment. */
function change(before: Spec, after: Spec) {
  const around = (spec: Spec): Manifest => WORKLOADS['Deployment']?.({ ...spec }) ?? pod()
  const decision = judge(set, requestFor(around(after), { oldObject: around(before) }))
  const places = (list: readonly string[]) => list.map(text => text.slice('/spec/template/spec/'.length))
  return { denied: places(denialsOf(decision)), warned: places(warningsOf(decision)) }
}

const app = container('app', mount('host'))
const before: Spec = { volumes: [volume('host', '/etc/app')], containers: [app] }
const ETC_APP =
  '"/etc/app", which lies under the protected path "/etc": a pod could change the node\'s own configuration and keys'
const VOLUME = `volumes/0/hostPath/path: volume "host" mounts hostPath ${ETC_APP}`
const MOUNT = 'containers/0/volumeMounts/0: container "app" mounts volume "host", which is refused: hostPath "/etc/app"'

describe('what the old object had', () => {
  it('counts on an update alone: a creation that carries an old object makes something new', () => {
    const bad = WORKLOADS['Deployment']?.({ ...before })
    expect(judge(set, requestFor(bad, { oldObject: bad, operation: 'CREATE' })).allowed).toBe(false)
  })

  it('is only a warning when it stays', () => {
    expect(change(before, before)).toEqual({ denied: [], warned: [known(VOLUME), known(MOUNT)] })
  })

  it('is only a warning when something else changes', () => {
    const image = { ...app, image: 'registry.example/app:2' }
    expect(change(before, { ...before, containers: [image] }).denied).toEqual([])
  })

  it('is only a warning when the volume is renamed, with its mounts', () => {
    const renamed = { volumes: [volume('node', '/etc/app')], containers: [container('app', mount('node'))] }
    expect(change(before, renamed).denied).toEqual([])
  })

  it('is only a warning in another place of the list', () => {
    const moved: Spec = {
      volumes: [{ name: 'tmp', emptyDir: {} }, volume('host', '/etc/app')],
      containers: [container('first'), app],
    }
    expect(change(before, moved)).toMatchObject({ denied: [] })
    expect(change(before, moved).warned[0]).toMatch(/^volumes\/1\/hostPath\/path: /)
  })

  it('is only a warning in another spelling', () => {
    const respelled = { ...before, volumes: [volume('host', '/etc//app/')] }
    expect(change(before, respelled).denied).toEqual([])
  })

  it('is only a warning when the mount is spelled out', () => {
    const spelledOut = container('app', mount('host', { readOnly: false, mountPropagation: 'None', subPath: '' }))
    expect(change(before, { ...before, containers: [spelledOut] }).denied).toEqual([])
  })

  it('needs no word when it goes', () => {
    expect(change(before, { containers: [container('app')] })).toEqual({ denied: [], warned: [] })
  })

  it('is only a warning when the mount goes and the volume stays', () => {
    const unmounted = { ...before, containers: [container('app')] }
    expect(change(before, unmounted)).toEqual({ denied: [], warned: [known(VOLUME)] })
  })
})

describe('what is new', () => {
  it('is denied: a path', () => {
    expect(change({ containers: [container('app')] }, before).denied).toEqual([VOLUME, MOUNT])
  })

  it.each(['/etc', '/', '/etc/other', '/data/../etc/app'])('is denied: the path made %s', path => {
    const { denied } = change(before, { ...before, volumes: [volume('host', path)] })
    expect(denied.map(text => text.split(':')[0])).toEqual(['volumes/0/hostPath/path', 'containers/0/volumeMounts/0'])
  })

  it('is denied: the same path once more', () => {
    const doubled = { ...before, volumes: [volume('host', '/etc/app'), volume('again', '/etc/app')] }
    expect(change(before, doubled)).toEqual({
      denied: [`volumes/1/hostPath/path: volume "again" mounts hostPath ${ETC_APP}`],
      warned: [known(VOLUME), known(MOUNT)],
    })
  })

  it.each(['containers', 'initContainers', 'ephemeralContainers'])(
    'is denied: a mount in a new container of %s',
    list => {
      const own = list === 'containers' ? [app] : []
      const after = { ...before, [list]: [...own, container('debug', mount('host'))] }
      expect(change(before, after).denied).toEqual([
        `${list}/${own.length}/volumeMounts/0: container "debug" mounts volume "host", which is refused: hostPath "/etc/app"`,
      ])
    },
  )

  it('is denied: a second mount in the same container', () => {
    const twice = container('app', mount('host'), mount('host', { mountPath: '/again' }))
    expect(change(before, { ...before, containers: [twice] }).denied).toEqual([
      'containers/0/volumeMounts/1: container "app" mounts volume "host", which is refused: hostPath "/etc/app"',
    ])
  })

  it('is denied: the first mount of a volume that nobody mounted', () => {
    const unmounted = { ...before, containers: [container('app')] }
    expect(change(unmounted, before)).toEqual({ denied: [MOUNT], warned: [known(VOLUME)] })
  })

  it('is denied: a mount that was read-only and is writable', () => {
    const readOnly = { ...before, containers: [container('app', mount('host', { readOnly: true }))] }
    expect(change(readOnly, before).denied).toEqual([MOUNT])
  })

  it('is denied: another driver of a refused source', () => {
    const flex = (driver: string): Spec => ({
      volumes: [{ name: 'flex', flexVolume: { driver } }],
      containers: [container('app')],
    })
    expect(change(flex('a/b'), flex('a/b')).denied).toEqual([])
    expect(change(flex('a/b'), flex('a/c')).denied).toHaveLength(1)
  })

  it('is denied: subPath, propagation and workingDir that were not there', () => {
    const data = (fields: object, more: object = {}): Spec => ({
      volumes: [volume('data', '/data')],
      containers: [{ ...container('app', mount('data', fields)), ...more }],
    })
    expect(change(data({}), data({ subPath: 'x' })).denied).toHaveLength(1)
    expect(change(data({ subPath: 'x' }), data({ subPath: 'x' })).denied).toEqual([])
    expect(change(data({ subPath: 'x' }), data({ subPath: 'y' })).denied).toHaveLength(1)
    expect(change(data({}), data({ mountPropagation: 'Bidirectional' })).denied).toHaveLength(1)
    expect(change(data({}, { workingDir: '/proc/1' }), data({}, { workingDir: '/proc/1' })).denied).toEqual([])
    expect(change(data({}, { workingDir: '/proc/1' }), data({}, { workingDir: '/proc/2' })).denied).toHaveLength(1)
  })
})

describe('on CREATE', () => {
  it('says once, at the volume, what is wrong with it', () => {
    const spec = { volumes: [volume('host', '/etc/app')], containers: [app, container('second', mount('host'))] }
    expect(denialsOf(judge(set, requestFor(pod(spec))))).toEqual([`/spec/${VOLUME}`])
  })
})

describe('an object that is being deleted', () => {
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  const object = (spec: Spec, metadata: object = {}) => pod({ ...spec }, { ...metadata })
  const dying = object(before, { deletionTimestamp })

  it('may lose its finalizer', () => {
    const held = object(before, { deletionTimestamp, finalizers: ['example.com/hold'] })
    const decision = judge(set, requestFor(dying, { oldObject: held }))
    expect(decision.allowed).toBe(true)
    const knownPod = (finding: string) => known(finding).replace('new pods of this template', 'a new Pod like this one')
    expect(warningsOf(decision)).toEqual([knownPod(`/spec/${VOLUME}`), knownPod(`/spec/${MOUNT}`)])
  })

  it('may not gain what it did not have', () => {
    const clean = object({ containers: [container('app')] }, { deletionTimestamp })
    expect(judge(set, requestFor(dying, { oldObject: clean })).allowed).toBe(false)
  })

  it('may go', () => {
    expect(judge(set, requestFor(dying, { operation: 'DELETE' })).allowed).toBe(true)
  })
})

describe('a PersistentVolume', () => {
  it('is judged by the same rule', () => {
    const old = persistentVolume('hostPath', '/etc')
    expect(judge(set, requestFor(old, { oldObject: old })).allowed).toBe(true)
    expect(judge(set, requestFor(persistentVolume('hostPath', '/'), { oldObject: old })).allowed).toBe(false)
  })
})

describe('a JobSet', () => {
  it('may move a known volume from one template to another, and not have it in both', () => {
    const template = (spec: object) => ({ template: { spec: { template: { spec } } } })
    const jobSet = (...specs: readonly object[]) => ({
      apiVersion: 'jobset.x-k8s.io/v1alpha2',
      kind: 'JobSet',
      metadata: { name: 'train' },
      spec: { replicatedJobs: specs.map(template) },
    })
    const [clean, dirty] = [{ containers: [] }, { containers: [], volumes: [volume('host', '/etc')] }]
    const verdict = (after: object) => judge(set, requestFor(after, { oldObject: jobSet(clean, dirty) })).allowed
    expect(verdict(jobSet(dirty, clean))).toBe(true)
    expect(verdict(jobSet(dirty, dirty))).toBe(false)
  })
})

describe('subresources', () => {
  const debug = { ...before, ephemeralContainers: [container('debug', mount('host'))] }

  it.each(['ephemeralcontainers', 'resize', 'somethingNew'])('pods/%s carries a pod, which is judged', subResource => {
    const request = requestFor(pod({ ...debug }), { oldObject: pod({ ...before }), subResource })
    expect(denialsOf(judge(set, request))).toEqual([
      '/spec/ephemeralContainers/0/volumeMounts/0: container "debug" mounts volume "host", which is refused: hostPath "/etc/app"',
    ])
  })

  it.each(['status', 'binding', 'eviction', 'exec', 'log', 'attach', 'portforward', 'proxy'])(
    'pods/%s changes no volume and is let through',
    subResource => {
      const request = requestFor(pod({ ...debug }), { oldObject: pod({ ...before }), subResource })
      expect(judge(set, request)).toMatchObject({ allowed: true, errors: [], warnings: [] })
    },
  )
})

describe('a mirror pod', () => {
  const mirror = { annotations: { 'kubernetes.io/config.mirror': '4f2a' } }
  const spec = { ...before, nodeName: 'worker-1' }
  const node = (username: string, groups: readonly string[] = ['system:nodes', 'system:authenticated']) => ({
    userInfo: { username, uid: '', groups },
  })
  const verdict = (manifest: Manifest, fields: object) => judge(set, requestFor(manifest, fields)).allowed

  it('is let through for the node that runs it', () => {
    expect(verdict(pod(spec, mirror), node('system:node:worker-1'))).toBe(true)
  })

  it.each<[what: string, manifest: Manifest, fields: object]>([
    ['another node', pod(spec, mirror), node('system:node:worker-2')],
    ['a user who is no node', pod(spec, mirror), node('alice')],
    ['a user named like the node, outside the group', pod(spec, mirror), node('system:node:worker-1', ['dev'])],
    ['a pod without the annotation', pod(spec), node('system:node:worker-1')],
    ['a pod without a node', pod({ ...before }, mirror), node('system:node:')],
    ['a pod with an empty node', pod({ ...before, nodeName: '' }, mirror), node('system:node:')],
    ['a file, where nobody asks', pod(spec, mirror), { userInfo: undefined }],
    [
      'a Deployment that is annotated',
      { ...(WORKLOADS['Deployment']?.(spec) ?? pod()), metadata: { name: 'x', ...mirror } },
      node('system:node:worker-1'),
    ],
  ])('is not let through for %s', (_what, manifest, fields) => {
    expect(verdict(manifest, fields)).toBe(false)
  })
})
