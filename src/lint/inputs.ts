import { stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, normalize, resolve } from 'node:path'
import { compareText } from '../admission/text.ts'
import { matchesOf } from './glob.ts'
import type { LintError } from './report.ts'
import { chartProblem, isChart, isManifestName, type Walked, walk } from './walk.ts'

/** A file to check, or the standard input. */
export interface LintInput {
  /** As it is shown. */
  readonly file: string
  /** Undefined: the standard input. */
  readonly path: string | undefined
  /** Named on the command line, not found by a walk or a glob: it must hold an object. */
  readonly isNamed: boolean
}

/** What the arguments of a run lead to, each file once, sorted by name. */
export interface LintInputs {
  readonly inputs: readonly LintInput[]
  readonly errors: readonly LintError[]
  /** What was passed over and should not pass unnoticed. */
  readonly notes: readonly string[]
  /** The arguments themselves, for what is said about all of them. */
  readonly args: readonly string[]
}

/** What the standard input is called in reports. */
export const STDIN = '<stdin>'

/** Finds the files that paths, globs and `-` name. A path that exists is a path, whatever characters it has. */
export async function findInputs(args: readonly string[], cwd: string): Promise<LintInputs> {
  const found: Found = { inputs: new Map(), errors: [], notes: [] }
  for (const arg of args) {
    if (arg === '-') found.inputs.set('-', { file: STDIN, path: undefined, isNamed: true })
    else await addArgument(found, arg, cwd)
  }
  const inputs = [...found.inputs.values()].sort((a, b) => compareText(a.file, b.file))
  return { inputs, errors: found.errors, notes: found.notes, args }
}

interface Found {
  /** By absolute path. */
  readonly inputs: Map<string, LintInput>
  readonly errors: LintError[]
  readonly notes: string[]
}

async function addArgument(found: Found, arg: string, cwd: string): Promise<void> {
  const shown = arg === '' ? '' : normalize(arg)
  const path = resolve(cwd, arg)
  const state = arg === '' ? undefined : await stat(path).catch(() => undefined)
  if (state?.isDirectory()) await addFolder(found, shown, path)
  else if (state !== undefined) found.inputs.set(path, { file: shown, path, isNamed: true })
  else if (/[*?[{]/.test(arg)) await addGlob(found, arg, cwd)
  else found.errors.push(fail(arg || "''", await explainMissing(arg, path)))
}

async function explainMissing(arg: string, path: string): Promise<string> {
  if (arg === '') return 'this path is empty: a variable of the script may be unset'
  const reason = await stat(path).catch((error: NodeJS.ErrnoException) => error.code)
  return typeof reason === 'string' && reason !== 'ENOENT'
    ? `cannot be read: ${reason}`
    : 'there is no such file or folder'
}

async function addFolder(found: Found, shown: string, path: string): Promise<void> {
  const walked = await walk(shown, path)
  addWalked(found, walked)
  if (walked.files.length > 0 || walked.errors.length > 0) return
  found.errors.push(fail(shown, 'this folder holds no .yaml, .yml or .json file: nothing was checked'))
}

function addFound(found: Found, file: string, path: string): void {
  if (!found.inputs.has(path)) found.inputs.set(path, { file, path, isNamed: false })
}

async function addGlob(found: Found, pattern: string, cwd: string): Promise<void> {
  const { kubectl, shell } = await matchesOf(pattern, cwd)
  const charts = new Map<string, string | undefined>()
  let count = 0
  for (const match of [...kubectl, ...shell].sort(compareText)) {
    const path = resolve(cwd, match)
    const state = await stat(path).catch(() => undefined)
    // kubectl reads the files that a pattern means whatever they are called, and those of the folders that it means.
    const isWanted = kubectl.has(match) || (state?.isFile() === true && isWantedName(pattern, match))
    if (state === undefined || !isWanted) continue
    const walked = state.isDirectory() ? await walk(normalize(match), path) : undefined
    const chart = await chartAbove(dirname(match), baseOf(pattern), cwd, charts)
    if (chart !== undefined) addChartProblem(found, chart)
    else if (walked === undefined) addFound(found, normalize(match), path)
    else addWalked(found, walked)
    count += walked === undefined ? 1 : walked.files.length + walked.errors.length
  }
  if (count === 0) found.errors.push(fail(pattern, 'this pattern matches no file: nothing was checked'))
}

function addChartProblem(found: Found, chart: string): void {
  const problem = chartProblem(chart)
  if (!found.errors.some(({ file }) => file === problem.file)) found.errors.push(problem)
}

function addWalked(found: Found, { files, errors, notes }: Walked): void {
  for (const error of errors) if (!found.errors.some(({ file }) => file === error.file)) found.errors.push(error)
  for (const note of notes) if (!found.notes.includes(note)) found.notes.push(note)
  for (const { file, path } of files) addFound(found, file, path)
}

function isWantedName(pattern: string, match: string): boolean {
  return asksForName(pattern) || isManifestName(basename(match))
}

/** Whether a pattern such as `*.tpl` says itself how names end; one such as `**` takes what a walk would. */
function asksForName(pattern: string): boolean {
  return /\.[^*?/]+$/.test(basename(pattern))
}

/** The folder that a pattern searches: what stands before its first wildcard. */
function baseOf(pattern: string): string {
  const segments = pattern.split('/')
  const first = segments.findIndex(segment => /[*?[{]/.test(segment))
  return normalize(segments.slice(0, first).join('/') || (isAbsolute(pattern) ? '/' : '.'))
}

/** The outermost chart that a folder belongs to, from `base` downwards. */
async function chartAbove(
  folder: string,
  base: string,
  cwd: string,
  known: Map<string, string | undefined>,
): Promise<string | undefined> {
  if (known.has(folder)) return known.get(folder)
  const isBase = normalize(folder) === base || dirname(folder) === folder
  const above = isBase ? undefined : await chartAbove(dirname(folder), base, cwd, known)
  const chart = above ?? ((await isChart(resolve(cwd, folder))) ? folder : undefined)
  known.set(folder, chart)
  return chart
}

function fail(file: string, message: string): LintError {
  return { file, line: 1, column: 1, message }
}
