import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findInputs } from '../../src/lint/inputs.ts'
import { readInputs } from '../../src/lint/read.ts'
import { hidden, judged } from '../kubectl-reader/compare.ts'
import { compareTexts } from '../kubectl-reader/differences.ts'
import { KubectlReader } from '../kubectl-reader/kubectl.ts'
import { folderOf } from '../lint/harness.ts'
import { toolsFolder } from './support/commands.ts'

let kubectl: KubectlReader

beforeAll(() => {
  kubectl = new KubectlReader(join(toolsFolder(), 'kubectl-reader'))
})
afterAll(() => kubectl.close())

describe('what kubectl would send', () => {
  test('is judged, or the run is red, for 20,000 texts', async () => {
    const seed = Math.floor(Math.random() * 0x7fffffff)
    console.info(`kubectl-reader: npm run test:reader -- 20000 ${seed}`)
    const { sending, hiding } = await compareTexts(kubectl, seed, 20_000)
    expect(hiding.map(String), `seed ${seed}`).toEqual([])
    expect(sending).toBeGreaterThan(5000)
  })

  const pod = (name: string) => `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"}}`
  const files = {
    'a.yaml': pod('a'),
    '.hidden.yaml': pod('hidden'),
    '.yaml': pod('nameless'),
    '.folder/b.yml': pod('b'),
    'deep/er/c.json': pod('c'),
    'deep/d.YAML': pod('upper'),
    'deep/e': pod('e'),
    'deep/x.yaml/f.yaml': pod('f'),
  }
  test.each([
    ['a folder', ['.']],
    ['a file without an ending', ['deep/e']],
    ['a pattern of files', ['*.yaml']],
    ['a pattern that means folders', ['*']],
    ['a pattern of hidden files in folders', ['*/*.y*']],
    ['a class of characters', ['[a-d]*/[^a-d]*']],
  ])('is judged for %s', async (_, args) => {
    const cwd = folderOf(files)
    symlinkSync('deep/e', join(cwd, 'link.yaml'))
    const sent = await kubectl.paths(args.map(arg => join(cwd, arg)))
    const { inputs } = await findInputs(args, cwd)
    const objects = []
    for await (const { read } of readInputs(inputs, Readable.from([]))) {
      if ('text' in read) objects.push(...judged(Buffer.from(read.text)).objects)
    }
    expect(sent.objects).not.toEqual([])
    expect(hidden(sent, { objects, problems: [], isPassedOver: false })).toBeUndefined()
  })
})
