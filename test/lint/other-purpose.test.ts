import { describe, expect, it } from 'vitest'
import { decodeText } from '../../src/lint/read.ts'
import { holdsNoObject, isOfOtherPurpose } from '../../src/lint/run.ts'

describe('a text holds no object', () => {
  it.each([
    ['without the words of one', '{ // comment\n  "compilerOptions": {} }', true],
    ['with one of the words', 'kind: of blue\n', true],
    ['with tags of its own and scripts', 'job:\n  script: !reference [a, "b \\\n c"]\n', true],
    ['but one without apiVersion might be sent', '{kind: Pod, metadata: {name: a}}', false],
    ['but its words may be in base64', '!!binary a2luZA==: Pod\nmetadata: {name: a}\n', false],
    ['but the tag for base64 may be escaped', '!!bin%61ry a2luZA==: Pod\nmetadata: {name: a}\n', false],
    [
      'but the tag for base64 may have another handle',
      '%TAG ! tag:yaml.org,2002:bin\n---\n!ary a2luZA==: Pod\n',
      false,
    ],
    ['but its words may be escaped', '"\\x6bind": Pod\nmetadata: {name: a}\n', false],
    ['but its words may go over lines', '"ki\\\n  nd": Pod\nmetadata: {name: a}\n', false],
  ])('%s', (_, text, expected) => {
    expect(holdsNoObject(text)).toBe(expected)
  })
})

describe('a file that is met has another purpose', () => {
  const other = { text: 'a: !b [' }
  it.each([
    ['if it is JSON', 'x/tsconfig.json', other, true],
    ['if it is hidden', '.gitlab-ci.yml', other, true],
    ['if its folder is hidden', '.github/x.yaml', other, true],
    ['if its name is not that of a manifest', 'k8s/README', other, true],
    ['but not if it is called like a manifest', 'k8s/../x.yaml', other, false],
    ['if it is not text', 'k8s/logo.png', decodeText(Buffer.from([0x89, 0x50])), true],
    ['but not if bytes are wrong in an object', 'x', decodeText(Buffer.from('kind: \xe9\nmetadata:', 'latin1')), false],
  ])('%s', (_, file, read, expected) => {
    expect(isOfOtherPurpose(file, read)).toBe(expected)
  })
})

describe('bytes are decoded', () => {
  const utf16 = Buffer.from('\ufeffkind: Pod é', 'utf16le')
  it.each([
    ['as UTF-8', Buffer.from('kind: Pod é')],
    ['as UTF-8 without its byte order mark', Buffer.from('\ufeffkind: Pod é')],
    ['as UTF-16 with its low bytes first', utf16],
    ['as UTF-16 with its high bytes first', Buffer.from(utf16).swap16()],
  ])('%s', (_, bytes) => {
    expect(decodeText(bytes)).toEqual({ text: 'kind: Pod é' })
  })

  it('but half a character of UTF-16 is a problem', () => {
    expect(decodeText(utf16.subarray(0, -1))).toMatchObject({ problem: 'this is not UTF-16 text; save it as UTF-8' })
  })
})
