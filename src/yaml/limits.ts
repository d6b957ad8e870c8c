/** How much of a text is read before it counts as an attack or a mistake. */
export interface YamlLimits {
  /** Length of the text, in UTF-16 code units: for the ASCII that manifests are mostly made of, bytes. */
  readonly size: number
  /** Levels of lists and mappings, those that aliases bring included; a scalar document has none. */
  readonly depth: number
  /** Nodes that all aliases of the text together stand for. This is what a "billion laughs" text multiplies. */
  readonly aliasedNodes: number
  /** Documents in one text. */
  readonly documents: number
  /**
   * Whether so many characters more may be parsed, once more for each line whose indentation only js-yaml minds; a sixth of a
   * second for half a megabyte. Left out, a document may be parsed anew for some seconds.
   */
  readonly mayRetry?: ((characters: number) => boolean) | undefined
}

export const defaultYamlLimits: YamlLimits = {
  // Several times the largest bundle of CRDs, and a second of work.
  size: 40 * 1024 * 1024,
  // Kubernetes' own types nest a few dozen deep; readers of the value may recurse this far without care.
  depth: 200,
  aliasedNodes: 100_000,
  documents: 100_000,
}
