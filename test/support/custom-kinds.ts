import { parsePointer } from '../../src/json/pointer.ts'
import type { PodTemplateKind } from '../../src/workload/kinds.ts'

type Value = Readonly<Record<string, unknown>>

/** An object of a kind that has `value` where a pointer leads; a list of one stands for each `*`. */
export function objectWith({ group, kind, source }: PodTemplateKind, pointer: string, value: unknown): Value {
  const version = source?.versions.split(', ').at(-1) ?? 'v1'
  const head = { apiVersion: `${group}/${version}`, kind, metadata: { name: 'x', namespace: 'shop' } }
  const body = (parsePointer(pointer) ?? []).reduceRight<unknown>(
    (inner, segment) => (segment === '*' ? [inner] : { [segment]: inner }),
    value,
  )
  return { ...(body as Value), ...head }
}

/** Where that value stands. */
export function placeOf(pointer: string): string {
  return pointer.replaceAll('/*', '/0')
}

export interface Place {
  /** The pointer to the value, from the table. */
  readonly pointer: string
  readonly value: unknown
  /** What a finding has to point into. */
  readonly at: string
}

const HOST_PATH = { name: 'd', hostPath: { path: '/etc/kubernetes' } }

/** Every place of a kind where a volume may stand, with a volume of the node in it. */
export function volumePlaces({ pointers, specs = [], parts = [] }: PodTemplateKind): readonly Place[] {
  const templates = pointers.map(pointer => ({ pointer: `${pointer}/spec`, at: `${placeOf(pointer)}/spec/volumes/0` }))
  const bare = specs.map(pointer => ({ pointer, at: `${placeOf(pointer)}/volumes/0` }))
  return [
    ...[...templates, ...bare].map(place => ({ ...place, value: { volumes: [HOST_PATH] } })),
    ...parts.flatMap(({ at, volumes = [] }) =>
      volumes.map((volume): Place => {
        const { at: own, source, only } = typeof volume === 'string' ? { at: volume } : volume
        const pointer = at + own
        if (only !== undefined) {
          const value = { name: 'd', hostDisk: { path: '/etc/kubernetes/disk.img' } }
          return { pointer, value, at: placeOf(pointer) }
        }
        const value =
          source === undefined ? HOST_PATH : { name: 'd', [source]: { hostPath: { path: '/etc/kubernetes' } } }
        return { pointer, value, at: placeOf(pointer) }
      }),
    ),
  ]
}

/** Every place of a kind where a container may stand whose security context is read, with a privileged one in it. */
export function containerPlaces({ pointers, specs = [], parts = [] }: PodTemplateKind): readonly Place[] {
  const container = { name: 'c', image: 'registry.example/c:1', securityContext: { privileged: true } }
  const lists = ['containers', 'initContainers']
  return [
    ...[...pointers.map(pointer => `${pointer}/spec`), ...specs].flatMap(pointer =>
      lists.map(list => ({ pointer: `${pointer}/${list}/*`, value: container, at: `${placeOf(pointer)}/${list}/0` })),
    ),
    ...parts.flatMap(({ at, containers = [] }) =>
      containers
        .filter(
          ({ pick, rename }) => pick === undefined || pick.includes('securityContext') || rename?.['securityContext'],
        )
        .map(({ at: own, rename }): Place => {
          const { securityContext, ...rest } = container
          const value = { ...rest, [rename?.['securityContext'] ?? 'securityContext']: securityContext }
          return { pointer: at + own, value, at: placeOf(at + own) }
        }),
    ),
  ]
}
