import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from './control-plane.ts'

/** A Secret as a kubelet mounts it. */
export interface MountedSecret {
  readonly folder: string
  /** The text of a file as it was last written; undefined before. */
  text(name: string): string | undefined
  stop(): void
}

/**
 * Does what a kubelet does with a Secret's volume: all files in a new folder, to which a link is swapped at once. A Secret
 * that is deleted leaves the files as they are.
 */
export function mountSecret(plane: ControlPlane, name: string, intervalMs = 200): MountedSecret {
  const folder = mkdtempSync(join(plane.directory, `mount-${name}-`))
  let mounted: Readonly<Record<string, string>> = {}
  let version = ''
  let count = 0
  const sync = async () => {
    const { status, body } = await plane.request('GET', `/api/v1/namespaces/portcullis-system/secrets/${name}`)
    if (status !== 200) return
    const { data, metadata } = JSON.parse(body) as {
      data?: Record<string, string>
      metadata: { resourceVersion: string }
    }
    if (metadata.resourceVersion === version) return
    version = metadata.resourceVersion
    const next = join(folder, `..${++count}`)
    mkdirSync(next)
    const texts = Object.entries(data ?? {}).map(
      ([key, value]) => [key, Buffer.from(value, 'base64').toString()] as const,
    )
    for (const [key, text] of texts) writeFileSync(join(next, key), text)
    symlinkSync(next, join(folder, '..data.new'))
    renameSync(join(folder, '..data.new'), join(folder, '..data'))
    for (const [key] of texts) {
      rmSync(join(folder, key), { force: true })
      symlinkSync(join('..data', key), join(folder, key))
    }
    mounted = Object.fromEntries(texts)
  }
  const timer = setInterval(() => void sync().catch(() => {}), intervalMs)
  return { folder, text: key => mounted[key], stop: () => clearInterval(timer) }
}
