import { ROLLOUTS } from '../../../src/cluster/documents.ts'
import { dig } from '../../../src/json/value.ts'
import { type ControlPlane, createNamespace } from './control-plane.ts'
import { follow } from './history.ts'
import type { Installation } from './installation.ts'
import { TOLERATION } from './nodes.ts'
import { waitUntil } from './processes.ts'

const GROUP = '/apis/portcullis.dev/v1alpha1'
const MERGE = 'application/merge-patch+json'

/** Values of the chart with which a rollout is measured every second: a test does not wait for longer ones. */
export const SOON = ['controller.rolloutInterval=1s', 'controller.podInterval=1s', 'controller.auditInterval=0s']

/** A Deployment whose pods run on simulated nodes. */
export function deployment(
  namespace: string,
  name: string,
  replicas: number,
  spec: object = {},
  container: object = {},
) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          tolerations: [TOLERATION],
          containers: [{ name: 'app', image: 'registry.example/app:1', ...container }],
          ...spec,
        },
      },
    },
  }
}

/** A policy of one check that a rollout brings. */
export function stagedPolicy(name: string, check: string, fields: object = {}) {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: { validationActions: ['Deny'], checks: [{ check }], staged: true, ...fields },
  }
}

/** The stages of the tests, each held for so many seconds. */
export function stages(seconds: number) {
  return [
    { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: `${seconds}s` },
    { name: 'quarter', percent: 25, hold: `${seconds}s` },
    { name: 'everywhere', hold: `${seconds}s` },
  ]
}

/** Applies documents as an administrator would, and fails where one is refused. */
export async function apply(plane: ControlPlane, ...documents: readonly object[]): Promise<void> {
  for (const input of documents) {
    const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], { input })
    if (code !== 0) throw new Error(stderr)
  }
}

/** Makes so many namespaces, the first of them with the label of the first ring. */
export async function createNamespaces(
  plane: ControlPlane,
  count: number,
  canaries: number,
): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `team-${index}`)
  await Promise.all(names.map(name => createNamespace(plane, name)))
  for (const name of names.slice(0, canaries))
    await plane.request('PATCH', `/api/v1/namespaces/${name}`, { metadata: { labels: { ring: 'canary' } } }, MERGE)
  return names
}

/** What stands in the status of a rollout. */
export interface SeenRollout {
  readonly phase: string
  readonly stage: string
  readonly reason: string
  readonly message: string
  readonly verdict: string
  readonly replicas?: { readonly total: number; readonly current: number }
}

export async function rolloutStatus(plane: ControlPlane, name: string): Promise<SeenRollout | undefined> {
  const { status, body } = await plane.request('GET', `${GROUP}/canaryrollouts/${name}`)
  return status === 200 ? (JSON.parse(body) as { status?: SeenRollout }).status : undefined
}

/** Waits until a rollout is where it should be. */
export async function rolloutBecomes(
  plane: ControlPlane,
  name: string,
  is: (status: SeenRollout) => boolean,
  milliseconds = 120_000,
): Promise<SeenRollout> {
  let seen: SeenRollout | undefined
  try {
    await waitUntil(
      `rollout ${name} is there`,
      async () => {
        seen = await rolloutStatus(plane, name)
        return seen !== undefined && is(seen)
      },
      { milliseconds },
    )
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}: ${JSON.stringify(seen)}`)
  }
  if (seen === undefined) throw new Error('unreachable')
  return seen
}

/** Every status of a rollout from now on, also one that stands for a moment only; until `stop`. */
export async function followRollout(plane: ControlPlane, name: string) {
  const seen: SeenRollout[] = []
  const stop = await follow(plane, ROLLOUTS, object => {
    const status = dig(object, 'status')
    if (dig(object, 'metadata', 'name') === name && status !== undefined) seen.push(status as unknown as SeenRollout)
  })
  return { seen, stop }
}

/** Does something that changes the documents, and waits until every gateway goes by them. */
export async function onEveryGateway({ kubelet }: Installation, act: () => Promise<void>): Promise<void> {
  const hashes = async () => {
    const texts = await Promise.all(kubelet.running('gateway').map(pod => pod.metrics()))
    return texts.map(text => /portcullis_policy_set_info\{hash="(\w+)"\} 1/.exec(text)?.[1])
  }
  const before = await hashes()
  await act()
  await waitUntil('every gateway goes by the documents', async () => {
    const now = await hashes()
    return now.length === before.length && now.every(hash => hash === now[0] && !before.includes(hash))
  })
}

/** The pods that are ready in these namespaces and that their Deployment finds by the label `app`. */
export async function readyPods(plane: ControlPlane, namespaces: readonly string[]): Promise<number> {
  const { body } = await plane.request('GET', '/api/v1/pods')
  const { items } = JSON.parse(body) as {
    items: {
      metadata: { namespace: string; deletionTimestamp?: string; labels?: Record<string, string> }
      status: { conditions?: { type: string; status: string }[] }
    }[]
  }
  return items.filter(
    ({ metadata, status }) =>
      namespaces.includes(metadata.namespace) &&
      metadata.deletionTimestamp === undefined &&
      metadata.labels?.['app'] !== undefined &&
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
  ).length
}

/** Waits until a Deployment has nothing but ready pods of its present template, and no others. */
export async function isRolledOut(plane: ControlPlane, namespace: string, name: string): Promise<void> {
  await waitUntil(`Deployment ${namespace}/${name} is rolled out`, async () => {
    const { body } = await plane.request('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`)
    const { metadata, spec, status } = JSON.parse(body) as {
      metadata: { generation: number }
      spec: { replicas: number }
      status: { observedGeneration?: number; replicas?: number; updatedReplicas?: number; readyReplicas?: number }
    }
    return (
      status.observedGeneration === metadata.generation &&
      [status.replicas, status.updatedReplicas, status.readyReplicas].every(count => count === spec.replicas)
    )
  })
}
