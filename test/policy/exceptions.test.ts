import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import type { NamespaceLabels } from '../../src/policy/match.ts'
import {
  documentsOf,
  type JudgeOptions,
  judge,
  load,
  type RequestFields,
  requestFor,
  setOf,
} from '../support/engine.ts'
import { type Manifest, persistentVolume, pod, specWithHostPath, WORKLOADS } from '../support/host-path-cases.ts'
import { testCheck } from '../support/reviews.ts'

const ALLOWED = CHECKS.map(({ id }) => id).join(', ')

const POLICY = JSON.stringify({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Policy',
  metadata: { name: 'host-path' },
  spec: { validationActions: ['Deny'], checks: [{ check: 'host-path' }] },
})

function exceptionText(spec: object, name = 'agent'): string {
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: { name, namespace: 'portcullis-system' },
    spec: { policies: ['host-path'], reason: 'reads the logs', ...spec },
  })
}

/** What is decided about a manifest, with one exception in force. */
function decision(spec: object, manifest: Manifest, fields: RequestFields = {}, options: JudgeOptions = {}) {
  return judge(setOf(POLICY, exceptionText(spec)), requestFor(manifest, fields), options)
}

const logPod = (metadata: object = {}) => pod(specWithHostPath('/var/log'), { name: 'agent-x2x', ...metadata })
const exempts = (spec: object, manifest: Manifest = logPod(), fields: RequestFields = {}, options: JudgeOptions = {}) =>
  decision(spec, manifest, fields, options).allowed

const user = (username: string, groups: readonly string[]) => ({ userInfo: { username, uid: '', groups } })
const labels: NamespaceLabels = { labelsOf: name => (name === 'shop' ? { tier: 'gold' } : undefined) }

describe('an exception', () => {
  it('takes the finding out of the denials and says by whose word', () => {
    const { allowed, denials, exempt } = decision({}, logPod())
    expect({ allowed, denials }).toEqual({ allowed: true, denials: [] })
    expect(exempt.map(({ policy, check, exception, reason }) => ({ policy, check, exception, reason }))).toEqual([
      { policy: 'host-path', check: 'host-path', exception: 'agent', reason: 'reads the logs' },
    ])
  })

  it('of another check covers nothing', () => {
    const checks = [...CHECKS, testCheck('other', () => ({ findings: [] }))]
    const covered = (check: string) =>
      judge(setOf(POLICY, exceptionText({ checks: [check] }), { checks }), requestFor(logPod())).allowed
    expect([covered('host-path'), covered('other')]).toEqual([true, false])
  })

  it('suppresses no error', () => {
    const rule = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }
    const policy = POLICY.replace('"checks"', `"matchConstraints":{"resourceRules":[${JSON.stringify(rule)}]},"checks"`)
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } }
    const { allowed, errors } = judge(setOf(policy, exceptionText({})), requestFor(service))
    expect({ allowed, errors: errors.length }).toEqual({ allowed: false, errors: 1 })
  })

  it.each<[what: string, spec: object, expected: boolean]>([
    ['of this policy', { policies: ['other', 'host-path'] }, true],
    ['of another policy', { policies: ['other'] }, false],
    ['of this check', { checks: ['host-path'] }, true],
    ['of the kind', { match: { kinds: ['Pod'] } }, true],
    ['of another kind', { match: { kinds: ['Deployment'] } }, false],
    ['of the namespace', { match: { namespaces: ['other', 'shop'] } }, true],
    ['of another namespace', { match: { namespaces: ['kube-system'] } }, false],
    ['of the name', { match: { names: ['agent-x2x'] } }, true],
    ['of names like it', { match: { names: ['agent-*'] } }, true],
    ['of names that only contain it', { match: { names: ['agent'] } }, false],
    ['of names like another', { match: { names: ['node-*'] } }, false],
    ['of the user', { match: { users: ['kubernetes-admin'] } }, true],
    ['of another user', { match: { users: ['alice'] } }, false],
    ['of a group of the user', { match: { groups: ['system:authenticated'] } }, true],
    ['of another group', { match: { groups: ['system:masters'] } }, false],
    ['of the container', { containers: ['app'] }, true],
    ['of containers like it', { containers: ['a*'] }, true],
    ['of another container', { containers: ['agent'] }, false],
    ['of the image', { images: ['registry.example/app:1'] }, true],
    ['of images like it', { images: ['registry.example/*'] }, true],
    ['of another image', { images: ['docker.io/*'] }, false],
    ['of the path', { paths: ['/var/log'] }, true],
    ['of the path in another spelling', { paths: ['//var/log/'] }, true],
    ['of the path and what lies under it', { paths: ['/var/log/**'] }, true],
    ['of a path above it', { paths: ['/var'] }, false],
    ['of all that lies under a path above it', { paths: ['/var/**'] }, true],
    ['of everything under the root', { paths: ['/**'] }, true],
    ['of the root alone', { paths: ['/'] }, false],
    ['of a path below it', { paths: ['/var/log/pods/**'] }, false],
    ['of one of several paths', { paths: ['/etc', '/var/log'] }, true],
    ['of no objects in particular', { match: {}, checks: [], containers: [], images: [], paths: [] }, true],
    ['with one field that matches and one that does not', { paths: ['/var/log'], match: { users: ['alice'] } }, false],
  ])('%s: %j covers: %s', (_what, spec, expected) => {
    expect(exempts(spec)).toBe(expected)
  })
})

describe('match', () => {
  it('takes a generateName for the name while there is none', () => {
    const unnamed = { ...logPod(), metadata: { generateName: 'agent-', namespace: 'shop' } }
    expect(exempts({ match: { names: ['agent-*'] } }, unnamed)).toBe(true)
    expect(exempts({ match: { names: ['agent-x2x'] } }, unnamed)).toBe(false)
  })

  it('knows the users and groups of a request alone: a file has none', () => {
    expect(exempts({ match: { users: ['a'] } }, logPod(), user('a', []))).toBe(true)
    expect(exempts({ match: { users: ['a'] } }, logPod(), { userInfo: undefined })).toBe(false)
    expect(exempts({ match: { groups: ['a'] } }, logPod(), { userInfo: undefined })).toBe(false)
  })

  it('asks the labels of the object', () => {
    const objectSelector = { matchLabels: { app: 'agent' } }
    expect(exempts({ match: { objectSelector } }, logPod({ labels: { app: 'agent' } }))).toBe(true)
    expect(exempts({ match: { objectSelector } }, logPod())).toBe(false)
    expect(exempts({ match: { objectSelector: {} } })).toBe(true)
  })

  it('asks the labels of the namespace, and grants nothing where nobody knows them', () => {
    const gold = { match: { namespaceSelector: { matchLabels: { tier: 'gold' } } } }
    const notGold = { match: { namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] } } }
    expect(exempts(gold, logPod(), {}, { namespaceLabels: labels })).toBe(true)
    expect(exempts(notGold, logPod(), {}, { namespaceLabels: labels })).toBe(false)
    expect(exempts(gold)).toBe(false)
    expect(exempts(notGold)).toBe(false)
    expect(exempts({ match: { namespaceSelector: {} } })).toBe(true)
  })

  it('of a namespace grants nothing to what lives in none', () => {
    const volume = persistentVolume('local', '/var/log')
    expect(exempts({}, volume)).toBe(true)
    expect(exempts({ match: { namespaces: [''] } }, volume)).toBe(true)
    expect(exempts({ match: { namespaces: ['shop'] } }, volume)).toBe(false)
    const named = { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } }
    expect(exempts({ match: { namespaceSelector: named } }, volume)).toBe(false)
    expect(exempts({ match: { namespaceSelector: named } })).toBe(true)
    const others = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['shop'] }] }
    expect(exempts({ match: { namespaceSelector: others } }, volume)).toBe(false)
  })

  it('by kind knows every group', () => {
    const daemonSet = WORKLOADS['DaemonSet']?.(specWithHostPath('/var/log')) ?? pod()
    expect(exempts({ match: { kinds: ['DaemonSet'] } }, daemonSet)).toBe(true)
  })
})

describe('containers and images', () => {
  const mounted = {
    name: 'agent',
    image: 'registry.example/agent:1',
    volumeMounts: [{ name: 'log', mountPath: '/log' }],
  }
  const spec = (...containers: object[]) =>
    pod({ volumes: [{ name: 'log', hostPath: { path: '/var/log' } }], containers })

  it('must name every container that mounts the volume', () => {
    const stranger = { ...mounted, name: 'stranger', image: 'docker.io/x' }
    const bystander = { name: 'bystander', image: 'docker.io/x' }
    expect(exempts({ containers: ['agent'] }, spec(mounted, bystander))).toBe(true)
    expect(exempts({ images: ['registry.example/*'] }, spec(mounted, bystander))).toBe(true)
    expect(exempts({ containers: ['agent'] }, spec(mounted, stranger))).toBe(false)
    expect(exempts({ images: ['registry.example/*'] }, spec(mounted, stranger))).toBe(false)
    expect(exempts({ containers: ['agent', 'stranger'] }, spec(mounted, stranger))).toBe(true)
  })

  it('grant nothing to a volume that nobody mounts: an ephemeral container may, later', () => {
    expect(exempts({ containers: ['*'] }, pod(specWithHostPath('/var/log', 'unmounted')))).toBe(false)
  })

  it('grant nothing to what has no containers', () => {
    expect(exempts({ containers: ['*'] }, persistentVolume('local', '/var/log'))).toBe(false)
    expect(exempts({ images: ['*'] }, persistentVolume('local', '/var/log'))).toBe(false)
  })
})

describe('paths', () => {
  const exemptsPath = (pattern: string, path: string) => exempts({ paths: [pattern] }, pod(specWithHostPath(path)))

  it.each<[pattern: string, path: string, expected: boolean]>([
    ['/var/run/agent', '/run/agent', true],
    ['/run/agent', '/var/run/agent/', true],
    ['/etc/**', '/etc', true],
    ['/etc/**', '/etc/ssl', true],
    ['/etc/**', '/etcetera/../etc', false],
    ['/etc', '/etc/ssl', false],
    ['/usr/lib/**', '/lib/modules', true],
    ['/**', '/', true],
    // A path that is refused as such has no place that an exception could name.
    ['/data/**', '/data/../etc', false],
    ['/data/**', '/data/x\u0000', false],
    ['/data/**', '/data/\\x', false],
    ['/**', '/data/../etc', false],
    ['/**', '', false],
    ['/proc/**', '/proc/1', true],
    ['/proc/**', '/proc/1/root', false],
    ['/**', 'C:\\', false],
  ])('%s covers %j: %s', (pattern, path, expected) => {
    expect(exemptsPath(pattern, path)).toBe(expected)
  })

  it('cover the mounts of the volume that they cover', () => {
    const spec = {
      volumes: [{ name: 'log', hostPath: { path: '/var/log' } }],
      containers: [{ name: 'a', volumeMounts: [{ name: 'log', mountPath: '/log', subPath: 'a' }] }],
    }
    expect(exempts({ paths: ['/var/log'] }, pod(spec), { oldObject: pod() })).toBe(true)
  })

  it('do not cover what is not about a path', () => {
    const spec = { containers: [{ name: 'a', workingDir: '/proc/self' }], volumes: [{ name: 'a', gitRepo: {} }] }
    expect(exempts({ paths: ['/**'] }, pod(spec))).toBe(false)
    expect(exempts({}, pod(spec))).toBe(true)
  })

  it('of one volume leave another refused', () => {
    const volumes = ['/var/log', '/etc'].map((path, index) => ({ name: `v${index}`, hostPath: { path } }))
    const { denials, exempt } = decision({ paths: ['/var/log'] }, pod({ volumes }))
    expect([denials.length, exempt.length]).toEqual([1, 1])
  })
})

describe('expires', () => {
  const end = Date.UTC(2027, 2, 1)
  const spec = { expires: '2027-03-01T00:00:00Z' }

  it('is the moment from which it no longer counts, and that is said', () => {
    expect(decision(spec, logPod(), {}, { now: end - 1 })).toMatchObject({ allowed: true, expired: [] })
    expect(decision(spec, logPod(), {}, { now: end })).toMatchObject({
      allowed: false,
      exempt: [],
      expired: [{ exception: 'agent', expires: end }],
    })
  })

  it('knows time zones', () => {
    expect(exempts({ expires: '2027-03-01T01:00:00+01:00' }, logPod(), {}, { now: end - 1 })).toBe(true)
    expect(exempts({ expires: '2027-03-01T01:00:00+01:00' }, logPod(), {}, { now: end })).toBe(false)
  })

  it('is said once, and only where it would have counted', () => {
    const volumes = ['/var/log', '/etc'].map((path, index) => ({ name: `v${index}`, hostPath: { path } }))
    expect(decision(spec, pod({ volumes }), {}, { now: end }).expired).toHaveLength(1)
    expect(decision(spec, pod(), {}, { now: end }).expired).toEqual([])
    expect(decision({ ...spec, paths: ['/etc'] }, logPod(), {}, { now: end }).expired).toEqual([])
  })

  it('leaves the finding to another exception that still counts', () => {
    const text = `${exceptionText(spec, 'old')}\n---\n${exceptionText({}, 'young')}`
    const { allowed, exempt, expired } = judge(setOf(POLICY, text), requestFor(logPod()), { now: end })
    expect(allowed).toBe(true)
    expect(exempt.map(({ exception }) => exception)).toEqual(['young'])
    // Nothing hangs on the one that ran out, whichever of the two is asked first.
    expect(expired).toEqual([])
  })
})

it('is warned about when it nearly names a policy', () => {
  const documents = [
    ...documentsOf(POLICY),
    ...documentsOf(exceptionText({ policies: ['host-paht', 'far'], match: { namespaces: ['shop'] } }), [
      'PolicyException',
    ]),
  ]
  expect(load(documents).warnings.map(({ pointer, message }) => `${pointer}: ${message}`)).toEqual([
    '/spec/policies/0: there is no policy "host-paht" (did you mean "host-path"?): the exception covers nothing of it',
  ])
})

describe('what is wrong with an exception is said when it is loaded', () => {
  const problemsOf = (spec: object) =>
    load(documentsOf(exceptionText(spec), ['PolicyException'])).problems.map(
      ({ pointer, message }) => `${pointer}: ${message}`,
    )

  it.each<[spec: object, problem: string]>([
    [{ reason: '' }, '/spec/reason: must say why the exception is granted'],
    [{ reason: '  ' }, '/spec/reason: must say why the exception is granted'],
    [{ reason: undefined }, '/spec/reason: required field "reason" is missing: a string'],
    [{ policies: [] }, '/spec/policies: must name at least one policy'],
    [
      { checks: ['hostpath'] },
      `/spec/checks/0: unknown check "hostpath" (did you mean "host-path"?); allowed: ${ALLOWED}`,
    ],
    [{ policies: undefined }, '/spec/policies: required field "policies" is missing: a list of strings'],
    [{ policies: 'host-path' }, '/spec/policies: must be a list of strings, not a string'],
    [{ expires: '2027-03-01' }, '/spec/expires: must be a time as RFC 3339 writes it, such as 2027-03-01T00:00:00Z'],
    [
      { expires: '2027-02-30T00:00:00Z' },
      '/spec/expires: must be a time as RFC 3339 writes it, such as 2027-03-01T00:00:00Z',
    ],
    [{ expires: 5 }, '/spec/expires: must be a string, not a number'],
    [{ paths: ['var/log'] }, '/spec/paths/0: must be an absolute path, with "/**" at the end for what lies under it'],
    [{ paths: ['/a/../b'] }, '/spec/paths/0: the path holds a ".." segment'],
    [
      { paths: ['/ok', '/proc/1/root/**'] },
      '/spec/paths/1: the path leads through /proc to wherever a process of the node points it',
    ],
    [{ paths: ['//./pipe/x'] }, '/spec/paths/0: a Windows path cannot be exempted: see windowsPaths'],
    [
      { paths: ['/var/log/*'] },
      '/spec/paths/0: "*" stands for nothing here: write "/**" at the end for what lies under a path',
    ],
    [
      { paths: ['/var/**/x'] },
      '/spec/paths/0: "*" stands for nothing here: write "/**" at the end for what lies under a path',
    ],
    [
      { path: ['/'] },
      '/spec/path: unknown field "path" (did you mean "paths"?); allowed: policies, checks, match, containers, images, paths, breakGlass, reason, expires',
    ],
    [
      { match: { namespace: ['a'] } },
      '/spec/match/namespace: unknown field "namespace" (did you mean "namespaces"?); allowed: kinds, namespaces, namespaceSelector, objectSelector, names, users, groups',
    ],
    [
      { match: { objectSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } },
      '/spec/match/objectSelector/matchExpressions/0/values: operator In needs values',
    ],
  ])('%j', (spec, problem) => {
    expect(problemsOf(spec)).toEqual([problem])
  })
})
