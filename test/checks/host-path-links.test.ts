import { describe, expect, it } from 'vitest'
import { compareMembers, membersOf } from '../../src/policy/evaluate-set.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { denialsOf, hostPathSet, judge, requestFor, subjectFacts } from '../support/engine.ts'
import { type Manifest, type PodSpec, persistentVolume, pod, WORKLOADS } from '../support/host-path-cases.ts'

const set = hostPathSet()
const context = { namespaceLabels: NO_NAMESPACE_LABELS, facts: subjectFacts({ seen: 'among-others' }) }

type Mounted = readonly [path: string, how: 'ro' | 'rw' | 'unmounted']

function specOf(...volumes: readonly Mounted[]) {
  return {
    volumes: volumes.map(([path], index) => ({ name: `v${index}`, hostPath: { path } })),
    containers: [
      {
        name: 'a',
        image: 'a:1',
        volumeMounts: volumes.flatMap(([, how], index) =>
          how === 'unmounted' ? [] : [{ name: `v${index}`, mountPath: `/v${index}`, readOnly: how === 'ro' }],
        ),
      },
    ],
  }
}

describe('two volumes of one pod', () => {
  it.each<[volumes: readonly Mounted[], refused: boolean]>([
    [
      [
        ['/data/a', 'rw'],
        ['/data/a/link', 'rw'],
      ],
      true,
    ],
    [
      [
        ['/data/a/link', 'ro'],
        ['/data/a', 'rw'],
      ],
      true,
    ],
    [
      [
        ['/data/a', 'unmounted'],
        ['/data/a/link', 'ro'],
      ],
      true,
    ],
    [
      [
        ['/data', 'rw'],
        ['/data/a/b/c', 'ro'],
      ],
      true,
    ],
    [
      [
        ['/data/a', 'ro'],
        ['/data/a/link', 'rw'],
      ],
      false,
    ],
    [
      [
        ['/data/a', 'rw'],
        ['/data/a', 'ro'],
      ],
      false,
    ],
    [
      [
        ['/data/a', 'rw'],
        ['/data/ab', 'rw'],
      ],
      false,
    ],
  ])('%j: refused: %s', (volumes, refused) => {
    for (const around of Object.values(WORKLOADS))
      expect(judge(set, requestFor(around(specOf(...volumes)))).allowed).toBe(!refused)
  })

  it('is told at the lower one', () => {
    expect(denialsOf(judge(set, requestFor(pod(specOf(['/data/a', 'rw'], ['/data/a/link', 'rw'])))))).toEqual([
      '/spec/volumes/1/hostPath/path: volume "v1" mounts hostPath "/data/a/link", which lies under "/data/a", to which the pod may write by another volume: after a restart a link put in its place leads the volume to any file of the node',
    ])
  })

  it('says nothing of a path, or of what lies under it, that is refused for itself', () => {
    const { length } = denialsOf(judge(set, requestFor(pod(specOf(['/mnt/x', 'rw'], ['/etc', 'rw'], ['/', 'rw'])))))
    expect(length).toBe(2)
  })

  it('looks at ten thousand volumes and mounts once each', () => {
    const volumes = Array.from({ length: 9000 }, (_, at) => ({ name: `v${at}`, hostPath: { path: `/data/a${at}` } }))
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/m/${name}` }))
    const spec = { containers: [{ name: 'a', image: 'x:1', volumeMounts }], volumes }
    expect(denialsOf(judge(set, requestFor(pod(spec))))).toEqual([])
  })

  it('warns on UPDATE if it was so before', () => {
    const before = pod(specOf(['/data/a', 'rw'], ['/data/a/link', 'rw']))
    expect(judge(set, requestFor(before, { oldObject: before })).allowed).toBe(true)
  })
})

describe('objects that are seen together', () => {
  const deployment = (spec: PodSpec) => WORKLOADS['Deployment']?.(spec) ?? pod(spec)
  const named = (name: string, ...volumes: readonly Mounted[]) => pod(specOf(...volumes), { name })
  /** What is said about each object, by name. */
  const compared = (objects: readonly Manifest[], policies = set) => {
    const members = objects.map(object => membersOf(policies, requestFor(object), context))
    return compareMembers(members).map(results =>
      results.flatMap(({ outcome }) =>
        outcome.kind === 'pass' ? (outcome.warnings ?? []).map(({ level, message }) => `${level}: ${message}`) : [],
      ),
    )
  }
  const count = (objects: readonly Manifest[], policies = set) => compared(objects, policies).map(said => said.length)

  it('are warned of a path that lies under what another may write', () => {
    expect(compared([named('one', ['/data/a', 'rw']), named('two', ['/data/a/link', 'ro'])])).toEqual([
      [],
      [
        'warning: volume "v0" mounts hostPath "/data/a/link", which lies under "/data/a", to which Pod "shop/one" may write: on a node that runs both a link put in its place leads the volume to any file of the node',
      ],
    ])
  })

  it.each<[what: string, objects: readonly Manifest[], counts: readonly number[]]>([
    ['in any order', [named('two', ['/data/a/l', 'ro']), named('one', ['/data/a', 'rw'])], [1, 0]],
    ['a reader above', [named('one', ['/data/a', 'ro']), named('two', ['/data/a/l', 'rw'])], [0, 0]],
    ['the same path', [named('one', ['/data/a', 'rw']), named('two', ['/data/a', 'rw'])], [0, 0]],
    ['only itself', [named('one', ['/data/a', 'rw'], ['/data/a/l', 'ro'])], [0]],
    ['a template', [deployment(specOf(['/data', 'rw'])), named('two', ['/data/l', 'ro'])], [0, 1]],
    ['a PersistentVolume above', [persistentVolume('hostPath', '/data'), named('two', ['/data/l', 'ro'])], [0, 1]],
    ['a PersistentVolume below', [named('one', ['/data', 'rw']), persistentVolume('local', '/data/l')], [0, 1]],
    [
      'a path that is refused for itself',
      [named('one', ['/tmp/a', 'rw']), named('two', ['/tmp/a/link', 'rw'])],
      [0, 0],
    ],
    ['a writer of what contains the node', [named('one', ['/', 'rw']), named('two', ['/data', 'rw'])], [0, 0]],
  ])('%s', (_what, objects, counts) => {
    expect(count(objects)).toEqual(counts)
  })

  it('are warned under a hole too', () => {
    const open = hostPathSet({ allowed: [{ path: '/tmp' }] })
    expect(count([named('one', ['/tmp/a', 'rw']), named('two', ['/tmp/a/link', 'rw'])], open)).toEqual([0, 1])
  })
})
