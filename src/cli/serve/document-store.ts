import { CHECKS } from '../../checks/index.ts'
import type { ClusterClient } from '../../cluster/client.ts'
import { ClusterDocuments } from '../../cluster/documents.ts'
import { loadInjections } from '../../injection/set.ts'
import type { Folder } from '../../policy/folder.ts'
import { loadSet } from '../../policy/set.ts'
import type { DocumentStore } from '../../server/live-snapshot.ts'
import {
  type DocumentOptions,
  digest,
  documentSignature,
  documentSources,
  type InjectionOptions,
  injectionPaths,
  readDocuments,
  readInjections,
  SHIPPED_POLICIES,
} from '../documents.ts'
import { readNamespaces } from '../namespaces.ts'
import { uninjectedNamespaces } from '../shared-options.ts'

/** The options that say where documents come from. */
export interface StoreOptions extends DocumentOptions, InjectionOptions {
  readonly 'exclude-namespaces': readonly string[]
  readonly namespaces: string | undefined
}

type Env = Readonly<Record<string, string | undefined>>

/** The documents of folders and files, and those of the cluster beside them. */
export function documentStore(options: StoreOptions, env: Env, cluster: ClusterDocuments | undefined): DocumentStore {
  const sources = documentSources(options)
  const paths = [
    ...sources.map(({ path }) => path),
    ...injectionPaths(options),
    ...(options.namespaces === undefined ? [] : [options.namespaces]),
  ]
  return {
    policiesPath: options.policies ?? SHIPPED_POLICIES,
    load: async previous => {
      const kinds = ['Policy', 'PolicyException'] as const
      const set = {
        checks: CHECKS,
        excludedNamespaces: options['exclude-namespaces'],
        digest,
        ...(cluster && { rollouts: cluster.rollouts() }),
      }
      // Who has just started begins with what the others have in force.
      const before = previous ?? (cluster && loadSet(cluster.lastGood(kinds), set).set)
      return loadSet(both(await readDocuments(sources), cluster?.folder(kinds)), {
        ...set,
        ...(before !== undefined && { previous: before }),
      })
    },
    loadInjections: async previous => {
      const kinds = ['SidecarInjection'] as const
      const set = {
        excludedNamespaces: uninjectedNamespaces(options, env),
        digest,
        ...(cluster && { rollouts: cluster.rollouts() }),
      }
      const before = previous ?? (cluster && loadInjections(cluster.lastGood(kinds), set).set)
      return loadInjections(both(await readInjections(options), cluster?.folder(kinds)), {
        ...set,
        ...(before !== undefined && { previous: before }),
      })
    },
    loadNamespaces: async () => {
      const read = await readNamespaces(options.namespaces)
      // What a file says of a namespace stands before what the cluster says.
      return cluster === undefined ? read : { ...read, table: { ...cluster.namespaces(), ...read.table } }
    },
    ...(cluster !== undefined && { follow: listener => cluster.follow(listener) }),
    brake: () => cluster?.brake(),
    tolerates: ({ file }) => cluster?.isOwn(file) === true,
    signature: async () => `${await documentSignature(paths)}\n${cluster?.revision ?? ''}`,
  }
}

/** Files first: a document of the cluster that has the name of a shipped one is a second of that name, and is told so. */
function both<F extends Folder>(files: F, cluster: Folder | undefined): F {
  if (cluster === undefined) return files
  return {
    ...files,
    documents: [...files.documents, ...cluster.documents],
    problems: [...files.problems, ...cluster.problems],
  }
}

/** How long the start waits for the first lists; without them it is not ready, and goes on. */
const SYNC_MS = 10_000

/** Follows the documents of the cluster, and waits a moment for what is there. */
export async function followCluster(
  client: ClusterClient,
  env: Env,
  onError: (kind: string, error: unknown) => void,
): Promise<ClusterDocuments> {
  const cluster = new ClusterDocuments({
    client,
    ownNamespace: env['POD_NAMESPACE'] || 'portcullis-system',
    revisionOf: text => digest(text).slice(0, 12),
    onError,
  })
  cluster.start()
  const until = performance.now() + SYNC_MS
  while (!cluster.isWhole && performance.now() < until) await new Promise(resolve => setTimeout(resolve, 50))
  return cluster
}
