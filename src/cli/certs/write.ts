import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyPairPem } from '../../certs/issue.ts'
import { errorCode } from '../../certs/snapshot.ts'
import { makeKeyFolder, writePair } from '../../certs/store.ts'

/** Where a certificate and its key are to be written. */
export interface Target {
  readonly directory: string
  /** The files are `prefix.crt` and `prefix.key`. */
  readonly prefix: string
  /** Whether files that are there already may be replaced. */
  readonly force: boolean
  /** The folder of the CA that signed; undefined for a new CA. Its files are never replaced. */
  readonly ca: string | undefined
}

/** The files that were written, or why there are none. */
export type Written =
  | { readonly ok: true; readonly files: readonly [string, string] }
  | { readonly ok: false; readonly problem: string }

/** Writes a certificate and its key, and the folder where there is none. */
export async function writeTarget({ directory, prefix, force, ca }: Target, pair: KeyPairPem): Promise<Written> {
  const refuse = (problem: string): Written => ({ ok: false, problem })
  const files = [join(directory, `${prefix}.crt`), join(directory, `${prefix}.key`)] as const
  const own = ca === undefined ? [] : await Promise.all(['ca.crt', 'ca.key'].map(name => identityOf(join(ca, name))))
  for (const file of files) {
    const identity = await identityOf(file)
    if (identity === undefined) continue
    if (own.includes(identity)) return refuse(`${file} is the CA that signs: choose another --prefix or --out`)
    if (!force) return refuse(`${file} is there already: choose another --out, or replace it with --force`)
  }
  try {
    await makeKeyFolder(directory)
    await writePair(...files, pair)
  } catch (error) {
    return refuse(`--out must be a folder that can be written, not "${directory}" (${errorCode(error)})`)
  }
  return { ok: true, files }
}

/** The same for the same file, whatever the path to it; undefined where there is none. */
async function identityOf(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined)
  return found && `${found.dev}:${found.ino}`
}
