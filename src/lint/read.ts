import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { defaultYamlLimits } from '../yaml/limits.ts'
import type { LintInput } from './inputs.ts'

/**
 * A file's text, or why it cannot be read. `undecoded` is the text with U+FFFD for what is wrong in it; undefined if no bytes
 * were read, or too many.
 */
export type ReadText = { readonly text: string } | { readonly problem: string; readonly undecoded?: string }

/** A character of the largest text that is read takes three bytes at most. */
const MAX_BYTES = defaultYamlLimits.size * 3
const TOO_LARGE: ReadText = { problem: `this is larger than ${MAX_BYTES / 1024 ** 2} MiB` }

/** Reads an input as {@link decodeText} does; no more of it than can be parsed. */
export async function readInput(input: LintInput, stdin: Readable): Promise<ReadText> {
  try {
    if (input.path === undefined) return await collect(stdin)
    const state = await stat(input.path)
    if (state.isFile() && state.size > MAX_BYTES) return TOO_LARGE
    // A pipe, such as the shell's `<(helm template …)`, does not tell its size and may never end.
    return state.isFile() ? decodeText(await readFile(input.path)) : await collect(createReadStream(input.path))
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
  return decodeText(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
}

/**
 * The text of a file as kubectl decodes it: UTF-8, or UTF-16 if a byte order mark says so. kubectl replaces bytes that are
 * not text by U+FFFD; here they are a problem.
 */
export function decodeText(bytes: Uint8Array): ReadText {
  const encoding = encodingOf(bytes)
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) }
  } catch {
    const undecoded = new TextDecoder(encoding).decode(bytes)
    return { problem: `this is not ${encoding === 'utf-8' ? 'UTF-8' : 'UTF-16'} text; save it as UTF-8`, undecoded }
  }
}

function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
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
