import { KubeConfig, Watch } from '@kubernetes/client-node'
import { dig, getList, getString, isObject, type Json, type JsonObject } from '../json/value.ts'
import { isApiError, retrying, type Send, senderOf } from './http.ts'
import type { ResourceSource } from './reflector.ts'

/** A kind of object of the API. */
export interface ResourcePath {
  /** `''` is the core group. */
  readonly group: string
  readonly version: string
  /** Plural. */
  readonly resource: string
}

/** One object; cluster-scoped ones have no namespace. */
export interface ObjectPath extends ResourcePath {
  readonly namespace?: string
  readonly name: string
}

/** Where an object is created: its name is in it. */
export interface CollectionPath extends ResourcePath {
  readonly namespace?: string
}

/** Which part of a list is wanted. */
export interface ListOptions {
  /** Objects in one page. */
  readonly limit?: number
  /** Where the page before this one ended. */
  readonly continue?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Only the metadata of each object, a fraction of its size; without its apiVersion and kind. */
  readonly metadataOnly?: boolean
}

/** How the API is asked for a list of metadata. */
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/** One page of a list. */
export interface Page {
  readonly items: readonly JsonObject[]
  readonly resourceVersion: string
  /** `''` on the last page. */
  readonly continue: string
}

/** What was stored, or would have been, and what the API warned of. */
export interface Written {
  readonly object: JsonObject
  readonly warnings: readonly string[]
}

/**
 * The API of a cluster, in plain JSON: no field is dropped that this project does not know. Every method rejects with an
 * `ApiError` where the API says no, and with another error where nobody answers.
 */
export interface ClusterClient {
  /** Where it is, for messages. */
  readonly server: string
  /** Any other request, such as discovery. */
  readonly send: Send
  /** Milliseconds by which the API server's clock is ahead of this machine's, as of its last answer; 0 before the first. */
  skewMs(): number
  /** Reads one object; undefined where there is none. */
  read(object: ObjectPath): Promise<JsonObject | undefined>
  list(collection: CollectionPath, options?: ListOptions): Promise<Page>
  create(collection: CollectionPath, object: JsonObject, options?: { readonly dryRun?: boolean }): Promise<Written>
  /** Writes the whole object; with a `resourceVersion` in it only if nobody wrote it since. */
  replace(path: ObjectPath, object: JsonObject): Promise<Written>
  /** The same for its status alone. */
  replaceStatus(path: ObjectPath, object: JsonObject): Promise<Written>
  /** A merge patch (RFC 7386). */
  merge(path: ObjectPath, patch: JsonObject): Promise<Written>
  /** Deletes it; nothing happens where there is none. */
  remove(path: ObjectPath): Promise<void>
  /** A kind of object, in all namespaces or in one, to be listed and watched. */
  resource(path: CollectionPath, options?: Pick<ListOptions, 'labelSelector'>): ResourceSource
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
  const { server } = cluster
  return clientOf(server, retrying(senderOf(config, server)), (path, query) => watcherOf(config, path, query))
}

/** A client over any way to send requests and to watch. */
export function clientOf(
  server: string,
  transport: Send,
  watch: (path: string, query?: Readonly<Record<string, string>>) => ResourceSource['watch'],
  now: () => number = Date.now,
): ClusterClient {
  let skewMs = 0
  const send: Send = async request => {
    const answer = await transport(request)
    if (answer.date !== undefined) skewMs = answer.date - now()
    return answer
  }
  const write = async (request: Parameters<Send>[0]): Promise<Written> => {
    const { body, warnings } = await send(request)
    if (!isObject(body)) throw new Error(`${request.path}: the API answered with something that is no object`)
    return { object: body, warnings }
  }
  const list = async (collection: CollectionPath, options: ListOptions = {}): Promise<Page> => {
    const { limit, metadataOnly = false, ...rest } = options
    const query = { ...rest, limit: limit?.toString() }
    const accept = metadataOnly ? METADATA_LIST : undefined
    return pageOf((await send({ method: 'GET', path: collectionPath(collection), query, accept })).body)
  }
  return {
    server,
    send,
    skewMs: () => skewMs,
    list,
    async read(path) {
      try {
        return (await write({ method: 'GET', path: objectPath(path) })).object
      } catch (error) {
        if (isApiError(error, 404)) return undefined
        throw error
      }
    },
    create: (collection, object, { dryRun = false } = {}) =>
      write({
        method: 'POST',
        path: collectionPath(collection),
        body: object,
        ...(dryRun && { query: { dryRun: 'All' } }),
      }),
    replace: (path, object) => write({ method: 'PUT', path: objectPath(path), body: object }),
    replaceStatus: (path, object) => write({ method: 'PUT', path: `${objectPath(path)}/status`, body: object }),
    merge: (path, patch) =>
      write({ method: 'PATCH', path: objectPath(path), body: patch, contentType: 'application/merge-patch+json' }),
    async remove(path) {
      try {
        await send({ method: 'DELETE', path: objectPath(path), query: { propagationPolicy: 'Background' } })
      } catch (error) {
        if (!isApiError(error, 404)) throw error
      }
    },
    resource: (path, options = {}) => ({
      name: path.resource,
      list: () => list(path, options),
      watch: watch(collectionPath(path), { ...options }),
    }),
  }
}

/** The path of a kind, of all namespaces or of one. */
export function collectionPath({ group, version, resource, namespace }: CollectionPath): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return namespace === undefined || namespace === ''
    ? `${root}/${resource}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`
}

/** The path of one object. */
export function objectPath(path: ObjectPath): string {
  return `${collectionPath(path)}/${encodeURIComponent(path.name)}`
}

function pageOf(body: Json): Page {
  const metadata = dig(body, 'metadata')
  // A list names the kind once, for all of its items.
  const kind = getString(body, 'kind')?.replace(/List$/, '')
  const apiVersion = getString(body, 'apiVersion')
  return {
    items: getList(body, 'items')
      .filter(isObject)
      .map(item => ({ ...(apiVersion !== undefined && { apiVersion }), ...(kind !== undefined && { kind }), ...item })),
    resourceVersion: getString(metadata, 'resourceVersion') ?? '',
    continue: getString(metadata, 'continue') ?? '',
  }
}

/** The library gives a watch up when nothing has come for this time. */
const IDLE_SECONDS = 30
/** The server is asked to end a watch before that, so that its end is a sign of life. */
const WATCH_SECONDS = 25

function watcherOf(
  config: KubeConfig,
  path: string,
  query: Readonly<Record<string, string>> = {},
): ResourceSource['watch'] {
  return (resourceVersion, onEvent, onEnd) => {
    let isEnded = false
    const end = (error: unknown) => {
      if (isEnded) return
      isEnded = true
      // The server ends a watch sooner than this library gives it up as idle: one that is silent for longer is cut off.
      onEnd(error instanceof DOMException ? new Error(`nothing was heard of the watch for ${IDLE_SECONDS} s`) : error)
    }
    const started = new Watch(config).watch(
      path,
      { ...query, resourceVersion, allowWatchBookmarks: true, timeoutSeconds: WATCH_SECONDS },
      onEvent,
      end,
    )
    started.catch(end)
    return () => {
      isEnded = true
      started.then(
        controller => controller.abort(),
        () => {},
      )
    }
  }
}
