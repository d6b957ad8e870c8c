import type { ClusterClient } from '../../cluster/client.ts'
import { isApiError } from '../../cluster/http.ts'
import { deepEqual, dig, getList, getString, isObject, type JsonObject } from '../../json/value.ts'
import { CONFIGURATION, type Mode, type Stage } from './configurations.ts'

/** The two configurations, and how the API calls their kinds. */
export const RESOURCES = {
  validating: 'validatingwebhookconfigurations',
  mutating: 'mutatingwebhookconfigurations',
} as const
export type Which = keyof typeof RESOURCES

/** The configurations as they are in the cluster. */
export type Live = Readonly<Record<Which, JsonObject | undefined>>

/** Reads both. */
export async function readLive(client: Pick<ClusterClient, 'read'>): Promise<Live> {
  const [validating, mutating] = await Promise.all([client.read(pathOf('validating')), client.read(pathOf('mutating'))])
  return { validating, mutating }
}

/** Writes one; false where somebody wrote it at this moment. */
export async function storeLive(
  client: Pick<ClusterClient, 'create' | 'replace'>,
  which: Which,
  present: JsonObject | undefined,
  desired: JsonObject,
): Promise<boolean> {
  try {
    if (present === undefined) await client.create(collectionOf(which), desired)
    else {
      const version = dig(present, 'metadata', 'resourceVersion') ?? ''
      const metadata = { ...(desired['metadata'] as JsonObject), resourceVersion: version }
      await client.replace(pathOf(which), { ...desired, metadata })
    }
    return true
  } catch (error) {
    if (isApiError(error, 409)) return false
    throw error
  }
}

function collectionOf(which: Which) {
  return { group: 'admissionregistration.k8s.io', version: 'v1', resource: RESOURCES[which] }
}

/** Where a configuration is. */
export function pathOf(which: Which) {
  return { ...collectionOf(which), name: CONFIGURATION }
}

/** Mode and stage as a configuration's annotations say them. */
export function annotationsOf(configuration: JsonObject | undefined) {
  const annotations = dig(configuration, 'metadata', 'annotations')
  return { mode: getString(annotations, 'portcullis.dev/mode'), stage: getString(annotations, 'portcullis.dev/stage') }
}

/** The mode that is registered; undefined where nothing is, or somebody wrote another word there. */
export function modeOf({ validating }: Live): Mode | undefined {
  const { mode } = annotationsOf(validating)
  return mode === 'observe' || mode === 'enforce' ? mode : undefined
}

/** The same for the stage. */
export function stageOf({ validating }: Live): Stage | undefined {
  const { stage } = annotationsOf(validating)
  return stage === 'probe' || stage === 'everywhere' || stage === 'in-force' ? stage : undefined
}

/** Whether a configuration in the cluster is the one that is wanted, whatever else is in its metadata. */
export function isSame(present: JsonObject, desired: JsonObject): boolean {
  const [was, is] = [annotationsOf(present), annotationsOf(desired)]
  if (was.mode !== is.mode || was.stage !== is.stage) return false
  const ownersOf = (object: JsonObject) =>
    getList(object['metadata'], 'ownerReferences').map(owner => getString(owner, 'uid') ?? '')
  if (!deepEqual(ownersOf(present), ownersOf(desired))) return false
  return deepEqual(getList(present, 'webhooks').filter(isObject), getList(desired, 'webhooks'))
}
