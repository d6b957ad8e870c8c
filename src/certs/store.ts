import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import type { KeyPairPem } from './issue.ts'

/** Writes a certificate and its key; the key is readable by its owner alone. */
export async function writePair(certFile: string, keyFile: string, pair: KeyPairPem): Promise<void> {
  await replaceFile(keyFile, pair.privateKeyPem, 0o600)
  await replaceFile(certFile, pair.certificatePem, 0o644)
}

/** Replaces a file at once: a reader sees the old content or the new, never a part. */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, content, { mode, flag: 'wx', flush: true })
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}
