import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from './control-plane.ts'

/** Secrets as a kubelet mounts them. */
export interface MountedSecret {
  readonly folder: string
  /** The text of a file as it was last written; undefined before. */
  text(name: string): string | undefined
  stop(): void
}

/** A Secret of a projected volume; without items all of its keys are files. */
export interface SecretSource {
  readonly name: string
  readonly items?: readonly { readonly key: string; readonly path: string }[]
}

/** Mounts one Secret of the namespace `portcullis-system`, all of its keys. */
export function mountSecret(plane: ControlPlane, name: string): MountedSecret {
  return mountSecrets(plane, 'portcullis-system', [{ name }])
}

const INTERVAL_MS = 200

/**
 * Does what a kubelet does with Secrets in a volume: all files in a new folder, to which a link is swapped at once. A Secret
 * that is deleted leaves the files as they are; before all of them are there, none is.
 */
export function mountSecrets(plane: ControlPlane, namespace: string, sources: readonly SecretSource[]): MountedSecret {
  const folder = mkdtempSync(join(plane.directory, 'mount-'))
  let mounted: Readonly<Record<string, string>> = {}
  let version = ''
  let count = 0
  const sync = async () => {
    const files: Record<string, string> = {}
    const versions: string[] = []
    for (const { name, items } of sources) {
      const { status, body } = await plane.request('GET', `/api/v1/namespaces/${namespace}/secrets/${name}`)
      if (status !== 200) return
      const { data = {}, metadata } = JSON.parse(body) as {
        data?: Record<string, string>
        metadata: { resourceVersion: string }
      }
      versions.push(metadata.resourceVersion)
      for (const { key, path } of items ?? Object.keys(data).map(key => ({ key, path: key }))) {
        const value = data[key]
        if (value === undefined) return
        files[path] = Buffer.from(value, 'base64').toString()
      }
    }
    if (versions.join() === version) return
    version = versions.join()
    swap(folder, ++count, files)
    mounted = files
  }
  let isStopped = false
  // One look after the other: an older state must not be mounted after a newer one.
  const look = async () => {
    await sync().catch(() => {})
    if (!isStopped) setTimeout(look, INTERVAL_MS)
  }
  void look()
  return {
    folder,
    text: key => mounted[key],
    stop: () => {
      isStopped = true
    },
  }
}

function swap(folder: string, count: number, files: Readonly<Record<string, string>>): void {
  const next = join(folder, `..${count}`)
  mkdirSync(next)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(next, name), text)
  symlinkSync(next, join(folder, '..data.new'))
  renameSync(join(folder, '..data.new'), join(folder, '..data'))
  for (const name of Object.keys(files)) {
    rmSync(join(folder, name), { force: true })
    symlinkSync(join('..data', name), join(folder, name))
  }
}
