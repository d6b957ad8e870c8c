import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findInputs } from '../../src/lint/inputs.ts'
import { folderOf } from './harness.ts'

const files = {
  'b.yaml': '',
  'a.yml': '',
  'c.json': '',
  'README.md': '',
  '.hidden.yaml': '',
  '.git/x.yaml': '',
  'node_modules/x/y.yaml': '',
  'deep/er/z.yaml': '',
  '[odd].yaml': '',
  'odd*.txt': '',
}

async function found(args: readonly string[], cwd: string) {
  const { inputs, errors, notes } = await findInputs(args, cwd)
  const named = inputs.map(({ file, isNamed }) => (isNamed ? `${file} (named)` : file))
  return { named, errors: errors.map(({ file, message }) => `${file}: ${message}`), notes }
}

const LEFT_OUT = 'node_modules is left out, though kubectl apply -R reads it; name it to check it'
const ok = (named: readonly string[]) => ({ named, errors: [], notes: [] })

const cases: readonly { readonly name: string; readonly args: readonly string[]; readonly expected: unknown }[] = [
  {
    name: 'a folder gives its manifests and those below, sorted, hidden ones too, and names the node_modules that it leaves out',
    args: ['.'],
    expected: {
      named: ['.git/x.yaml', '.hidden.yaml', '[odd].yaml', 'a.yml', 'b.yaml', 'c.json', 'deep/er/z.yaml'],
      errors: [],
      notes: [LEFT_OUT],
    },
  },
  { name: 'a folder is shown as it was named', args: ['./deep/'], expected: ok(['deep/er/z.yaml']) },
  { name: 'a named file is read whatever its name', args: ['README.md'], expected: ok(['README.md (named)']) },
  { name: 'a hidden folder can be named', args: ['.git'], expected: ok(['.git/x.yaml']) },
  {
    name: 'a file that two arguments lead to is read once',
    args: ['.', 'b.yaml', './b.yaml', '*.yml', 'deep', 'deep/**'],
    expected: {
      named: ['.git/x.yaml', '.hidden.yaml', '[odd].yaml', 'a.yml', 'b.yaml (named)', 'c.json', 'deep/er/z.yaml'],
      errors: [],
      notes: [LEFT_OUT],
    },
  },
  {
    name: 'a name with wildcards in it is a name first',
    args: ['[odd].yaml', 'odd*.txt'],
    expected: ok(['[odd].yaml (named)', 'odd*.txt (named)']),
  },
  {
    name: 'a glob finds files in folders, not those of node_modules',
    args: ['**/*.yaml'],
    expected: ok(['.git/x.yaml', '[odd].yaml', 'b.yaml', 'deep/er/z.yaml']),
  },
  {
    name: 'a glob takes any file that kubectl takes for it, and what is in the folders that it means',
    args: ['*'],
    expected: ok([
      '.git/x.yaml',
      '.hidden.yaml',
      'README.md',
      '[odd].yaml',
      'a.yml',
      'b.yaml',
      'c.json',
      'deep/er/z.yaml',
      'odd*.txt',
    ]),
  },
  { name: 'a glob that names an ending takes that', args: ['*.md'], expected: ok(['README.md']) },
  {
    name: 'a glob may ask for node_modules',
    args: ['node_modules/**/*.yaml'],
    expected: ok(['node_modules/x/y.yaml']),
  },
  {
    name: 'the standard input is a file of its own',
    args: ['-', 'b.yaml', '-'],
    expected: ok(['<stdin> (named)', 'b.yaml (named)']),
  },
  {
    name: 'a glob without a match is an error',
    args: ['*.nope', 'b.yaml'],
    expected: {
      named: ['b.yaml (named)'],
      errors: ['*.nope: this pattern matches no file: nothing was checked'],
      notes: [],
    },
  },
  {
    name: 'a path that is not there is an error',
    args: ['nope.yaml'],
    expected: { named: [], errors: ['nope.yaml: there is no such file or folder'], notes: [] },
  },
  {
    name: 'a path through a file is an error',
    args: ['b.yaml/x'],
    expected: { named: [], errors: ['b.yaml/x: cannot be read: ENOTDIR'], notes: [] },
  },
  {
    name: 'an empty argument is an error',
    args: [''],
    expected: { named: [], errors: ["'': this path is empty: a variable of the script may be unset"], notes: [] },
  },
]

describe('findInputs', () => {
  it.each(cases)('$name', async ({ args, expected }) => {
    expect(await found(args, folderOf(files))).toEqual(expected)
  })

  it('says that a folder without manifests holds none', async () => {
    const cwd = folderOf({ 'x/README.md': '' })
    const errors = ['x: this folder holds no .yaml, .yml or .json file: nothing was checked']
    expect(await found(['x'], cwd)).toEqual({ named: [], errors, notes: [] })
  })

  it.each([
    ['named', ['app']],
    ['met in a walk', ['.']],
    ['met by a glob', ['**/*.yaml']],
  ])('does not read the files of a chart that is %s', async (_, args) => {
    const cwd = folderOf({ 'app/Chart.yaml': '', 'app/templates/x.yaml': '{{', 'app/charts/sub/Chart.yaml': '' })
    const errors = ['app/Chart.yaml: this folder is a Helm chart; render it first: helm template app | policy-lint -']
    expect(await found(args, cwd)).toEqual({ named: [], errors, notes: [] })
  })

  it('reads what lies beside a chart', async () => {
    const cwd = folderOf({ 'app/Chart.yaml': '', 'b.yaml': '' })
    expect((await found(['.'], cwd)).named).toEqual(['b.yaml'])
  })

  it('reads links to files, names links to folders and refuses links that lead nowhere', async () => {
    const cwd = folderOf({ 'real/a.yaml': '' })
    symlinkSync('real/a.yaml', join(cwd, 'l.yaml'))
    symlinkSync('..', join(cwd, 'real/up'))
    symlinkSync('nowhere', join(cwd, 'dangling.yaml'))
    expect(await found(['.'], cwd)).toEqual({
      named: ['l.yaml', 'real/a.yaml'],
      errors: ['dangling.yaml: this link leads nowhere'],
      notes: ['real/up is a link to a folder and is not followed; name it to check it'],
    })
  })

  it('says which folder it may not look into', async () => {
    const cwd = folderOf({ 'a.yaml': '' })
    chmodSync(cwd, 0o755)
    mkdirSync(join(cwd, 'closed'), { mode: 0o000 })
    // Root may look into everything: be nobody for a moment.
    const isRoot = process.getuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    try {
      const { named, errors } = await found(['.'], cwd)
      expect({ named, errors }).toEqual({ named: ['a.yaml'], errors: ['closed: cannot be read: EACCES'] })
    } finally {
      if (isRoot) process.seteuid?.(0)
      chmodSync(join(cwd, 'closed'), 0o700)
    }
  })
})
