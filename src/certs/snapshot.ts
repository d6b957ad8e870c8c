import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { PEM_LIMITS, type PemResult, type PemSource, refuse } from './pem.ts'

const ATTEMPTS = 5
const PAUSE_MS = 20

/**
 * Reads files as they were at one moment: when any of them changed while they were read, all are read again. Kubernetes
 * replaces a mounted Secret by swapping one symbolic link above all its files, between any two reads.
 *
 * A file of more than 1 MiB is refused unread; pipes and devices are refused.
 */
export async function readSnapshot(paths: readonly string[]): Promise<PemResult<readonly PemSource[]>> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const sources: PemSource[] = []
    const stamps: string[] = []
    for (const path of paths) {
      const read = await readFile(path)
      if (!read.ok) return read
      sources.push({ file: path, pem: read.value.pem })
      stamps.push(read.value.stamp)
    }
    const after = await Promise.all(paths.map(currentStamp))
    if (after.every((stamp, i) => stamp === stamps[i])) return { ok: true, value: sources }
    await sleep(PAUSE_MS)
  }
  return refuse(paths.join(', '), 'changed each time they were read', 'replace them all at once, and less often')
}

async function readFile(path: string): Promise<PemResult<{ readonly pem: string; readonly stamp: string }>> {
  let handle: FileHandle | undefined
  try {
    // Opening a pipe would wait for its writer.
    if (!(await stat(path)).isFile()) return refuse(path, 'is not a regular file', 'give the path of a PEM file')
    handle = await open(path, 'r')
    const facts = await handle.stat({ bigint: true })
    const bytes = await readAtMost(handle, Math.min(Number(facts.size), PEM_LIMITS.bytes) + 1)
    if (bytes.length > PEM_LIMITS.bytes) {
      return refuse(
        path,
        `is larger than ${PEM_LIMITS.bytes} bytes`,
        'use a file that holds only the certificates needed',
      )
    }
    return { ok: true, value: { pem: bytes.toString('utf8'), stamp: stampOf(facts) } }
  } catch (error) {
    const fix = 'check that the path is right and that this process may read it'
    return refuse(path, `cannot be read (${errorCode(error)})`, fix)
  } finally {
    await handle?.close()
  }
}

async function readAtMost(handle: FileHandle, limit: number): Promise<Buffer> {
  const buffer = Buffer.alloc(limit)
  let length = 0
  while (length < limit) {
    const { bytesRead } = await handle.read(buffer, length, limit - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

async function currentStamp(path: string): Promise<string> {
  try {
    return stampOf(await stat(path, { bigint: true }))
  } catch (error) {
    return errorCode(error)
  }
}

/** Changes with every write, rename over the file, or swap of a link on the way to it. */
function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':')
}

/** `ENOENT` and the like, or the error's text. */
export function errorCode(error: unknown): string {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.message
  return String(error)
}
