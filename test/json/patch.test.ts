import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyPatch, type PatchOperation, parsePatch } from '../../src/json/patch.ts'
import { pointerOf } from '../../src/json/pointer.ts'
import type { Json } from '../../src/json/value.ts'

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(freeze)
  }
  return value
}

function patched(document: Json, ...operations: readonly PatchOperation[]): Json {
  const result = applyPatch(freeze(document), freeze(operations))
  if (!result.ok) throw new Error(result.message)
  return result.document
}

function failure(document: Json, ...operations: readonly PatchOperation[]) {
  const result = applyPatch(freeze(document), freeze(operations))
  return result.ok ? 'applied' : [result.index, result.message]
}

describe('applyPatch', () => {
  const cases: readonly [name: string, document: Json, operations: readonly PatchOperation[], expected: Json][] = [
    ['no operations change nothing', { a: 1 }, [], { a: 1 }],
    ['add replaces a member', { a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
    ['add inserts an element', [1, 2], [{ op: 'add', path: '/1', value: 9 }], [1, 9, 2]],
    ['add appends at the length', [1], [{ op: 'add', path: '/1', value: 9 }], [1, 9]],
    ['add appends at -', [1], [{ op: 'add', path: '/-', value: 9 }], [1, 9]],
    ['add replaces the document', [1], [{ op: 'add', path: '', value: null }], null],
    ['add to an object takes - as a key', {}, [{ op: 'add', path: '/-', value: 1 }], { '-': 1 }],
    ['remove takes an element out', [1, 2, 3], [{ op: 'remove', path: '/1' }], [1, 3]],
    ['remove takes a null member out', { a: null }, [{ op: 'remove', path: '/a' }], {}],
    ['replace keeps the length of a list', [1, 2], [{ op: 'replace', path: '/0', value: 9 }], [9, 2]],
    ['move counts the target index after the removal', [1, 2, 3], [{ op: 'move', from: '/0', path: '/2' }], [2, 3, 1]],
    ['move onto itself changes nothing', { a: [1] }, [{ op: 'move', from: '/a', path: '/a' }], { a: [1] }],
    ['move to a sibling with the name as prefix', { a: 1 }, [{ op: 'move', from: '/a', path: '/ab' }], { ab: 1 }],
    ['copy into itself', { a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/a/c' }], { a: { b: 1, c: { b: 1 } } }],
    [
      'test ignores the order of members',
      { a: 1, b: 2 },
      [{ op: 'test', path: '', value: { b: 2, a: 1 } }],
      { a: 1, b: 2 },
    ],
  ]
  it.each(cases)('%s', (_, document, operations, expected) => {
    expect(patched(document, ...operations)).toEqual(expected)
  })

  const failures: readonly [name: string, document: Json, operation: PatchOperation, message: string][] = [
    ['a missing member', {}, { op: 'remove', path: '/a' }, 'remove "/a": there is no "a"'],
    ['a missing parent', {}, { op: 'add', path: '/a/b', value: 1 }, 'add "/a/b": there is no "a"'],
    ['replacing nothing', {}, { op: 'replace', path: '/a', value: 1 }, 'replace "/a": there is no "a"'],
    [
      'a member of text',
      { a: 'x' },
      { op: 'add', path: '/a/0', value: 1 },
      'add "/a/0": "0" would be a member of a string',
    ],
    [
      'a member of null',
      { a: null },
      { op: 'test', path: '/a/b', value: 1 },
      'test "/a/b": "b" would be a member of null',
    ],
    ['past the end', [1], { op: 'add', path: '/2', value: 1 }, 'add "/2": index 2 is past the end of a list of 1'],
    [
      'the element after the last',
      [1],
      { op: 'remove', path: '/-' },
      'remove "/-": "-" is not the index of an element',
    ],
    [
      'a leading zero',
      [1, 2],
      { op: 'replace', path: '/01', value: 1 },
      'replace "/01": "01" is not the index of an element',
    ],
    ['a name in a list', [1], { op: 'add', path: '/length', value: 0 }, 'add "/length": "length" is not a list index'],
    ['removing everything', { a: 1 }, { op: 'remove', path: '' }, 'remove "": the whole document cannot be removed'],
    [
      'into itself',
      { a: {} },
      { op: 'move', from: '/a', path: '/a/b' },
      'move "/a/b": a value cannot be moved into itself',
    ],
    ['a failed test', { a: 1 }, { op: 'test', path: '/a', value: '1' }, 'test "/a": the value is not the expected one'],
    ['no pointer', {}, { op: 'add', path: 'a', value: 1 }, 'add "a": "a" is not a JSON Pointer'],
    ['no pointer to copy from', {}, { op: 'copy', from: '/~', path: '/a' }, 'copy "/a": "/~" is not a JSON Pointer'],
    [
      'a prototype member',
      {},
      { op: 'copy', from: '/constructor', path: '/a' },
      'copy "/a": there is no "constructor"',
    ],
  ]
  it.each(failures)('refuses %s', (_, document, operation, message) => {
    expect(failure(document, { op: 'test', path: '', value: document }, operation)).toEqual([1, message])
  })

  it('applies all operations or none', () => {
    const document = { a: [1] }
    expect(failure(document, { op: 'add', path: '/a/-', value: 2 }, { op: 'remove', path: '/b' })).toEqual([
      1,
      'remove "/b": there is no "b"',
    ])
    expect(document).toEqual({ a: [1] })
  })
})

describe('keys that prototypes use', () => {
  it.each(['__proto__', 'constructor', 'prototype', 'toString'])('%s is a member like any other', key => {
    const path = pointerOf([key])
    const result = patched({}, { op: 'add', path, value: {} }, { op: 'add', path: `${path}/polluted`, value: true })
    expect(JSON.stringify(result)).toBe(`{"${key}":{"polluted":true}}`)
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(patched(result, { op: 'remove', path })).toEqual({})
    expect(JSON.stringify(patched(result, { op: 'move', from: path, path: '/x' }))).toBe('{"x":{"polluted":true}}')
  })

  it('keeps them when an object is copied for another member', () => {
    const document = JSON.parse('{"__proto__": 1, "a": 2}') as Json
    expect(JSON.stringify(patched(document, { op: 'add', path: '/b', value: 3 }))).toBe('{"__proto__":1,"a":2,"b":3}')
  })
})

describe('sharing', () => {
  it('copies the patched path and shares the rest', () => {
    const document = { a: { b: [{ c: 1 }, { d: 2 }] }, e: { f: 3 } }
    const result = patched(document, { op: 'replace', path: '/a/b/0/c', value: 9 }) as typeof document
    expect(result.e).toBe(document.e)
    expect(result.a.b[1]).toBe(document.a.b[1])
    expect(result.a.b[0]).toEqual({ c: 9 })
    expect(document.a.b[0]).toEqual({ c: 1 })
  })

  it('does not change the copy with the original, nor the value of an operation with its place', () => {
    const value = { list: [1] }
    expect(
      patched(
        {},
        { op: 'add', path: '/a', value },
        { op: 'add', path: '/a/list/-', value: 2 },
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'add', path: '/a/list/-', value: 3 },
        { op: 'add', path: '/b/list/-', value: 4 },
      ),
    ).toEqual({ a: { list: [1, 2, 3] }, b: { list: [1, 2, 4] } })
    expect(value).toEqual({ list: [1] })
  })

  it('keeps copies apart when only a part was patched before', () => {
    expect(
      patched(
        { a: { x: { n: 1 }, y: { n: 1 } } },
        { op: 'replace', path: '/a/x/n', value: 2 },
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'replace', path: '/b/x/n', value: 3 },
        { op: 'move', from: '/a', path: '/c' },
        { op: 'replace', path: '/c/y/n', value: 4 },
      ),
    ).toEqual({ b: { x: { n: 3 }, y: { n: 1 } }, c: { x: { n: 2 }, y: { n: 4 } } })
  })

  it('copies a list once, however many operations touch it', () => {
    const document = { list: Array.from({ length: 50_000 }, (_, i) => i) }
    const operations = document.list.map((i): PatchOperation => ({ op: 'replace', path: `/list/${i}`, value: -i }))
    const started = performance.now()
    const result = patched(document, ...operations) as typeof document
    // Copying the list for each operation would move 2.5 thousand million elements.
    expect(performance.now() - started).toBeLessThan(1500)
    expect(result.list[49_999]).toBe(-49_999)
    expect(document.list[49_999]).toBe(49_999)
  })

  it('is what JSON values without any sharing give', () => {
    const pointer = fc.constantFrom('', '/a', '/b', '/a/b', '/a/0', '/b/-', '/a/b/0', '/c')
    const leaf = fc.oneof(fc.integer(), fc.constantFrom<Json>({}, [], { b: [1] }, [{ b: 2 }]))
    const operation = fc.oneof(
      fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path: pointer, value: leaf }),
      fc.record({ op: fc.constant('remove' as const), path: pointer }),
      fc.record({ op: fc.constantFrom('move' as const, 'copy' as const), from: pointer, path: pointer }),
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), operations => {
        let oneByOne: Json = { a: { b: [1] }, b: [] }
        for (const [index, operation] of operations.entries()) {
          const result = applyPatch(structuredClone(oneByOne) as Json, structuredClone([operation]))
          if (!result.ok) {
            expect(failure({ a: { b: [1] }, b: [] }, ...operations)).toEqual([index, result.message])
            return
          }
          oneByOne = JSON.parse(JSON.stringify(result.document)) as Json
        }
        expect(patched({ a: { b: [1] }, b: [] }, ...operations)).toEqual(oneByOne)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('parsePatch', () => {
  it('reads all operations and drops other members', () => {
    const operations: readonly PatchOperation[] = [
      { op: 'add', path: '', value: null },
      { op: 'replace', path: '/a', value: [1] },
      { op: 'test', path: '/a', value: false },
      { op: 'remove', path: '/a~1b' },
      { op: 'move', from: '/a', path: '/b' },
      { op: 'copy', from: '', path: '/b/-' },
    ]
    expect(parsePatch(operations.map(operation => ({ ...operation, comment: 'ignored' })))).toEqual({
      ok: true,
      operations,
    })
  })

  const problems: readonly [item: Json, message: string][] = [
    [1, 'an operation is an object'],
    [{ path: '/a' }, 'the operation has no "op"'],
    [{ op: 'spam', path: '/a' }, 'unknown op "spam"; it must be add, remove, replace, move, copy or test'],
    [{ op: null, path: '/a' }, 'unknown op null; it must be add, remove, replace, move, copy or test'],
    [{ op: 'add', value: 1 }, 'the operation has no "path"'],
    [{ op: 'remove', path: 'a' }, '"path" must be a JSON Pointer, not "a"'],
    [{ op: 'remove', path: '/~2' }, '"path" must be a JSON Pointer, not "/~2"'],
    [{ op: 'remove', path: null }, '"path" must be a JSON Pointer, not null'],
    [{ op: 'add', path: '/a' }, 'add needs a "value"'],
    [{ op: 'replace', path: '/a' }, 'replace needs a "value"'],
    [{ op: 'test', path: '/a' }, 'test needs a "value"'],
    [{ op: 'move', path: '/a' }, 'the operation has no "from"'],
    [{ op: 'copy', path: '/a', from: 'b' }, '"from" must be a JSON Pointer, not "b"'],
  ]
  it.each(problems)('refuses %j', (item, message) => {
    expect(parsePatch([{ op: 'remove', path: '/a' }, item])).toEqual({ ok: false, index: 1, message })
  })

  it.each([null, {}, 'x', 1])('refuses %j as a patch', value => {
    expect(parsePatch(value)).toEqual({ ok: false, message: 'a JSON Patch is a list of operations' })
  })
})
