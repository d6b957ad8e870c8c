import { expect } from 'vitest'
import type { ApiServer } from './control-plane.ts'

/** A pod as far as these tests look at it. */
export interface StoredPod {
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly kind: string; readonly controller: boolean }[]
  }
}

/** The pods of a namespace. */
export async function podsIn(server: ApiServer, namespace: string): Promise<readonly StoredPod[]> {
  const { body } = await server.request('GET', `/api/v1/namespaces/${namespace}/pods`)
  return (JSON.parse(body) as { items: readonly StoredPod[] }).items
}

/** Creates a Deployment of one replica whose pods have the label `app: web`. */
export async function createDeployment(server: ApiServer, namespace: string, name = 'web'): Promise<void> {
  const labels = { app: 'web' }
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: 'web', image: 'registry.example.com/web:1' }] },
  }
  const { status, body } = await server.request('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    metadata: { name },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  })
  expect(status, body).toBe(201)
}

/** The messages of the events of one reason in a namespace. */
export async function eventsIn(server: ApiServer, namespace: string, reason: string): Promise<readonly string[]> {
  const { body } = await server.request('GET', `/api/v1/namespaces/${namespace}/events`)
  const { items } = JSON.parse(body) as { items: readonly { readonly reason: string; readonly message: string }[] }
  return items.filter(event => event.reason === reason).map(({ message }) => message)
}
