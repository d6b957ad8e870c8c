import { open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { compareText } from '../admission/text.ts'
import type { Problem } from '../policy/problems.ts'
import { type DocumentSource, isDocumentName } from './documents.ts'

/** As many files are looked at, in as many folders within folders, and so many bytes of each: it is only a warning. */
const MOST_FILES = 500
const DEEPEST = 4
const MOST_BYTES = 64 * 1024

/**
 * Finds documents that lie beside those of a folder and are not read: in folders within it, in files of other
 * endings. Looks only for the kinds that the folder is read for, so that suites and exceptions in folders of their own are
 * not reported. What cannot be read is not reported either: nothing was meant to read it.
 */
export async function unreadDocuments({ path, kinds }: DocumentSource): Promise<readonly Problem[]> {
  const isFolder = await stat(path).then(
    state => state.isDirectory(),
    () => false,
  )
  if (!isFolder) return []
  const found: Problem[] = []
  let left = MOST_FILES
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries.toSorted((a, b) => compareText(a.name, b.name))) {
      const file = join(folder, entry.name)
      // A mounted ConfigMap has its files once more in a folder of such a name.
      if (left <= 0 || entry.name.startsWith('..') || entry.name === 'node_modules' || entry.name === '.git') continue
      if (entry.isDirectory()) {
        if (depth < DEEPEST) await visit(file, depth + 1)
        continue
      }
      if (!entry.isFile() || (depth === 0 && isDocumentName(entry.name))) continue
      left--
      const kind = await documentKind(file, kinds)
      if (kind !== undefined) found.push(unread(file, kind, reasonFor(depth)))
    }
  }
  await visit(path, 0)
  return found
}

function reasonFor(depth: number): string {
  return depth > 0
    ? 'folders within the folder are not read: move it up, or name its folder'
    : 'only .yaml, .yml and .json are read: give it such an ending'
}

function unread(file: string, kind: string, reason: string): Problem {
  return {
    file,
    line: 1,
    column: 1,
    pointer: '',
    message: `${basename(file)} holds a ${kind} and is not in force: ${reason}`,
  }
}

/** The first of `kinds` that a text has a document of, as far as its beginning shows. */
async function documentKind(file: string, kinds: readonly string[]): Promise<string | undefined> {
  const text = await beginningOf(file).catch(() => '')
  if (!/["']?apiVersion["']?\s*:\s*["']?portcullis\.dev\//.test(text)) return undefined
  return kinds.find(kind => new RegExp(`(?:^|[{,\\s])["']?kind["']?\\s*:\\s*["']?${kind}\\b`).test(text))
}

async function beginningOf(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const buffer = Buffer.alloc(MOST_BYTES)
    const { bytesRead } = await handle.read(buffer, 0, MOST_BYTES, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
