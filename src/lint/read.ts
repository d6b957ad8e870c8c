import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { defaultYamlLimits } from '../yaml/limits.ts'
import type { LintInput } from './inputs.ts'

/** A file's text, or why there is none. */
export type ReadText = { readonly text: string } | { readonly problem: string }

/** A character of the largest text that is read takes three bytes at most. */
const MAX_BYTES = defaultYamlLimits.size * 3
const TOO_LARGE: ReadText = { problem: `this is larger than ${MAX_BYTES / 1024 ** 2} MiB` }

/** Reads an input as UTF-8, the encoding of YAML and JSON in Kubernetes; no more of it than can be parsed. */
export async function readInput(input: LintInput, stdin: Readable): Promise<ReadText> {
  try {
    if (input.path === undefined) return await collect(stdin)
    const state = await stat(input.path)
    if (state.isFile() && state.size > MAX_BYTES) return TOO_LARGE
    // A pipe, such as the shell's `<(helm template …)`, does not tell its size and may never end.
    return state.isFile() ? decode(await readFile(input.path)) : await collect(createReadStream(input.path))
  } catch (error) {
    return { problem: describeFileError(error) }
  }
}

/** Files that are read while another one is judged: waiting for the disk takes longer than judging. */
const AHEAD = 8

/** Reads inputs in order, a few ahead. */
export async function* readInputs(
  inputs: readonly LintInput[],
  stdin: Readable,
): AsyncGenerator<{ readonly input: LintInput; readonly read: ReadText }> {
  const started: Promise<ReadText>[] = []
  for (const [index, input] of inputs.entries()) {
    for (const next of inputs.slice(index + started.length, index + AHEAD)) started.push(readInput(next, stdin))
    const read = await started.shift()
    if (read !== undefined) yield { input, read }
  }
}

async function collect(stream: Readable): Promise<ReadText> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    size += bytes.length
    if (size > MAX_BYTES) return TOO_LARGE
  }
  return decode(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
}

function decode(bytes: Buffer): ReadText {
  const isUtf16 = bytes.length >= 2 && [0xfeff, 0xfffe].includes(bytes.readUInt16BE(0))
  if (isUtf16) return { problem: 'this is UTF-16, as some shells write it: save it as UTF-8' }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { problem: 'this is not UTF-8 text' }
  }
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'this is a folder: name its files',
  EACCES: 'cannot be read: permission denied',
}

/** Why a file could not be read, in words where they are known. */
export function describeFileError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const known = code !== undefined && Object.hasOwn(FILE_ERRORS, code) ? FILE_ERRORS[code] : undefined
  return known ?? `cannot be read: ${code ?? message}`
}
