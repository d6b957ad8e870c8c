import { describe, expect, it } from 'vitest'
import { getList, isObject, type JsonObject } from '../../src/json/value.ts'
import { distinctMountPaths } from '../../src/proof/pod-invariants.ts'

const containersOf = (pod: JsonObject) => getList(pod, 'containers').filter(isObject)
const { check } = distinctMountPaths(containersOf)
const container = (name: string, ...paths: readonly string[]): JsonObject => ({
  name,
  volumeMounts: paths.map(mountPath => ({ mountPath })),
})

describe('distinct mount paths', () => {
  it.each<[what: string, before: JsonObject[], after: JsonObject[], expected: string | undefined]>([
    ['nothing twice', [container('a', '/x')], [container('a', '/x', '/y')], undefined],
    ['twice before', [container('a', '/x', '/x')], [container('a', '/x', '/x', '/y')], undefined],
    ['twice now', [container('a', '/x')], [container('a', '/x', '/x')], 'container "a" would mount twice at "/x"'],
    [
      'once in each of two of a name',
      [container('a', '/x'), container('a', '/x')],
      [container('a', '/x', '/x')],
      undefined,
    ],
    [
      'thrice',
      [container('a', '/x', '/x')],
      [container('a', '/x', '/x', '/x')],
      'container "a" would mount twice at "/x"',
    ],
  ])('%s', (_, before, after, expected) => {
    expect(check({ containers: before }, { containers: after })).toBe(expected)
  })

  it('reads each container once, also those of one name', () => {
    const many = () => Array.from({ length: 50_000 }, () => container('a', '/x'))
    expect(check({ containers: many() }, { containers: many() })).toBeUndefined()
  })
})
