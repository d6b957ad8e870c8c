import type { ClusterClient } from '../../cluster/client.ts'
import { ROLLOUTS } from '../../cluster/documents.ts'
import { loadClient, personalKubeconfig } from '../../cluster/load-client.ts'
import type { JsonObject } from '../../json/value.ts'
import { suggest } from '../../policy/suggest.ts'
import { refuse } from '../command-line.ts'
import type { Io } from '../io.ts'
import { text } from '../options.ts'
import { nameOf } from './view.ts'

export const accessOptions = {
  kubeconfig: text(
    'FILE',
    "How to reach the API; kubectl's own unless given, in a pod its service account.",
    undefined,
  ),
}

/** Connects and asks; whatever goes wrong on the way is told on standard error, and is exit code 2. */
export async function withCluster(
  command: string,
  kubeconfig: string | undefined,
  io: Io,
  ask: (client: ClusterClient) => Promise<number>,
): Promise<number> {
  const inPod = io.env['KUBERNETES_SERVICE_HOST'] !== undefined
  const file = kubeconfig ?? (inPod ? undefined : await personalKubeconfig(io.env))
  const loaded = await loadClient(file, io.env)
  if (!loaded.ok) return refuse(command, io, [`--kubeconfig: ${loaded.problem}`])
  if (loaded.client === undefined) return refuse(command, io, ['it needs a way to the API: --kubeconfig FILE'])
  try {
    return await ask(loaded.client)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return refuse(command, io, [`the cluster cannot be asked: ${reason}`])
  }
}

/** The rollouts of a cluster: all, or the one of a name; what is said where there is none. */
export async function readRollouts(
  client: Pick<ClusterClient, 'list'>,
  name: string | undefined,
): Promise<{ readonly rollouts: readonly JsonObject[]; readonly problem?: string }> {
  const { items } = await client.list(ROLLOUTS)
  if (name === undefined) return { rollouts: items }
  const found = items.filter(item => nameOf(item) === name)
  if (found.length > 0) return { rollouts: found }
  const names = items.map(nameOf)
  const known = names.length === 0 ? 'there is none in this cluster' : `there are ${names.join(', ')}`
  return { rollouts: [], problem: `there is no rollout "${name}"${suggest(name, names)}; ${known}` }
}
