import { quote } from '../admission/text.ts'
import { getList, getString, type JsonObject } from '../json/value.ts'
import type { Invariant } from './prove.ts'

/** The containers of a pod, over all of its lists. */
export type ContainersOf = (pod: JsonObject) => readonly JsonObject[]

/** No two containers have the same name, unless two had before. The API server refuses such a pod. */
export function distinctNames(containersOf: ContainersOf): Invariant {
  return {
    name: 'distinct-names',
    check(before, after) {
      const namesOf = (pod: JsonObject) => containersOf(pod).map(container => getString(container, 'name') ?? '')
      const [twin] = newTwins(count(namesOf(before)), namesOf(after))
      return twin === undefined ? undefined : `two containers would be called ${quote(twin)}`
    },
  }
}

/** No container mounts twice at one path, unless it did before. The API server refuses such a pod. */
export function distinctMountPaths(containersOf: ContainersOf): Invariant {
  return {
    name: 'distinct-mount-paths',
    check(before, after) {
      const known = new Set(containersOf(before))
      const earlier = new Map<string, Map<string, number>>()
      for (const container of known) {
        const name = getString(container, 'name') ?? ''
        const counts = earlier.get(name) ?? new Map<string, number>()
        earlier.set(name, counts)
        count(pathsOf(container), counts)
      }
      for (const container of containersOf(after)) {
        // What is not copied was not written to.
        if (known.has(container)) continue
        const name = getString(container, 'name') ?? ''
        const [twin] = newTwins(earlier.get(name) ?? NONE, pathsOf(container))
        if (twin !== undefined) return `container ${quote(name)} would mount twice at ${quote(twin)}`
      }
      return undefined
    },
  }
}

function pathsOf(container: JsonObject): readonly string[] {
  return getList(container, 'volumeMounts').map(mount => getString(mount, 'mountPath') ?? '')
}

const NONE: ReadonlyMap<string, number> = new Map()

/** What stands more than once in `after`, and more often than before. */
function newTwins(before: ReadonlyMap<string, number>, after: readonly string[]): readonly string[] {
  const counts = count(after)
  return [...counts].filter(([text, times]) => times > 1 && times > (before.get(text) ?? 0)).map(([text]) => text)
}

/** How often each text is there, added to `counts`. */
function count(texts: readonly string[], counts = new Map<string, number>()): Map<string, number> {
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}
