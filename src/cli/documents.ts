import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compareText } from '../admission/text.ts'
import type { Folder } from '../policy/folder.ts'
import type { Problem, SourceDocument } from '../policy/problems.ts'
import { suggest } from '../policy/suggest.ts'
import { parseYaml } from '../yaml/parse.ts'

/** The policies that come with the gateway. */
export const SHIPPED_POLICIES = fileURLToPath(new URL('../../policies', import.meta.url))
/** The exceptions that come with it, each in a file of its own name. */
export const SHIPPED_EXCEPTIONS = join(SHIPPED_POLICIES, 'exceptions')

/** Where documents are read from: a folder (its own files, not those of its folders) or one file. */
export interface DocumentSource {
  readonly path: string
  readonly kinds: readonly string[]
}

/** Where policies and exceptions come from, as the options say it. */
export interface DocumentOptions {
  readonly policies: string | undefined
  readonly exceptions: string | undefined
  readonly 'enable-exception': readonly string[]
}

/** SHA-256 of a text, as hexadecimal digits. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The sources that the options name. */
export function documentSources(options: DocumentOptions): readonly DocumentSource[] {
  return [
    { path: options.policies ?? SHIPPED_POLICIES, kinds: ['Policy'] },
    ...(options.exceptions === undefined ? [] : [{ path: options.exceptions, kinds: ['PolicyException'] }]),
    ...options['enable-exception'].map(name => ({
      path: join(SHIPPED_EXCEPTIONS, `${name}.yaml`),
      kinds: ['PolicyException'],
    })),
  ]
}

/** Where injections come from, as the options say it; from nowhere unless they do. */
export function injectionSources({
  injections,
}: {
  readonly injections: string | undefined
}): readonly DocumentSource[] {
  return injections === undefined ? [] : [{ path: injections, kinds: ['SidecarInjection'] }]
}

/** The names that `--enable-exception` takes. */
export async function shippedExceptionNames(): Promise<readonly string[]> {
  const files = await readdir(SHIPPED_EXCEPTIONS).catch(() => [])
  return files
    .filter(file => file.endsWith('.yaml'))
    .map(file => basename(file, '.yaml'))
    .sort()
}

/** Reads every document of every source. What cannot be read is a problem, and the rest is there all the same. */
export async function readDocuments(sources: readonly DocumentSource[]): Promise<Folder> {
  const documents: SourceDocument[] = []
  const problems: Problem[] = []
  for (const source of sources) {
    for (const file of await filesOf(source.path, problems)) {
      const text = await readFile(file, 'utf8').catch((error: Error) => {
        problems.push(fileProblem(file, error.message))
        return undefined
      })
      if (text === undefined) continue
      const parsed = parseYaml(text)
      for (const { message, position } of parsed.problems) problems.push({ file, ...position, pointer: '', message })
      for (const document of parsed.documents) {
        documents.push({
          file,
          value: document.value,
          kinds: source.kinds,
          revision: digest(JSON.stringify(document.value)).slice(0, 12),
          locate: (pointer, part) => document.locate(pointer, part),
        })
      }
    }
  }
  return { documents, problems }
}

/** Says which of the names given to `--enable-exception` do not exist, and which do. */
export async function unknownExceptions(names: readonly string[]): Promise<readonly string[]> {
  const known = await shippedExceptionNames()
  return names
    .filter(name => !known.includes(name))
    .map(name => `--enable-exception knows no "${name}"${suggest(name, known)}; allowed: ${known.join(', ')}, or none`)
}

/** Names the state of these files and folders: it changes when a file is written, added, removed or swapped. */
export async function documentSignature(paths: readonly string[]): Promise<string> {
  const parts: string[] = []
  for (const path of paths) {
    for (const file of await filesOf(path, [])) {
      const { mtimeMs, ctimeMs, size, ino } = await stat(file)
      parts.push(`${file}:${mtimeMs}:${ctimeMs}:${size}:${ino}`)
    }
  }
  return parts.join('\n')
}

async function filesOf(path: string, problems: Problem[]): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = await readdir(path)
    // Hidden names are editors' and Kubernetes' own: a mounted ConfigMap swaps its files through `..data`.
    const wanted = names.filter(name => /\.(ya?ml|json)$/.test(name) && !name.startsWith('.'))
    const files = wanted.sort(compareText).map(name => join(path, name))
    const kept: string[] = []
    for (const file of files) if ((await stat(file)).isFile()) kept.push(file)
    return kept
  } catch (error) {
    problems.push(fileProblem(path, error instanceof Error ? error.message : String(error)))
    return []
  }
}

function fileProblem(file: string, message: string): Problem {
  return { file, line: 1, column: 1, pointer: '', message: `cannot be read: ${message}` }
}
