import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { ClusterAccess, ClusterClient } from './client.ts'

/** A client, none where nothing says how to reach the API, or why there cannot be one. */
export type LoadedClient =
  | { readonly ok: true; readonly client: ClusterClient | undefined }
  | { readonly ok: false; readonly problem: string }

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/**
 * Connects by a kubeconfig or, in a pod, by its service account. The Kubernetes client is loaded only where there is
 * something to connect to: it is larger than all the rest.
 *
 * @param kubeconfig undefined: the service account, where there is one.
 */
export async function loadClient(
  kubeconfig: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LoadedClient> {
  const found = await accessOf(kubeconfig, env)
  if (found === undefined) return { ok: true, client: undefined }
  try {
    const { connect } = await import('./client.ts')
    return { ok: true, client: connect(found) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ok: false, problem: `${kubeconfig ?? TOKEN} does not lead to the API: ${reason}` }
  }
}

/** The kubeconfig that a person's kubectl goes by; undefined where there is none. */
export async function personalKubeconfig(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  // Of several files kubectl merges into one the first is taken.
  const [first] = (env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean)
  if (first !== undefined) return first
  const file = join(env['HOME'] ?? homedir(), '.kube', 'config')
  return access(file).then(
    () => file,
    () => undefined,
  )
}

async function accessOf(
  kubeconfig: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ClusterAccess | undefined> {
  if (kubeconfig !== undefined) return { kubeconfig }
  if (env['KUBERNETES_SERVICE_HOST'] === undefined) return undefined
  return access(TOKEN).then(
    () => 'service-account' as const,
    () => undefined,
  )
}
