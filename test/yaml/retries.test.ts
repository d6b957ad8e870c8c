import { expect, it } from 'vitest'
import { parseYaml } from '../../src/yaml/parse.ts'

const TEXT = 'x: {a\n}\nz: {b\n}\n'

it('asks before it parses a text anew', () => {
  const asked: number[] = []
  const { documents } = parseYaml(TEXT, {
    mayRetry: characters => {
      asked.push(characters)
      return true
    },
  })
  expect(documents[0]?.value).toEqual({ x: { a: null }, z: { b: null } })
  expect(asked).toEqual([TEXT.length + 1000, TEXT.length + 1000])
})

it('leaves a text as it is where it may not', () => {
  const { documents, problems } = parseYaml(TEXT, { mayRetry: () => false })
  expect(documents).toEqual([])
  expect(problems[0]?.message).toMatch(/indented further/)
})
