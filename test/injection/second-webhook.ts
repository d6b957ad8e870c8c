import fc from 'fast-check'
import type { JsonObject } from '../../src/json/value.ts'

type Mutable = Record<string, unknown>
type Action = (pod: PodView) => void

/** The names of what only the second webhook adds begin so. */
export const MESH = 'mesh'

/** A pod of one's own to change, its lists made where they are missing. */
class PodView {
  readonly pod: Mutable
  constructor(pod: JsonObject) {
    this.pod = JSON.parse(JSON.stringify(pod)) as Mutable
  }
  in(parent: Mutable, key: string): Mutable {
    parent[key] ??= {}
    return parent[key] as Mutable
  }
  list(key: string): Mutable[] {
    const spec = this.in(this.pod, 'spec')
    spec[key] ??= []
    return spec[key] as Mutable[]
  }
  get metadata(): Mutable {
    return this.in(this.pod, 'metadata')
  }
  get containers(): readonly Mutable[] {
    return [...this.list('initContainers'), ...this.list('containers')]
  }
}

const listIn = (parent: Mutable, key: string): Mutable[] => {
  parent[key] ??= []
  return parent[key] as Mutable[]
}

/** As the API server fills in what is absent. */
const setDefaults: Action = view => {
  for (const container of view.containers) {
    container['terminationMessagePath'] ??= '/dev/termination-log'
    container['imagePullPolicy'] ??= 'IfNotPresent'
    container['resources'] ??= {}
    for (const port of listIn(container, 'ports')) port['protocol'] ??= 'TCP'
    for (const variable of listIn(container, 'env')) if (variable['value'] === '') delete variable['value']
  }
  for (const volume of view.list('volumes')) {
    if (volume['emptyDir'] === undefined && volume['configMap'] === undefined && volume['hostPath'] === undefined)
      volume['emptyDir'] = {}
    if (volume['configMap'] !== undefined) view.in(volume, 'configMap')['defaultMode'] ??= 420
  }
}

const SPELLINGS: Readonly<Record<string, unknown>> = { '1024Mi': '1Gi', '1000m': '1', '0.5': '500m' }
const spellQuantities: Action = view => {
  const spell = (holder: Mutable | undefined, key: string) => {
    const text = String(holder?.[key])
    if (holder !== undefined && Object.hasOwn(SPELLINGS, text)) holder[key] = SPELLINGS[text]
  }
  for (const container of view.containers) {
    const resources = container['resources'] as Mutable | undefined
    for (const key of ['memory', 'cpu']) {
      spell(resources?.['limits'] as Mutable | undefined, key)
      spell(resources?.['requests'] as Mutable | undefined, key)
    }
  }
  for (const volume of view.list('volumes')) spell(volume['emptyDir'] as Mutable | undefined, 'sizeLimit')
}

/** Has every image pulled from a mirror. */
const rewriteImages: Action = view => {
  for (const container of view.containers) {
    const image = container['image']
    if (typeof image !== 'string') continue
    const [first = '', ...rest] = image.split('/')
    const path = /[.:]/.test(first) && rest.length > 0 ? rest.join('/') : image
    container['image'] = `mirror.local:5000/${path.includes('/') ? path : `library/${path}`}`
  }
}

const mountToken: Action = view => {
  view.list('volumes').push({ name: `${MESH}-token`, projected: { sources: [] } })
  for (const container of view.containers) {
    listIn(container, 'volumeMounts').push({
      name: `${MESH}-token`,
      mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      readOnly: true,
    })
  }
}

const addEntries: Action = view => {
  view.in(view.metadata, 'labels')[`${MESH}/on`] = 'true'
  view.in(view.metadata, 'annotations')[`${MESH}/status`] = 'injected'
  view.list('imagePullSecrets').unshift({ name: `${MESH}-pull` })
  for (const container of view.containers) listIn(container, 'env').unshift({ name: 'MESH', value: '1' })
}

const turn =
  (list: string): Action =>
  view =>
    void view.list(list).reverse()

const addContainer =
  (list: string, place: number, container: Mutable): Action =>
  view => {
    const all = view.list(list)
    const name = `${MESH}${view.containers.length}`
    all.splice(place % (all.length + 1), 0, { name, image: 'mesh:1', ...structuredClone(container) })
  }

const containerFields = fc.constantFrom<Mutable>(
  {},
  { env: null, volumeMounts: [] },
  { env: [{ name: 'A', value: 'mesh' }] },
  { volumeMounts: [{ name: 'data', mountPath: '/data/' }] },
)

/** What another injector and the API server do to a pod between two calls of ours. */
export const secondWebhook: fc.Arbitrary<(pod: JsonObject) => JsonObject> = fc
  .array(
    fc.oneof(
      fc.constantFrom<Action>(setDefaults, spellQuantities, rewriteImages, mountToken, addEntries),
      fc.constantFrom('containers', 'initContainers', 'volumes').map(turn),
      fc
        .tuple(fc.constantFrom('containers', 'initContainers'), fc.nat(5), containerFields)
        .map(args => addContainer(...args)),
    ),
    { maxLength: 5 },
  )
  .map(actions => pod => {
    const view = new PodView(pod)
    for (const act of new Set(actions)) act(view)
    return view.pod as unknown as JsonObject
  })
