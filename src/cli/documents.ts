import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compareText } from '../admission/text.ts'
import type { InjectionSources } from '../injection/set.ts'
import { decodeText, describeFileError } from '../lint/read.ts'
import type { Folder } from '../policy/folder.ts'
import type { Problem, SourceDocument } from '../policy/problems.ts'
import { suggest } from '../policy/suggest.ts'
import { parseYaml } from '../yaml/parse.ts'
import { unreadDocuments } from './unread-documents.ts'

/** The policies that come with the gateway. */
export const SHIPPED_POLICIES = fileURLToPath(new URL('../../policies', import.meta.url))
/** The exceptions that come with it, each in a file of its own name. */
export const SHIPPED_EXCEPTIONS = join(SHIPPED_POLICIES, 'exceptions')

/** Where documents are read from: a folder (its own files, not those of its folders) or one file. */
export interface DocumentSource {
  readonly path: string
  readonly kinds: readonly string[]
  /** The option that names it, for messages. */
  readonly option?: string
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
    { path: options.policies ?? SHIPPED_POLICIES, kinds: ['Policy'], option: '--policies' },
    ...(options.exceptions === undefined
      ? []
      : [{ path: options.exceptions, kinds: ['PolicyException'], option: '--exceptions' }]),
    ...options['enable-exception'].map(name => ({
      path: join(SHIPPED_EXCEPTIONS, `${name}.yaml`),
      kinds: ['PolicyException'],
      option: '--enable-exception',
    })),
  ]
}

/** Where injections come from, as the options say it; from nowhere unless they do. */
export interface InjectionOptions {
  readonly injections?: string | undefined
  readonly 'sidecar-config-file'?: string | undefined
  readonly 'mutation-config-file'?: string | undefined
}

function injectionSources({ injections }: InjectionOptions): readonly DocumentSource[] {
  return injections === undefined ? [] : [{ path: injections, kinds: ['SidecarInjection'], option: '--injections' }]
}

/** Reads the injections that the options name: documents, and the two files of the generic-sidecar-injector. */
export async function readInjections(options: InjectionOptions): Promise<InjectionSources> {
  const { documents, problems, warnings = [] } = await readDocuments(injectionSources(options))
  const { 'sidecar-config-file': sidecarFile, 'mutation-config-file': mutationFile } = options
  if (sidecarFile === undefined || mutationFile === undefined) return { documents, problems, warnings }
  const unread: Problem[] = []
  const read = (file: string, option: string) =>
    readFile(file, 'utf8').catch((error: unknown) => void unread.push(unreadable(file, error, option)))
  const sidecarText = await read(sidecarFile, '--sidecar-config-file')
  const mutationText = await read(mutationFile, '--mutation-config-file')
  if (sidecarText === undefined || mutationText === undefined)
    return { documents, problems: [...problems, ...unread], warnings }
  const revision = digest(JSON.stringify([sidecarText, mutationText])).slice(0, 12)
  return { documents, problems, warnings, generic: { sidecarFile, sidecarText, mutationFile, mutationText, revision } }
}

/** What is wrong with the options for injections themselves. */
export function injectionUsage(options: InjectionOptions): readonly string[] {
  const { 'sidecar-config-file': sidecars, 'mutation-config-file': mutations } = options
  return (sidecars === undefined) === (mutations === undefined)
    ? []
    : ['--sidecar-config-file and --mutation-config-file belong together: name both']
}

/** The paths whose changes are followed. */
export function injectionPaths(options: InjectionOptions): readonly string[] {
  const generic = [options['sidecar-config-file'], options['mutation-config-file']]
  return [...injectionSources(options).map(({ path }) => path), ...generic.filter(path => path !== undefined)]
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
  const warnings: Problem[] = []
  for (const source of sources) {
    warnings.push(...(await unreadDocuments(source)))
    const report = (file: string, error: unknown) => void problems.push(unreadable(file, error, source.option))
    for (const file of await filesOf(source.path, report)) {
      const bytes = await readFile(file).catch((error: unknown) => report(file, error))
      if (bytes === undefined) continue
      const read = decodeText(bytes)
      if ('problem' in read) {
        problems.push({ file, line: 1, column: 1, pointer: '', message: read.problem })
        continue
      }
      const parsed = parseYaml(read.text)
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
  return { documents, problems, warnings }
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
    for (const file of await filesOf(path, () => {})) {
      const { mtimeMs, ctimeMs, size, ino } = await stat(file)
      parts.push(`${file}:${mtimeMs}:${ctimeMs}:${size}:${ino}`)
    }
  }
  return parts.join('\n')
}

/** Whether a file in a folder of documents is read, by its name. */
export function isDocumentName(name: string): boolean {
  return /\.(ya?ml|json)$/.test(name) && !isOfOthers(name)
}

async function filesOf(path: string, report: (path: string, error: unknown) => void): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = await readdir(path)
    const wanted = names.filter(isDocumentName)
    const kept: string[] = []
    for (const file of wanted.sort(compareText).map(name => join(path, name))) {
      const state = await stat(file).catch((error: unknown) => report(file, error))
      if (state === undefined) continue
      if (state.isFile()) kept.push(file)
      else report(file, { code: state.isDirectory() ? 'EISDIR' : 'not a file' })
    }
    return kept
  } catch (error) {
    report(path, error)
    return []
  }
}

/** Names of Kubernetes, which swaps the files of a mounted ConfigMap through `..data`, and the locks of editors. */
function isOfOthers(name: string): boolean {
  return name.startsWith('..') || name.startsWith('.#')
}

/** A file or folder that is not there or cannot be read, as a problem that names the option it comes from. */
export function unreadable(file: string, error: unknown, option: string | undefined): Problem {
  const { code } = error as NodeJS.ErrnoException
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR'
  const message = isMissing ? 'no such file or folder' : describeFileError(error)
  return { file, line: 1, column: 1, pointer: '', message, ...(option !== undefined && { option }) }
}
