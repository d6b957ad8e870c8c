import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterClient, CollectionPath } from '../../cluster/client.ts'
import { isApiError } from '../../cluster/http.ts'
import { pagesOf } from '../../cluster/pages.ts'
import { dig, getList, getString, type Json, type JsonObject } from '../../json/value.ts'
import type { AuditEntry, PolicyFindings } from './findings.ts'
import type { ReportApi } from './report-api.ts'

/** What the reports of this controller bear, and no others. */
export const REPORT_LABELS = { 'app.kubernetes.io/managed-by': 'portcullis', 'portcullis.dev/report': 'audit' } as const
export const REPORT_SELECTOR = Object.entries(REPORT_LABELS)
  .map(([key, value]) => `${key}=${value}`)
  .join(',')
/** Names what a report says, so that an equal one is not written again. */
const DIGEST = 'portcullis.dev/digest'
const SOURCE = 'portcullis'

/** What became of the reports. */
export interface Reported {
  readonly present: number
  readonly written: number
  readonly removed: number
  /** Reports beyond the bound, those with the least to say. */
  readonly omitted: number
  /** Reports that could not be written, and why. */
  readonly failures: readonly unknown[]
}

export interface ReportOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Where not everything could be listed, what is missing is not taken for mended: no report is removed. */
  readonly isComplete: boolean
  /** Reports at most. */
  readonly limit?: number
  /** Milliseconds between two writes. */
  readonly pauseMs?: number
  readonly signal?: AbortSignal
}

const LIMIT = 5000
const PAUSE_MS = 20

/**
 * Brings the reports of the cluster to what an audit found: one for each policy and namespace in which it has anything to say but
 * `pass` and `skip`. Equal ones are not written again; those that have nothing to say any more are removed.
 */
export async function writeReports(
  client: ClusterClient,
  api: ReportApi,
  findings: readonly PolicyFindings[],
  options: ReportOptions,
): Promise<Reported> {
  const { limit = LIMIT, pauseMs = PAUSE_MS, now, isComplete, signal } = options
  const worth = findings
    .filter(({ summary }) => summary.fail + summary.error + summary.warn > 0)
    .toSorted((a, b) => weight(b) - weight(a))
  const wanted = new Map(worth.slice(0, limit).map(entry => [keyOf(entry.namespace, reportName(entry.policy)), entry]))
  const present = await digests(client, api)
  const failures: unknown[] = []
  let [written, removed] = [0, 0]
  const attempt = async (change: () => Promise<boolean>) => {
    if (signal?.aborted === true) return false
    if (pauseMs > 0) await sleep(pauseMs, undefined, { ...(signal && { signal }) }).catch(() => {})
    try {
      return await change()
    } catch (error) {
      if (!isGoneNamespace(error)) failures.push(error)
      return false
    }
  }
  for (const [key, finding] of wanted) {
    if (present.get(key)?.digest === digestOf(finding)) continue
    if (await attempt(() => store(client, api, finding, present.has(key), now))) written++
  }
  for (const [key, { namespace, name }] of isComplete ? present : []) {
    if (wanted.has(key)) continue
    if (await attempt(() => client.remove({ ...pathOf(api, namespace), name }).then(() => true))) removed++
  }
  const left = isComplete ? wanted.size : wanted.size + [...present.keys()].filter(key => !wanted.has(key)).length
  return { present: left, written, removed, omitted: worth.length - wanted.size, failures }
}

/** Removes every report of this controller. */
export async function removeReports(client: ClusterClient, api: ReportApi): Promise<number> {
  const present = await digests(client, api)
  for (const { namespace, name } of present.values()) await client.remove({ ...pathOf(api, namespace), name })
  return present.size
}

/** The report as the API takes it; without the version that it replaces. */
export function reportOf(
  api: ReportApi,
  finding: PolicyFindings,
  now: number,
  before: JsonObject | undefined,
): JsonObject {
  const { policy, namespace, summary, entries } = finding
  const known = new Map(getList(before, 'results').map(result => [identityOf(result), dig(result, 'timestamp')]))
  const timestamp = { seconds: Math.floor(now / 1000), nanos: 0 }
  return {
    apiVersion: `${api.group}/${api.version}`,
    kind: namespace === '' ? api.cluster.kind : api.namespaced.kind,
    metadata: {
      name: reportName(policy),
      ...(namespace !== '' && { namespace }),
      labels: REPORT_LABELS,
      annotations: { [DIGEST]: digestOf(finding), 'portcullis.dev/policy': policy },
    },
    // The predecessor knows it for each result alone.
    ...(api.group === 'openreports.io' && { source: SOURCE }),
    summary: { ...summary },
    results: entries.map(entry => {
      const result = resultOf(policy, entry)
      // A result keeps the time at which it was found first.
      return { ...result, timestamp: known.get(identityOf(result)) ?? timestamp }
    }),
  }
}

function resultOf(policy: string, { check, result, message, properties, resource }: AuditEntry): JsonObject {
  const { apiVersion, kind, namespace, name, uid } = resource
  return {
    source: SOURCE,
    policy,
    rule: check,
    result,
    scored: result === 'fail',
    message,
    ...(Object.keys(properties).length > 0 && { properties: { ...properties } }),
    resources: [{ apiVersion, kind, name, ...(namespace !== '' && { namespace }), ...(uid !== '' && { uid }) }],
  }
}

function identityOf(result: Json): string {
  const [resource = null] = getList(result, 'resources')
  const words = ['rule', 'result', 'message'].map(key => getString(result, key))
  return JSON.stringify([...words, dig(result, 'properties', 'pointer') ?? '', getString(resource, 'uid')])
}

async function store(
  client: ClusterClient,
  api: ReportApi,
  finding: PolicyFindings,
  isThere: boolean,
  now: number,
): Promise<boolean> {
  const path = { ...pathOf(api, finding.namespace), name: reportName(finding.policy) }
  const before = isThere ? await client.read(path) : undefined
  const report = reportOf(api, finding, now, before)
  if (before === undefined) {
    await client.create(pathOf(api, finding.namespace), report)
    return true
  }
  const resourceVersion = getString(dig(before, 'metadata'), 'resourceVersion') ?? ''
  await client.replace(path, { ...report, metadata: { ...(report['metadata'] as JsonObject), resourceVersion } })
  return true
}

/** The reports that are there: what each says, in a word. */
async function digests(client: Pick<ClusterClient, 'list'>, api: ReportApi) {
  const found = new Map<
    string,
    { readonly namespace: string; readonly name: string; readonly digest: string | undefined }
  >()
  for (const { resource } of [api.namespaced, api.cluster]) {
    const all = { group: api.group, version: api.version, resource }
    for await (const reports of pagesOf(client, all, { labelSelector: REPORT_SELECTOR, metadataOnly: true })) {
      for (const { metadata = null } of reports) {
        const [namespace = '', name = ''] = [getString(metadata, 'namespace'), getString(metadata, 'name')]
        const digest = getString(dig(metadata, 'annotations'), DIGEST)
        found.set(keyOf(namespace, name), { namespace, name, digest })
      }
    }
  }
  return found
}

function pathOf({ group, version, namespaced, cluster }: ReportApi, namespace: string): CollectionPath {
  const { resource } = namespace === '' ? cluster : namespaced
  return { group, version, resource, ...(namespace !== '' && { namespace }) }
}

/** Of a policy whose name leaves no room, a hash tells it from others. */
function reportName(policy: string): string {
  const name = `portcullis-${policy}`
  return name.length <= 253 ? name : `${name.slice(0, 236)}-${hash(policy)}`
}

function digestOf({ policy, summary, entries }: PolicyFindings): string {
  return hash(JSON.stringify([summary, entries.map(entry => resultOf(policy, entry))]))
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

function weight({ summary }: PolicyFindings): number {
  return summary.fail * 1e6 + summary.error * 1e3 + summary.warn
}

/** Nothing can be written any more into a namespace that goes. */
function isGoneNamespace(error: unknown): boolean {
  if (isApiError(error, 404)) return true
  return isApiError(error, 403) && error.message.includes('being terminated')
}
