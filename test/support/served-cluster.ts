import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DiscoveredResource } from '../../src/cluster/discovery.ts'
import { ApiError, type ApiRequest } from '../../src/cluster/http.ts'
import type { Json } from '../../src/json/value.ts'
import type { FakeCluster } from './fake-cluster.ts'

/** A cluster in memory that answers over HTTP, for commands that connect by themselves. */
export interface ServedCluster {
  readonly kubeconfig: string
  /** A folder of its own, which goes with it. */
  readonly folder: string
  stop(): Promise<void>
}

/**
 * Serves a cluster on a port of this machine. Watches are not served.
 *
 * @param resources what its discovery says that it serves.
 */
export async function serveCluster(
  cluster: FakeCluster,
  resources: readonly DiscoveredResource[],
): Promise<ServedCluster> {
  const discovery = discoveryOf(resources)
  const server = createServer((request, response) => {
    const answer = (code: number, body: Json) => {
      response.writeHead(code, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    requestOf(request)
      .then(async asked => discovery[asked.path] ?? (await cluster.client.send(asked)).body)
      .then(
        body => answer(200, body),
        (error: unknown) => {
          const { code, reason, message } = error instanceof ApiError ? error : new ApiError(500, '', String(error))
          answer(code, { kind: 'Status', code, reason, message })
        },
      )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-cluster-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const { port } = server.address() as AddressInfo
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      // The client speaks plain HTTP only to who gives up TLS by name; nothing here is worth it.
      clusters: [{ name: 'a', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'a', user: {} }],
    }),
  )
  return {
    kubeconfig,
    folder,
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
}

/** The answers of discovery by their paths. */
function discoveryOf(resources: readonly DiscoveredResource[]): Readonly<Record<string, Json>> {
  const groups = [...new Set(resources.map(({ group }) => group))].filter(group => group !== '')
  const listOf = (wanted: string) => ({
    resources: resources
      .filter(({ group }) => group === wanted)
      .map(({ resource, kind, isNamespaced, verbs }) => ({ name: resource, kind, namespaced: isNamespaced, verbs })),
  })
  return {
    '/api': { versions: ['v1'] },
    '/api/v1': listOf(''),
    '/apis': { groups: groups.map(name => ({ name, versions: [{ version: 'v1' }] })) },
    ...Object.fromEntries(groups.map(group => [`/apis/${group}/v1`, listOf(group)])),
  }
}

async function requestOf(request: IncomingMessage): Promise<ApiRequest> {
  const url = new URL(request.url ?? '/', 'http://cluster')
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return {
    method: request.method as ApiRequest['method'],
    path: decodeURIComponent(url.pathname),
    query: Object.fromEntries(url.searchParams),
    accept: request.headers.accept,
    ...(text !== '' && { body: JSON.parse(text) as Json }),
  }
}
