import { dig, getList, getString, isList, type Json } from '../json/value.ts'
import type { ClusterClient } from './client.ts'

/** A kind that the API serves, or a subresource of one, in the version that its group prefers. */
export interface DiscoveredResource {
  /** `''` is the core group. */
  readonly group: string
  readonly version: string
  /** Plural; of a subresource with the resource that it belongs to: `pods/exec`. */
  readonly resource: string
  /** `''` where a subresource has none. */
  readonly kind: string
  readonly isNamespaced: boolean
  readonly verbs: readonly string[]
}

/** The groups that could not be asked, such as those of an aggregated API server that is down. */
export interface Discovery {
  readonly resources: readonly DiscoveredResource[]
  readonly failed: readonly string[]
}

/**
 * Everything that the API serves, each resource once: in the first version of its group, in the API's own order, that has it.
 * Rejects where the API itself does not answer; one aggregated API that is down is only named.
 */
export async function discover(client: Pick<ClusterClient, 'send'>): Promise<Discovery> {
  const core = getList((await client.send({ method: 'GET', path: '/api' })).body, 'versions').filter(isText)
  const groups = getList((await client.send({ method: 'GET', path: '/apis' })).body, 'groups')
  const sources = [
    ...core.map(version => ({ group: '', version, path: `/api/${version}` })),
    ...groups.flatMap(group => versionsOf(group)),
  ]
  const failed: string[] = []
  const found = new Map<string, DiscoveredResource>()
  // One after the other: a cluster has some dozens, and nobody waits for this.
  for (const { group, version, path } of sources) {
    try {
      const { body } = await client.send({ method: 'GET', path })
      for (const resource of resourcesOf(body, group, version)) {
        const key = `${group}/${resource.resource}`
        if (!found.has(key)) found.set(key, resource)
      }
    } catch {
      failed.push(path.replace(/^\/apis?\//, ''))
    }
  }
  return { resources: [...found.values()], failed }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** The versions of a group, the preferred one first. */
function versionsOf(group: Json) {
  const name = getString(group, 'name') ?? ''
  const preferred = getString(dig(group, 'preferredVersion'), 'version')
  const all = getList(group, 'versions').flatMap(entry => getString(entry, 'version') ?? [])
  const ordered = [...all.filter(version => version === preferred), ...all.filter(version => version !== preferred)]
  return ordered.map(version => ({ group: name, version, path: `/apis/${name}/${version}` }))
}

function resourcesOf(body: Json, group: string, version: string): readonly DiscoveredResource[] {
  return getList(body, 'resources').flatMap(entry => {
    const resource = getString(entry, 'name')
    if (resource === undefined) return []
    const verbs = dig(entry, 'verbs')
    return [
      {
        group,
        version,
        resource,
        kind: getString(entry, 'kind') ?? '',
        isNamespaced: dig(entry, 'namespaced') === true,
        verbs: isList(verbs) ? verbs.filter(isText) : [],
      },
    ]
  })
}

/** Discovery that is asked again after a while, and that keeps what it knew while the API does not answer. */
export function cachedDiscovery(
  client: Pick<ClusterClient, 'send'>,
  keepMs: number,
  monotonic: () => number,
): () => Promise<Discovery> {
  let known: Discovery | undefined
  let at = Number.NEGATIVE_INFINITY
  return async () => {
    if (known !== undefined && monotonic() - at < keepMs) return known
    try {
      known = await discover(client)
      at = monotonic()
    } catch (error) {
      if (known === undefined) throw error
    }
    return known
  }
}
