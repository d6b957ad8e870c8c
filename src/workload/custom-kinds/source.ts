import type { ApiSource } from '../pod-places.ts'

/** Says where the pointers of a kind were read. `commit` may be abbreviated. */
export function readIn(repository: string, file: string, commit: string, versions: string): ApiSource {
  return { repository, file, commit: commit.slice(0, 12), versions }
}
