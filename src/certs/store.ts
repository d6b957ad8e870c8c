import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { KeyPairPem } from './issue.ts'
import { errorCode } from './snapshot.ts'

/**
 * Makes a folder for keys, unless it is there. A new one is its owner's alone, and Git ignores it.
 *
 * @throws the error of the file system, such as ENOTDIR or EACCES.
 */
export async function makeKeyFolder(directory: string): Promise<void> {
  if (await makeFolder(directory)) await replaceFile(join(directory, '.gitignore'), '*\n', 0o644)
}

/** Whether the folder was made just now. Node's own recursive mkdir never returns for a folder below /proc. */
async function makeFolder(directory: string): Promise<boolean> {
  const make = () =>
    mkdir(directory, { mode: 0o700 }).then(
      () => true,
      async error => {
        if (errorCode(error) !== 'EEXIST' || !(await stat(directory)).isDirectory()) throw error
        return false
      },
    )
  try {
    return await make()
  } catch (error) {
    const parent = dirname(directory)
    if (errorCode(error) !== 'ENOENT' || parent === directory) throw error
    await makeFolder(parent)
    return make()
  }
}

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
