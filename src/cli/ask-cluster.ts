import pino from 'pino'
import type { ClusterClient } from '../cluster/client.ts'
import { loadClient, personalKubeconfig } from '../cluster/load-client.ts'
import { type NamespaceLabels, namespaceLabelsOf } from '../policy/match.ts'
import { describeProblem } from '../policy/problems.ts'
import type { PolicySet } from '../policy/set.ts'
import { refuse } from './command-line.ts'
import { unknownExceptions } from './documents.ts'
import type { Io } from './io.ts'
import { flag, text, type ValuesOf } from './options.ts'
import { documentStore, followCluster } from './serve/document-store.ts'
import { verdictOptions } from './shared-options.ts'

/** The options of a command that asks a cluster once and judges by the policies. */
export function clusterQuestionOptions(env: Io['env']) {
  return {
    ...verdictOptions(env),
    'cluster-documents': flag('Reads Policies, exceptions and the labels of namespaces from the cluster too.'),
    kubeconfig: text(
      'FILE',
      "How to reach the API; kubectl's own unless given, in a pod its service account.",
      undefined,
    ),
  }
}

/** What such a command has to go by. */
export interface ClusterFacts {
  readonly client: ClusterClient
  readonly set: PolicySet
  readonly namespaceLabels: NamespaceLabels
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Connects, loads the documents and asks; whatever goes wrong on the way is told on standard error.
 *
 * @returns what `ask` returns, or 2.
 */
export async function askCluster(
  command: string,
  values: ValuesOf<ReturnType<typeof clusterQuestionOptions>>,
  io: Io,
  ask: (facts: ClusterFacts) => Promise<number>,
): Promise<number> {
  const unknown = await unknownExceptions(values['enable-exception'])
  if (unknown.length > 0) return refuse(command, io, unknown)
  const inPod = io.env['KUBERNETES_SERVICE_HOST'] !== undefined
  const kubeconfig = values.kubeconfig ?? (inPod ? undefined : await personalKubeconfig(io.env))
  const loaded = await loadClient(kubeconfig, io.env)
  if (!loaded.ok) return refuse(command, io, [`--kubeconfig: ${loaded.problem}`])
  const { client } = loaded
  if (client === undefined) {
    return refuse(command, io, ['it needs a way to the API: --kubeconfig, or a service account'])
  }
  const silent = pino({ level: 'silent' })
  try {
    const cluster = values['cluster-documents']
      ? await followCluster(client, io.env, (kind, error) => silent.warn({ kind, error }))
      : undefined
    try {
      if (cluster !== undefined && cluster.missing.length > 0) {
        return refuse(command, io, [`no list of ${cluster.missing.join(', ')} has been seen in the cluster`])
      }
      const store = documentStore(values, io.env, cluster)
      const documents = await store.load(undefined)
      const { table, problems } = await store.loadNamespaces()
      const wrong = [...documents.problems, ...problems]
      // As in the gateways: a document of the cluster that does not compile stands at its last good revision, or is left out.
      const fatal = wrong.filter(problem => store.tolerates?.(problem) !== true)
      if (fatal.length > 0) return refuse(command, io, fatal.map(describeProblem))
      for (const problem of wrong) io.stderr(`portcullis ${command}: ${describeProblem(problem)}\n`)
      return await ask({ client, set: documents.set, namespaceLabels: namespaceLabelsOf(table), now: Date.now() })
    } finally {
      cluster?.stop()
    }
  } catch (error) {
    return refuse(command, io, [
      `the cluster cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    ])
  }
}
