import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dig, get, getList, getString, isObject, type Json, type JsonObject } from '../../src/json/value.ts'
import { injectionFolder, namesIn } from '../support/injection.ts'
import { servablePod } from './support/arbitrary-pods.ts'
import { type ApiAnswer, type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { registerMutating } from './support/mutating.ts'

/** `INJECTION_SEED=1 npm run test:e2e -- test/e2e/injection-random.test.ts` repeats a run. */
const SEED = Number(process.env['INJECTION_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const COUNT = 2000
const AT_ONCE = 16

const INJECTIONS = {
  logs: {
    labels: { 'example.com/logged': 'yes' },
    annotations: { 'example.com/logged-by': 'side' },
    initContainers: [{ name: 'native', image: 'registry.example.com/native:1', restartPolicy: 'Always' }],
    containers: [{ name: 'side', image: 'registry.example.com/side:1', resources: { limits: { memory: '1024Mi' } } }],
    volumes: [{ name: 'logs', emptyDir: { sizeLimit: '512Mi' } }],
    volumeMounts: [{ name: 'logs', mountPath: '/logs' }],
    env: [{ name: 'LOG_DIR', value: '/logs' }],
  },
  secrets: { imagePullSecrets: [{ name: 'mirror' }] },
}
const KEYS = [
  'example.com/logged',
  'example.com/logged-by',
  'portcullis.dev/injected',
  'kubectl.kubernetes.io/default-container',
]

let plane: ControlPlane
let gateway: GatewayProcess

beforeAll(async () => {
  plane = await startControlPlane()
  for (const name of ['with', 'without']) await createNamespace(plane, name)
  const args = ['--injections', injectionFolder(INJECTIONS)]
  gateway = await startGateway({ directory: plane.directory, authority: plane.webhookCa, args })
  const mark = (pod: unknown) => namesIn(pod as JsonObject, 'containers').includes('side')
  const registration = { name: 'portcullis', namespace: 'with', mark, reinvocationPolicy: 'IfNeeded' } as const
  await registerMutating(plane, { ...registration, port: gateway.port, authority: plane.webhookCa })
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

test(`${COUNT} random pods are accepted or refused, and stored, as they would be without the gateway`, async () => {
  process.stdout.write(`random pods: INJECTION_SEED=${SEED}\n`)
  const pods = fc.sample(servablePod, { seed: SEED, numRuns: COUNT })
  const faults: string[] = []
  const counts = { accepted: 0, injected: 0, refused: 0 }
  const one = async (pod: JsonObject, index: number) => {
    const create = (namespace: string) => {
      const metadata = { ...(get(pod, 'metadata') as JsonObject), name: `pod-${index}` }
      return plane.request('POST', `/api/v1/namespaces/${namespace}/pods`, { ...pod, metadata })
    }
    const [withIt, without] = await Promise.all([create('with'), create('without')])
    const fault = compare(withIt, without, counts)
    if (fault !== undefined) faults.push(`${fault}\n${JSON.stringify(pod)}\n${withIt.body}\n${without.body}`)
  }
  const waiting = [...pods.entries()]
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await one(next[1], next[0])
    }),
  )
  process.stdout.write(`random pods: ${JSON.stringify(counts)}\n`)
  expect(faults.slice(0, 3).join('\n\n')).toBe('')
  // Both happened often enough to mean something.
  expect(counts.injected).toBeGreaterThan(COUNT / 3)
  expect(counts.refused).toBeGreaterThan(COUNT / 50)
})

/** What differs between the two answers beyond what was injected; undefined where nothing does. */
function compare(
  withIt: ApiAnswer,
  without: ApiAnswer,
  counts: { accepted: number; injected: number; refused: number },
): string | undefined {
  if (withIt.status !== without.status) return `status ${withIt.status}, not ${without.status}`
  const [after, before] = [withIt, without].map(({ body }) => comparable(JSON.parse(body) as JsonObject))
  if (after === undefined || before === undefined) return 'no answer'
  if (withIt.status !== 201) {
    counts.refused++
    const [ours, theirs] = [after, before].map(status => JSON.stringify(causesOf(status)))
    return ours === theirs ? undefined : 'refused for another reason'
  }
  counts.accepted++
  if (dig(after, 'metadata', 'annotations', 'portcullis.dev/injected') !== undefined) counts.injected++
  const left = JSON.stringify(sorted(withoutInjected(after, before)))
  return left === JSON.stringify(sorted(before)) ? undefined : `another object is stored: ${left}`
}

function causesOf(status: JsonObject): readonly string[] {
  // The server goes through maps in any order.
  const causes = getList(get(status, 'details'), 'causes')
    .map(cause => JSON.stringify(cause))
    .toSorted()
  // Without causes the message says what is wrong, in the words of the decoder.
  return causes.length > 0 ? causes : [getString(status, 'message') ?? '']
}

/** An answer without what differs between any two objects. */
function comparable(answer: JsonObject): JsonObject {
  const text = JSON.stringify(answer)
    .replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access')
    .replaceAll(/"(?:namespace)":"with(?:out)?"/g, '"namespace":"n"')
  const { status, ...rest } = JSON.parse(text) as Record<string, Json>
  const metadata = { ...(rest['metadata'] as Record<string, Json>) }
  for (const key of ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields']) delete metadata[key]
  return getString(answer, 'kind') === 'Status' ? { ...rest, status: status ?? null } : { ...rest, metadata }
}

/** The stored pod without each item that was injected and that the other one does not have. */
function withoutInjected(after: JsonObject, before: JsonObject): JsonObject {
  const metadata = { ...(get(after, 'metadata') as Record<string, Json>) }
  for (const map of ['labels', 'annotations']) {
    const [ours, theirs] = [metadata[map], get(get(before, 'metadata'), map)]
    if (!isObject(ours)) continue
    const kept = Object.entries(ours).filter(([key]) => !KEYS.includes(key) || get(theirs, key) !== undefined)
    if (kept.length > 0) metadata[map] = Object.fromEntries(kept)
    else delete metadata[map]
  }
  const spec = { ...(get(after, 'spec') as Record<string, Json>) }
  const old = get(before, 'spec')
  drop(spec, old, 'containers', 'name', ['side'])
  drop(spec, old, 'initContainers', 'name', ['native'])
  drop(spec, old, 'volumes', 'name', ['logs'])
  drop(spec, old, 'imagePullSecrets', 'name', ['mirror'])
  for (const list of ['containers', 'initContainers']) {
    if (spec[list] === undefined) continue
    spec[list] = getList(spec, list).map(item => {
      const container = { ...(item as Record<string, Json>) }
      const other = getList(old, list).find(candidate => getString(candidate, 'name') === container['name'])
      drop(container, other, 'env', 'name', ['LOG_DIR'])
      drop(container, other, 'volumeMounts', 'mountPath', ['/logs'])
      return container
    })
  }
  return { ...after, metadata, spec }
}

/** Takes items out of a list that the other side does not have; a list that was made for them goes, too. */
function drop(
  holder: Record<string, Json>,
  other: Json | undefined,
  list: string,
  key: string,
  injected: readonly string[],
): void {
  const known = new Set(getList(other, list).map(item => getString(item, key)))
  const kept = getList(holder, list).filter(item => {
    const name = getString(item, key) ?? ''
    return !injected.includes(name) || known.has(name)
  })
  if (kept.length > 0 || get(other, list) !== undefined) holder[list] = kept
  else delete holder[list]
}

/** Keys in order: the server writes maps in an order of its own. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, sorted(item)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}
