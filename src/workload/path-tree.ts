import type { Relation } from './host-paths.ts'

/** How a path meets the paths of a tree. */
export interface Meeting<Entry> {
  /** The closest of them above the path, or the first in the list of those below it. */
  readonly entry: Entry
  readonly relation: Relation
  /** How many further ones the path contains; 0 unless it contains one. */
  readonly others: number
}

interface Node<Entry> {
  readonly children: Map<string, Node<Entry>>
  /** What lies exactly here. */
  entry: Entry | undefined
  /** The first in the list of what lies below, and how many there are. */
  firstBelow: Entry | undefined
  below: number
}

/**
 * A list of paths, by segments: to find what a path meets takes as long as the path has segments, however long the list is.
 */
export class PathTree<Entry extends { readonly path: string }> {
  readonly #root: Node<Entry> = emptyNode()

  /**
   * @param entries paths in their canonical form; of several with the same path the first counts.
   * @param fold applied to each path before it is compared.
   */
  constructor(entries: Iterable<Entry>, fold: (path: string) => string = path => path) {
    for (const entry of entries) this.#add(entry, fold(entry.path))
  }

  #add(entry: Entry, path: string): void {
    const passed: Node<Entry>[] = []
    let node = this.#root
    for (const segment of path.split('/')) {
      if (segment === '') continue
      passed.push(node)
      const next = node.children.get(segment) ?? emptyNode<Entry>()
      node.children.set(segment, next)
      node = next
    }
    if (node.entry !== undefined) return
    node.entry = entry
    for (const above of passed) {
      above.firstBelow ??= entry
      above.below++
    }
  }

  /**
   * Finds what a canonical path meets, folded as the list is.
   *
   * @returns undefined if it neither is, nor contains, nor lies under a path of the list.
   */
  meet(path: string): Meeting<Entry> | undefined {
    let node = this.#root
    let above = node.entry
    for (let start = 1; start < path.length; ) {
      const slash = path.indexOf('/', start)
      const end = slash === -1 ? path.length : slash
      const next = node.children.get(path.slice(start, end))
      if (next === undefined) return above && { entry: above, relation: 'lies under', others: 0 }
      node = next
      start = end + 1
      // The end itself is no folder around the path.
      if (start < path.length) above = node.entry ?? above
    }
    if (node.entry !== undefined) return { entry: node.entry, relation: 'is', others: 0 }
    if (above !== undefined) return { entry: above, relation: 'lies under', others: 0 }
    return node.firstBelow && { entry: node.firstBelow, relation: 'contains', others: node.below - 1 }
  }
}

function emptyNode<Entry>(): Node<Entry> {
  return { children: new Map(), entry: undefined, firstBelow: undefined, below: 0 }
}
