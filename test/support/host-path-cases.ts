import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { parseYaml } from '../../src/yaml/parse.ts'

/** One row of the acceptance table: a path that is refused, or is not. */
export interface HostPathCase {
  /** Names the row's group, such as `H05`. */
  readonly id: string
  readonly path: string
  readonly verdict: 'deny' | 'allow'
}

/** A manifest, loose enough to be wrong on purpose. */
export interface Manifest {
  readonly [key: string]: unknown
  readonly apiVersion: string
  readonly kind: string
}

/** A pod spec as a manifest writes it. */
export type PodSpec = Readonly<Record<string, unknown>>

const row = z.strictObject({ id: z.string(), path: z.string() })
const table = z.strictObject({
  deny: z.array(row),
  allow: z.array(row),
  never_denied_sources: z.array(z.string()),
  denied_sources: z.array(z.string()),
})

function load(): z.output<typeof table> {
  const text = readFileSync(new URL('../data/host-path-cases.yaml', import.meta.url), 'utf8')
  const { documents, problems } = parseYaml(text)
  const [document] = documents
  if (document === undefined || problems.length > 0) throw new Error(`the table is unreadable: ${problems[0]?.message}`)
  return table.parse(document.value)
}

const TABLE = load()

/** Every path of the table, the refused ones first. */
export const HOST_PATH_CASES: readonly HostPathCase[] = [
  ...TABLE.deny.map(entry => ({ ...entry, verdict: 'deny' as const })),
  ...TABLE.allow.map(entry => ({ ...entry, verdict: 'allow' as const })),
]

/** Volume sources that no verdict is ever about. */
export const HARMLESS_SOURCES: readonly string[] = TABLE.never_denied_sources
/** Volume sources that are refused whatever they hold. */
export const DENIED_SOURCES: readonly string[] = TABLE.denied_sources

/** A pod spec with one container that mounts nothing. */
export function plainSpec(fields: PodSpec = {}): PodSpec {
  return { containers: [{ name: 'app', image: 'registry.example/app:1' }], ...fields }
}

/** A pod spec with one volume; `mounted` mounts it in the container. */
export function specWithVolume(source: PodSpec, mounted: 'mounted' | 'unmounted' = 'mounted'): PodSpec {
  const volumeMounts = mounted === 'mounted' ? [{ name: 'data', mountPath: '/data' }] : []
  return {
    containers: [{ name: 'app', image: 'registry.example/app:1', volumeMounts }],
    volumes: [{ name: 'data', ...source }],
  }
}

/** A pod spec with one hostPath volume. */
export function specWithHostPath(path: string, mounted: 'mounted' | 'unmounted' = 'mounted'): PodSpec {
  return specWithVolume({ hostPath: { path } }, mounted)
}

/** A Pod around a spec. */
export function pod(spec: PodSpec = plainSpec(), metadata: Readonly<Record<string, unknown>> = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app', namespace: 'shop', ...metadata }, spec }
}

const LABELS = { app: 'app' }
const metadata = { name: 'app', namespace: 'shop' }
const selector = { matchLabels: LABELS }

function template(spec: PodSpec) {
  return { metadata: { labels: LABELS }, spec }
}

/** Every kind that embeds a pod template, by its kind: an object around a pod spec. */
export const WORKLOADS: Readonly<Record<string, (spec: PodSpec) => Manifest>> = {
  Pod: spec => pod(spec),
  Deployment: spec => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { selector, template: template(spec) },
  }),
  StatefulSet: spec => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: { selector, serviceName: 'app', template: template(spec) },
  }),
  DaemonSet: spec => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata,
    spec: { selector, template: template(spec) },
  }),
  ReplicaSet: spec => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata,
    spec: { selector, template: template(spec) },
  }),
  Job: spec => ({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template: template(spec) } }),
  CronJob: spec => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata,
    spec: { schedule: '@daily', jobTemplate: { spec: { template: template(spec) } } },
  }),
  ReplicationController: spec => ({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata,
    spec: { selector: LABELS, template: template(spec) },
  }),
  PodTemplate: spec => ({ apiVersion: 'v1', kind: 'PodTemplate', metadata, template: template(spec) }),
  Rollout: spec => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata,
    spec: { selector, template: template(spec) },
  }),
  Service: spec => ({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata,
    spec: { template: template(spec) },
  }),
  JobSet: spec => ({
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata,
    spec: {
      replicatedJobs: [
        { name: 'first', template: { spec: { template: template(plainSpec()) } } },
        { name: 'second', template: { spec: { template: template(spec) } } },
      ],
    },
  }),
}

/** A PersistentVolume over a path of the node. */
export function persistentVolume(source: 'hostPath' | 'local', path: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'disk' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], [source]: { path } },
  }
}
