import { writeEvent } from '../../cluster/events.ts'
import { type Followed, STALE_SECONDS } from '../../cluster/following.ts'
import { type Replica, replicasOf, samplesOf, scrape } from '../scrape.ts'
import type { ControllerContext, Task } from '../task.ts'

export interface FollowingOptions {
  /** How this controller follows the cluster itself. */
  readonly own: () => readonly Followed[]
  readonly scrape?: (replica: Replica) => Promise<string | undefined>
}

const INTERVAL_MS = 15_000
const MAX_NAMED = 5

/** Who does not know the present documents of the cluster, of which kind, and why. */
interface Trouble {
  readonly who: string
  readonly kind: string
  readonly what: 'DocumentsLost' | 'KindNotServed' | 'CannotFollow'
}

/**
 * Watches whether the gateways and this controller can follow the cluster, and says in an Event and in the log who cannot. A gateway
 * that is forbidden to list goes on answering by what it knew last, and writes no Events itself.
 */
export function followingTask(context: ControllerContext, { own, scrape: ask = scrape }: FollowingOptions): Task {
  const { client, namespace, log } = context
  let told: ReadonlySet<string> = new Set()
  return {
    name: 'following',
    intervalMs: INTERVAL_MS,
    async round(signal) {
      const replicas = await replicasOf(client, namespace)
      const asked = await Promise.all(replicas.map(async replica => troublesOf(replica.name, await ask(replica))))
      const troubles = [...own().flatMap(followed => troubleOf('the controller', followed)), ...asked.flat()]
      const news = troubles.filter(trouble => !told.has(keyOf(trouble)))
      if (signal.aborted) return
      for (const what of ['DocumentsLost', 'KindNotServed', 'CannotFollow'] as const) {
        const note = noteOf(news.filter(trouble => trouble.what === what))
        if (note === undefined) continue
        log.warn({ reason: what }, note)
        await tell(context, what, note)
      }
      told = new Set(troubles.map(keyOf))
    },
  }
}

function troublesOf(who: string, text: string | undefined): readonly Trouble[] {
  if (text === undefined) return []
  const valuesOf = (metric: string) =>
    new Map(samplesOf(text, metric).map(({ labels, value }) => [labels['kind'] ?? '', value]))
  const [ages, lost, unserved] = ['watch_age_seconds', 'lost_documents', 'unserved_kinds'].map(name =>
    valuesOf(`portcullis_${name}`),
  )
  return [...(ages ?? [])].flatMap(([kind, ageSeconds]) =>
    troubleOf(who, {
      kind,
      ageSeconds,
      lost: Array.from({ length: lost?.get(kind) ?? 0 }, () => ''),
      isUnserved: unserved?.get(kind) === 1,
    }),
  )
}

function troubleOf(who: string, { kind, ageSeconds, lost, isUnserved }: Followed): readonly Trouble[] {
  if (lost.length > 0) return [{ who, kind, what: 'DocumentsLost' }]
  if (isUnserved) return [{ who, kind, what: 'KindNotServed' }]
  return ageSeconds > STALE_SECONDS ? [{ who, kind, what: 'CannotFollow' }] : []
}

function keyOf({ who, kind, what }: Trouble): string {
  return `${what} ${kind} ${who}`
}

const WHAT: Readonly<Record<Trouble['what'], string>> = {
  DocumentsLost:
    'the definition of the kind is gone from the cluster, and with it all documents. They stay in force as they were last, until each is applied again or the process is restarted. Restore the CustomResourceDefinition, then the documents',
  KindNotServed:
    'the cluster does not serve the kind: only what ships with Portcullis is in force. Install the CustomResourceDefinition, then the documents',
  CannotFollow: `the API has said nothing about the kind for ${STALE_SECONDS} s: what was known then stays in force, and changes do not arrive. Look at the rights of its service account (list, watch) and at its log`,
}

/** One sentence about all troubles of a sort; undefined without any. */
function noteOf(troubles: readonly Trouble[]): string | undefined {
  const [first] = troubles
  if (first === undefined) return undefined
  const kinds = [...new Set(troubles.map(({ kind }) => kind))].join(', ')
  const names = [...new Set(troubles.map(({ who }) => who))]
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : ''
  return `${kinds}, seen by ${names.slice(0, MAX_NAMED).join(', ')}${more}: ${WHAT[first.what]}`
}

/** An Event about the gateway's own Namespace. */
async function tell({ client, namespace, log, now }: ControllerContext, reason: string, note: string): Promise<void> {
  const own = await client.read({ group: '', version: 'v1', resource: 'namespaces', name: namespace })
  if (own === undefined) return
  await writeEvent(client, own, { type: 'Warning', reason, action: 'Follow', note }, now(), error =>
    log.warn({ err: error }, 'an event could not be written'),
  )
}
