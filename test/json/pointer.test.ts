import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { append, escapeSegment, parseIndex, parsePointer, pointerOf, resolvePointer } from '../../src/json/pointer.ts'

/** The document and pointers of RFC 6901, section 5. */
const example = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
}

describe('resolvePointer', () => {
  it.each([
    ['', example],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ])('finds %j of RFC 6901', (pointer, value) => expect(resolvePointer(example, pointer)).toEqual(value))

  it.each([
    '/bar',
    '/foo/2',
    '/foo/-',
    '/foo/00',
    '/foo/1e0',
    '/foo/length',
    '/foo/0/0',
    '/toString',
    'foo',
    '/m~n',
    '/a~',
  ])('finds nothing at %j', pointer => expect(resolvePointer(example, pointer)).toBeUndefined())

  it('finds own properties only', () => {
    expect(resolvePointer({}, '/__proto__')).toBeUndefined()
    expect(resolvePointer({}, '/constructor/name')).toBeUndefined()
    expect(resolvePointer(JSON.parse('{"__proto__": {"a": null}}'), '/__proto__/a')).toBeNull()
  })
})

describe('escaping', () => {
  it('escapes ~ before /, and unescapes ~1 before ~0', () => {
    expect(escapeSegment('~1')).toBe('~01')
    expect(escapeSegment('/')).toBe('~1')
    expect(escapeSegment('~/')).toBe('~0~1')
    expect(parsePointer('/~01')).toEqual(['~1'])
    expect(parsePointer('/~0~1')).toEqual(['~/'])
  })

  it('builds pointers from keys and indices', () => {
    expect(pointerOf([])).toBe('')
    expect(pointerOf(['metadata', 'annotations', 'a.b/c~d', 0, ''])).toBe('/metadata/annotations/a.b~1c~0d/0/')
    expect(append('/spec', 'containers', 1)).toBe('/spec/containers/1')
    expect(append('/spec')).toBe('/spec')
  })

  it('gives back any segments', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.stringMatching(/^[~/01]*$/))), segments => {
        expect(parsePointer(pointerOf(segments))).toEqual(segments)
      }),
    )
  })

  it('gives back any pointer', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^(\/([^~/]|~0|~1)*)*$/), pointer => {
        expect(pointerOf(parsePointer(pointer) ?? ['not a pointer'])).toBe(pointer)
      }),
    )
  })
})

describe('parsePointer', () => {
  it.each(['a', 'a/b', '#/a', ' /a', '/~', '/~2', '/a~/b', '/~~0'])('refuses %j', pointer => {
    expect(parsePointer(pointer)).toBeUndefined()
  })
})

describe('parseIndex', () => {
  it.each([
    ['0', 0],
    ['10', 10],
    ['01', undefined],
    ['-', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['1.0', undefined],
    ['1e1', undefined],
    ['', undefined],
    [' 1', undefined],
    ['١', undefined],
  ])('reads %j as %j', (segment, index) => expect(parseIndex(segment)).toBe(index))
})
