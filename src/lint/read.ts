import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { defaultYamlLimits } from '../yaml/limits.ts'
import type { LintInput } from './inputs.ts'

/** A file's text, or why there is none. */
export type ReadText = { readonly text: string } | { readonly problem: string }

/** A character of the largest text that is read takes three bytes at most. */
const MAX_BYTES = defaultYamlLimits.size * 3

/** Reads an input as UTF-8, the encoding of YAML and JSON in Kubernetes; no more of it than can be parsed. */
export async function readInput(input: LintInput, stdin: Readable): Promise<ReadText> {
  if (input.path === undefined) return collect(stdin)
  try {
    const file = await open(input.path)
    try {
      return await collect(file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 }))
    } finally {
      await file.close()
    }
  } catch (error) {
    return { problem: `cannot be read: ${reasonOf(error)}` }
  }
}

async function collect(stream: Readable): Promise<ReadText> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    size += bytes.length
    if (size > MAX_BYTES) return { problem: `this is larger than ${MAX_BYTES / 1024 ** 2} MiB` }
  }
  return decode(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
}

function decode(bytes: Buffer): ReadText {
  const isUtf16 = bytes.length >= 2 && [0xfeff, 0xfffe].includes(bytes.readUInt16BE(0))
  if (isUtf16) return { problem: 'this is UTF-16, as some shells write it: save it as UTF-8' }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { problem: 'this is not UTF-8 text' }
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}
