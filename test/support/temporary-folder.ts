import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

let folder: string | undefined

/** Gives all tests of a run one temporary folder, which is gone after it: a worker that is ended at once cleans up nothing. */
export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-unit-'))
  // A test that must not be root is somebody else for a moment.
  chmodSync(folder, 0o755)
  process.env['TMPDIR'] = folder
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
}
