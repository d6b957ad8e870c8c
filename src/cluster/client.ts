import { CoreV1Api, CustomObjectsApi, KubeConfig, Watch } from '@kubernetes/client-node'
import type { JsonObject } from '../json/value.ts'
import type { ResourceSource } from './reflector.ts'

/** The API of a cluster, as far as this project reads it. */
export interface ClusterClient {
  /** Where it is, for messages. */
  readonly server: string
  /** Reads one object; undefined where there is none. Rejects where nobody can say. */
  read(object: ObjectPath): Promise<unknown>
  /** A kind of object, to be listed and watched; in the core group only namespaces. */
  resource(path: Pick<ObjectPath, 'group' | 'version' | 'resource'>): ResourceSource
}

/** One object of a namespace. */
export interface ObjectPath {
  readonly group: string
  readonly version: string
  /** Plural. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

/** How the API is reached: by a file, or by what a pod finds in its own file system. */
export type ClusterAccess = { readonly kubeconfig: string } | 'service-account'

/**
 * Connects. Nothing is asked of the API yet: whether it answers is seen when something is read.
 *
 * @throws where there is no cluster to connect to; the message says why.
 */
export function connect(access: ClusterAccess): ClusterClient {
  const config = new KubeConfig()
  if (access === 'service-account') config.loadFromCluster()
  else config.loadFromFile(access.kubeconfig)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('it has no current context that leads to a cluster')
  return clientOf(config, cluster.server)
}

function clientOf(config: KubeConfig, server: string): ClusterClient {
  const core = config.makeApiClient(CoreV1Api)
  const objects = config.makeApiClient(CustomObjectsApi)
  return {
    server,
    async read({ group, version, resource, namespace, name }) {
      try {
        if (group !== '') {
          // The path is the same for the kinds of Kubernetes itself; their own clients would drop fields that they do not know.
          return await objects.getNamespacedCustomObject({ group, version, namespace, plural: resource, name })
        }
        return await core.readNamespacedReplicationController({ namespace, name })
      } catch (error) {
        if ((error as { code?: unknown }).code === 404) return undefined
        throw error
      }
    },
    resource({ group, version, resource }) {
      const path = group === '' ? `/api/${version}/${resource}` : `/apis/${group}/${version}/${resource}`
      const list = (): Promise<unknown> =>
        group === '' ? core.listNamespace() : objects.listClusterCustomObject({ group, version, plural: resource })
      return {
        name: resource,
        async list() {
          // Typed clients give dates as objects: as JSON they are what they were.
          const { items, metadata } = JSON.parse(JSON.stringify(await list())) as {
            items: readonly JsonObject[]
            metadata?: { resourceVersion?: string }
          }
          return { items, resourceVersion: metadata?.resourceVersion ?? '' }
        },
        watch(resourceVersion, onEvent, onEnd) {
          let isEnded = false
          const end = (error: unknown) => {
            if (isEnded) return
            isEnded = true
            // It gives an idle watch up after a while: nothing is lost, it is resumed.
            onEnd(error instanceof DOMException ? null : error)
          }
          const started = new Watch(config).watch(path, { resourceVersion, allowWatchBookmarks: true }, onEvent, end)
          started.catch(end)
          return () => {
            isEnded = true
            started.then(
              controller => controller.abort(),
              () => {},
            )
          }
        },
      }
    },
  }
}
