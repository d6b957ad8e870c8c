import { describe, expect, it } from 'vitest'
import {
  deepEqual,
  dig,
  get,
  getList,
  getString,
  isDeeperThan,
  isList,
  isObject,
  type Json,
} from '../../src/json/value.ts'

const hostile = JSON.parse('{"__proto__": {"x": 1}, "constructor": "c", "list": [1], "text": "t"}') as Json

describe('reading members', () => {
  it('sees own properties, whatever their name', () => {
    expect(get(hostile, '__proto__')).toEqual({ x: 1 })
    expect(get(hostile, 'constructor')).toBe('c')
    expect(dig(hostile, '__proto__', 'x')).toBe(1)
  })

  it('sees nothing of a prototype', () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) expect(get({}, key)).toBeUndefined()
    expect(dig({}, 'constructor', 'name')).toBeUndefined()
  })

  it.each([null, true, 1, 'text', undefined])('finds nothing in %j', value => {
    expect(get(value, 'length')).toBeUndefined()
    expect(dig(value, 'a', 'b')).toBeUndefined()
  })

  it('finds nothing by name in a list', () => {
    expect(get([1], '0')).toBeUndefined()
    expect(get([1], 'length')).toBeUndefined()
  })

  it('gives a value only as the type that is asked for', () => {
    expect(getString(hostile, 'text')).toBe('t')
    expect(getString(hostile, 'list')).toBeUndefined()
    expect(getList(hostile, 'list')).toEqual([1])
    expect(getList(hostile, 'text')).toEqual([])
    expect(getList(undefined, 'list')).toEqual([])
  })

  it('tells objects from lists and null', () => {
    expect([{}, [], null, 'x'].map(isObject)).toEqual([true, false, false, false])
    expect([{}, [], null, 'x'].map(isList)).toEqual([false, true, false, false])
  })
})

describe('deepEqual', () => {
  const cases: readonly [name: string, left: Json | undefined, right: Json | undefined, equal: boolean][] = [
    ['members in another order', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['elements in another order', [1, 2], [2, 1], false],
    ['a member more', { a: 1 }, { a: 1, b: 2 }, false],
    ['as many members with other names', { a: 1 }, { b: 1 }, false],
    ['an element more', [1], [1, 1], false],
    ['a list and an object without members', [], {}, false],
    ['a number and its text', 1, '1', false],
    ['null and false', null, false, false],
    ['null and nothing', null, undefined, false],
    ['an own __proto__ and none', hostile, { constructor: 'c', list: [1], text: 't', y: {} }, false],
    ['deep inside', { a: [{ b: [1] }] }, { a: [{ b: [1] }] }, true],
    ['a difference deep inside', { a: [{ b: [1] }] }, { a: [{ b: [2] }] }, false],
  ]
  it.each(cases)('%s', (_, left, right, equal) => {
    expect(deepEqual(left, right)).toBe(equal)
    expect(deepEqual(right, left)).toBe(equal)
  })

  it('compares values that are too deep for recursion', () => {
    expect(deepEqual(nested(100_000), nested(100_000))).toBe(true)
    expect(deepEqual(nested(100_000), nested(99_999))).toBe(false)
  })
})

describe('isDeeperThan', () => {
  it.each([
    [1, 0, false],
    [[], 0, true],
    [{}, 1, false],
    [[[]], 1, true],
    [{ a: [1] }, 2, false],
    [{ a: [{}] }, 2, true],
  ])('%j is deeper than %i: %s', (value, limit, expected) => expect(isDeeperThan(value, limit)).toBe(expected))

  it('goes no deeper than the limit', () => {
    expect(isDeeperThan(nested(100_000), 500)).toBe(true)
    expect(isDeeperThan({ a: [nested(10), nested(500)] }, 501)).toBe(true)
    expect(isDeeperThan({ a: [nested(10), nested(500)] }, 502)).toBe(false)
  })

  it('looks into keys that prototypes use', () => {
    expect(isDeeperThan(JSON.parse('{"__proto__": [[]]}') as Json, 2)).toBe(true)
  })
})

function nested(levels: number): Json {
  let value: Json = 1
  for (let i = 0; i < levels; i++) value = [value]
  return value
}
