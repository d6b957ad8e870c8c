import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareText } from '../admission/text.ts'
import type { LintError } from './report.ts'

/** What marks a folder as a Helm chart. */
const CHART_FILE = 'Chart.yaml'

/** What a folder holds that can be checked. */
export interface Walked {
  readonly files: readonly { readonly file: string; readonly path: string }[]
  readonly errors: readonly LintError[]
  readonly notes: readonly string[]
}

/** Whether a file of this name is read when a walk meets it: kubectl reads the same names, hidden ones too. */
export function isManifestName(name: string): boolean {
  return /\.(ya?ml|json)$/.test(name)
}

/** Whether a folder is a Helm chart. */
export async function isChart(path: string): Promise<boolean> {
  return stat(join(path, CHART_FILE)).then(
    () => true,
    () => false,
  )
}

/** What is said about a chart instead of reading its templates. */
export function chartProblem(shown: string): LintError {
  const message = `this folder is a Helm chart; render it first: helm template ${shown} | policy-lint -`
  return problem(join(shown, CHART_FILE), message)
}

/**
 * Finds the manifests below a folder, sorted, those that `kubectl apply -R` would read. node_modules are left out, and a
 * note says so; a Helm chart is an error, because its templates are no manifests yet.
 *
 * @param shown the folder as it is shown in reports.
 */
export async function walk(shown: string, path: string): Promise<Walked> {
  const walked = { files: [] as Walked['files'][number][], errors: [] as LintError[], notes: [] as string[] }
  await walkFolder(shown, path, walked)
  return walked
}

type Collected = { [K in keyof Walked]: Walked[K][number][] }

async function walkFolder(shown: string, path: string, walked: Collected): Promise<void> {
  let entries: Dirent[]
  try {
    entries = await readdir(path, { withFileTypes: true })
  } catch (error) {
    walked.errors.push(problem(shown, `cannot be read: ${(error as NodeJS.ErrnoException).code}`))
    return
  }
  if (entries.some(entry => entry.name === CHART_FILE)) {
    walked.errors.push(chartProblem(shown))
    return
  }
  for (const entry of entries.sort((a, b) => compareText(a.name, b.name))) {
    if (entry.name === 'node_modules') {
      walked.notes.push(`${join(shown, entry.name)} is left out, though kubectl apply -R reads it; name it to check it`)
    } else await addEntry(entry, join(shown, entry.name), join(path, entry.name), walked)
  }
}

async function addEntry(entry: Dirent, shown: string, path: string, walked: Collected): Promise<void> {
  if (entry.isDirectory()) return walkFolder(shown, path, walked)
  const isLink = entry.isSymbolicLink()
  const state = isLink ? await stat(path).catch(() => undefined) : entry
  if (isLink && state?.isDirectory()) {
    // It may lead anywhere, back up here too.
    walked.notes.push(`${shown} is a link to a folder and is not followed; name it to check it`)
  } else if (!isManifestName(entry.name)) return
  else if (state === undefined) walked.errors.push(problem(shown, 'this link leads nowhere'))
  else if (state.isFile()) walked.files.push({ file: shown, path })
  else walked.errors.push(problem(shown, 'this is no ordinary file'))
}

function problem(file: string, message: string): LintError {
  return { file, line: 1, column: 1, message }
}
