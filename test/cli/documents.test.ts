import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readDocuments } from '../../src/cli/documents.ts'
import { folderOf } from '../lint/harness.ts'

async function read(cwd: string) {
  const { documents, problems } = await readDocuments([{ path: cwd, kinds: ['Policy'] }])
  return {
    values: documents.map(({ value }) => value),
    problems: problems.map(({ file, message }) => `${file.slice(cwd.length + 1)}: ${message}`),
  }
}

describe('a folder of documents', () => {
  it('gives hidden files too, but not those of Kubernetes and the locks of editors', async () => {
    const cwd = folderOf({ 'b.yaml': 'b', '.a.yaml': 'a', '..data.yaml': 'x', '.#b.yaml': 'x', 'c.txt': 'x' })
    expect(await read(cwd)).toEqual({ values: ['a', 'b'], problems: [] })
  })

  it('reads UTF-16, as other files are read', async () => {
    const cwd = folderOf({ 'a.yaml': Buffer.from('\ufeffa', 'utf16le') })
    expect(await read(cwd)).toEqual({ values: ['a'], problems: [] })
  })

  it('loses no document without saying so', async () => {
    const cwd = folderOf({
      'a.yaml': 'a',
      'bytes.yaml': Buffer.from([0xff]),
      'separator.yaml': 'a: 1\n---\u00a0#: |\n  b: 2\n',
    })
    symlinkSync('nowhere', join(cwd, 'dangling.yaml'))
    mkdirSync(join(cwd, 'folder.yaml'))
    expect(await read(cwd)).toEqual({
      values: ['a', { a: 1 }],
      problems: [
        'dangling.yaml: no such file or folder',
        'folder.yaml: this is a folder: name its files',
        'bytes.yaml: this is not UTF-8 text; save it as UTF-8',
        'separator.yaml: kubectl starts a new document at this ---, other readers of YAML do not; put a line break or a space after ---',
      ],
    })
  })
})
