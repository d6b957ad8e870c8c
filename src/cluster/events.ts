import { shorten } from '../admission/text.ts'
import { dig, getString, type JsonObject } from '../json/value.ts'
import type { ClusterClient } from './client.ts'

/** What happened, for `kubectl describe` and `kubectl get events`. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning'
  /** In UpperCamelCase, such as `ModeChanged`. */
  readonly reason: string
  /** What was done or tried, in UpperCamelCase. */
  readonly action: string
  readonly note: string
}

/** Kubernetes takes no longer ones. */
const MAX_NOTE = 1024

/**
 * Writes an Event about an object. One that cannot be written is nobody's failure: it is told to `onError` and no more.
 */
export async function writeEvent(
  client: Pick<ClusterClient, 'create'>,
  about: JsonObject,
  { type, reason, action, note }: EventNote,
  now: number,
  onError: (error: unknown) => void,
): Promise<void> {
  const metadata = dig(about, 'metadata')
  const own = getString(metadata, 'namespace')
  // The API takes Events about cluster-scoped objects in this namespace alone.
  const namespace = own ?? 'default'
  const name = getString(metadata, 'name') ?? ''
  try {
    await client.create(
      { group: 'events.k8s.io', version: 'v1', resource: 'events', namespace },
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { generateName: `${name.slice(0, 200).replace(/[.-]+$/, '')}-`, namespace },
        eventTime: `${new Date(now).toISOString().slice(0, -1)}000Z`,
        reportingController: 'portcullis.dev/controller',
        reportingInstance: 'portcullis-controller',
        type,
        reason,
        action,
        note: shorten(note, MAX_NOTE),
        regarding: {
          apiVersion: getString(about, 'apiVersion') ?? '',
          kind: getString(about, 'kind') ?? '',
          name,
          ...(own !== undefined && { namespace: own }),
          ...(dig(metadata, 'uid') !== undefined && { uid: dig(metadata, 'uid') ?? '' }),
        },
      },
    )
  } catch (error) {
    onError(error)
  }
}
