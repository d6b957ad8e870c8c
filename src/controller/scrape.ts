import type { ClusterClient } from '../cluster/client.ts'
import { dig, getString } from '../json/value.ts'

/** One pod of the gateway. */
export interface Replica {
  readonly name: string
  /** `''` where it has none yet. */
  readonly ip: string
}

/** The gateways that have not ended and are not about to. */
export async function replicasOf(client: Pick<ClusterClient, 'list'>, namespace: string): Promise<readonly Replica[]> {
  const { items } = await client.list(
    { group: '', version: 'v1', resource: 'pods', namespace },
    { labelSelector: 'app.kubernetes.io/name=portcullis,app.kubernetes.io/component=gateway' },
  )
  return items
    .filter(pod => dig(pod, 'metadata', 'deletionTimestamp') === undefined)
    .filter(pod => !/^(?:Succeeded|Failed)$/.test(getString(dig(pod, 'status'), 'phase') ?? ''))
    .map(pod => ({
      name: getString(dig(pod, 'metadata'), 'name') ?? '',
      ip: getString(dig(pod, 'status'), 'podIP') ?? '',
    }))
}

const TIMEOUT_MS = 2000
/** Where a gateway serves its metrics. */
const PORT = 8080

/** The metrics of a gateway; undefined where it does not answer. */
export async function scrape({ ip }: Replica): Promise<string | undefined> {
  if (ip === '') return undefined
  const host = ip.includes(':') ? `[${ip}]` : ip
  try {
    const answer = await fetch(`http://${host}:${PORT}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return answer.ok ? await answer.text() : undefined
  } catch {
    return undefined
  }
}

/** One line of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The lines of one metric in Prometheus' text format. */
export function samplesOf(text: string, metric: string): readonly Sample[] {
  return text.split('\n').flatMap(line => {
    const [, name, braces = '', value] = /^([a-z_:]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? []
    if (name !== metric) return []
    const pairs = [...braces.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)]
    const labels = Object.fromEntries(
      pairs.map(([, key = '', text = '']) => [key, text.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))]),
    )
    return [{ labels, value: Number(value) }]
  })
}
