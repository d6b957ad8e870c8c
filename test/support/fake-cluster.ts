import { type ClusterClient, clientOf, type Page } from '../../src/cluster/client.ts'
import { ApiError, type ApiRequest, type Send } from '../../src/cluster/http.ts'
import type { ResourceSource } from '../../src/cluster/reflector.ts'
import { dig, getString, isObject, type Json, type JsonObject } from '../../src/json/value.ts'

type Watcher = Readonly<{
  collection: string
  onEvent: Parameters<ResourceSource['watch']>[1]
  onEnd: Parameters<ResourceSource['watch']>[2]
}>

/**
 * The API of a cluster in memory: objects with uids, resource versions and generations, conflicts, dry runs, merge
 * patches, statuses apart, pages and watches. It knows no kinds: every path holds whatever is written there.
 */
export class FakeCluster {
  readonly client: ClusterClient
  /** Every request, as `METHOD path`, in order. */
  readonly requests: string[] = []
  /** Called before each request; what it throws is the answer. */
  fault: (request: ApiRequest) => void = () => {}
  readonly #objects = new Map<string, JsonObject>()
  readonly #watchers = new Set<Watcher>()
  #version = 0

  constructor() {
    const send: Send = async request => {
      this.requests.push(`${request.method} ${request.path}`)
      this.fault(request)
      return { body: this.#answer(request), warnings: [] }
    }
    this.client = clientOf('https://fake', send, path => (_version, onEvent, onEnd) => {
      const watcher = { collection: path, onEvent, onEnd }
      this.#watchers.add(watcher)
      return () => void this.#watchers.delete(watcher)
    })
  }

  /** Puts an object under the path of its collection, such as `/api/v1/namespaces/shop/pods`. */
  put(collection: string, object: JsonObject): JsonObject {
    return this.#create(collection, object, false)
  }

  /** The object of this path; undefined where there is none. */
  get(path: string): JsonObject | undefined {
    return this.#objects.get(path)
  }

  /** The paths of all objects, sorted. */
  get paths(): readonly string[] {
    return [...this.#objects.keys()].toSorted()
  }

  /** Removes an object, as somebody else would. */
  drop(path: string): void {
    const object = this.#objects.get(path)
    this.#objects.delete(path)
    if (object !== undefined) this.#tell('DELETED', path, object)
  }

  /** Changes an object, as somebody else would. */
  edit(path: string, patch: JsonObject): void {
    this.#write(path, merged(this.#found(path), patch) as JsonObject)
  }

  #answer({ method, path, query = {}, body, accept }: ApiRequest): Json {
    const isDryRun = query['dryRun'] === 'All'
    switch (method) {
      case 'POST':
        return this.#create(path, body as JsonObject, isDryRun)
      case 'PUT':
        return this.#replace(path, body as JsonObject)
      case 'PATCH':
        return this.#write(path, merged(this.#found(path), body ?? null) as JsonObject)
      case 'DELETE':
        this.#found(path)
        this.drop(path)
        return { kind: 'Status', status: 'Success' }
      case 'GET':
        return (
          this.#objects.get(path) ??
          this.#listOr404(path, query, accept?.includes('PartialObjectMetadataList') === true)
        )
    }
  }

  #listOr404(path: string, query: NonNullable<ApiRequest['query']>, isMetadata: boolean): Json {
    // An object's path has one segment more than that of its collection, after the version and the namespace.
    const segments = path.replace(/^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\//, '').split('/')
    const isCollection = segments.length === 1 || (segments[0] === 'namespaces' && segments.length === 3)
    if (!isCollection) throw new ApiError(404, 'NotFound', `${path} not found`)
    const all = [...this.#objects].filter(([key]) => isIn(key, path)).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const start = Number(query['continue'] ?? 0)
    const end = query['limit'] === undefined ? all.length : start + Number(query['limit'])
    const items = all
      .slice(start, end)
      .map(([, object]) => object)
      .filter(object => isLabelled(object, query['labelSelector']))
      .filter(object => isPicked(object, query['fieldSelector']))
      .map(object => (isMetadata ? { metadata: object['metadata'] ?? null } : object))
    const page: Pick<Page, 'resourceVersion' | 'continue'> = {
      resourceVersion: String(this.#version),
      continue: end < all.length ? String(end) : '',
    }
    return { kind: 'List', metadata: { ...page }, items }
  }

  #create(collection: string, object: JsonObject, isDryRun: boolean): JsonObject {
    const metadata = dig(object, 'metadata') as JsonObject
    const name = getString(metadata, 'name') ?? `${getString(metadata, 'generateName') ?? ''}${++this.#version}`
    const path = `${collection}/${name}`
    if (this.#objects.has(path)) throw new ApiError(409, 'AlreadyExists', `${path} already exists`)
    const namespace = /\/namespaces\/([^/]+)\/[^/]+$/.exec(collection)?.[1]
    const created: JsonObject = {
      ...object,
      metadata: {
        ...metadata,
        name,
        ...(namespace !== undefined && { namespace }),
        uid: `uid-${++this.#version}`,
        generation: 1,
        creationTimestamp: '2030-01-01T00:00:00Z',
        resourceVersion: String(this.#version),
      },
    }
    if (isDryRun) return created
    this.#objects.set(path, created)
    this.#tell('ADDED', path, created)
    return created
  }

  #replace(path: string, object: JsonObject): JsonObject {
    const isStatus = path.endsWith('/status')
    const target = isStatus ? path.slice(0, -'/status'.length) : path
    const old = this.#found(target)
    const version = getString(dig(object, 'metadata'), 'resourceVersion')
    if (version !== undefined && version !== dig(old, 'metadata', 'resourceVersion')) {
      throw new ApiError(409, 'Conflict', `${target} was modified`)
    }
    return this.#write(target, isStatus ? { ...old, status: object['status'] ?? null } : object)
  }

  #write(path: string, object: JsonObject): JsonObject {
    const old = this.#found(path)
    const generation = Number(dig(old, 'metadata', 'generation'))
    const isChanged = JSON.stringify(object['spec']) !== JSON.stringify(old['spec'])
    const { uid, name, creationTimestamp } = old['metadata'] as { uid: string; name: string; creationTimestamp: string }
    const written: JsonObject = {
      ...object,
      metadata: {
        ...(object['metadata'] as JsonObject),
        uid,
        name,
        creationTimestamp,
        generation: isChanged ? generation + 1 : generation,
        resourceVersion: String(++this.#version),
      },
    }
    this.#objects.set(path, written)
    this.#tell('MODIFIED', path, written)
    return written
  }

  #found(path: string): JsonObject {
    const object = this.#objects.get(path)
    if (object === undefined) throw new ApiError(404, 'NotFound', `${path} not found`)
    return object
  }

  #tell(type: string, path: string, object: JsonObject): void {
    for (const { collection, onEvent } of this.#watchers) if (isIn(path, collection)) onEvent(type, object)
  }
}

/** Whether an object's path is of a collection, be it of one namespace or of all. */
function isIn(path: string, collection: string): boolean {
  const parent = path.slice(0, path.lastIndexOf('/'))
  return parent === collection || parent.replace(/\/namespaces\/[^/]+(?=\/[^/]+$)/, '') === collection
}

function isLabelled(object: JsonObject, selector: string | undefined): boolean {
  return (selector ?? '')
    .split(',')
    .filter(term => term !== '')
    .every(term => {
      const [key = '', value] = term.split('=')
      return dig(object, 'metadata', 'labels', key) === value
    })
}

/** Terms of the forms `path!=value` and `path=value`. */
function isPicked(object: JsonObject, selector = ''): boolean {
  return selector
    .split(',')
    .filter(term => term !== '')
    .every(term => {
      const [, path = '', operator, value] = /^(.*?)(!?=)=?(.*)$/.exec(term) ?? []
      return (dig(object, ...path.split('.')) === value) === (operator === '=')
    })
}

/** RFC 7386. */
function merged(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result: Record<string, Json> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merged(result[key] ?? null, value)
  }
  return result
}
