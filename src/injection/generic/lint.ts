import { quote } from '../../admission/text.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { getList, getString, type JsonObject } from '../../json/value.ts'
import type { ValueProblem } from '../../policy/problems.ts'
import { suggest } from '../../policy/suggest.ts'
import type { Mutation } from './mutations.ts'
import { SIDECAR_LISTS, type SidecarList, type Sidecars } from './sidecars.ts'

const SINGULAR: Readonly<Record<SidecarList, string>> = {
  initContainers: 'init container',
  containers: 'container',
  volumes: 'volume',
  volumeMounts: 'volume mount',
}

const LISTS = Object.keys(SIDECAR_LISTS) as readonly SidecarList[]

/** What the original passes over in silence, or finds out only when a pod is refused. Pointers are the mutation file's. */
export function warningsAbout(mutations: readonly Mutation[], sidecars: Sidecars): readonly ValueProblem[] {
  if (mutations.length === 0) return [warn('/mutationConfigs', 'there is no mutation: nothing is ever injected')]
  return mutations.flatMap((mutation, index) => [
    ...aboutTrigger(mutation, mutations.slice(0, index)),
    ...LISTS.flatMap(list => aboutNames(mutation, list, sidecars)),
    ...aboutOrder(mutation),
    ...aboutReferences(mutation),
    ...aboutContainers(mutation, sidecars),
    ...aboutMounts(mutation, mutations, sidecars),
  ])
}

function warn(pointer: Pointer, message: string, part: ValueProblem['part'] = 'value'): ValueProblem {
  return { pointer, part, message }
}

function aboutTrigger(mutation: Mutation, earlier: readonly Mutation[]): readonly ValueProblem[] {
  const { pointer, name, annotationNamespace, annotationTrigger } = mutation
  const warnings: ValueProblem[] = []
  if (name === '') warnings.push(warn(pointer, 'the mutation has no name'))
  else if (earlier.some(other => other.name === name)) {
    warnings.push(warn(append(pointer, 'name'), `there is another mutation ${quote(name)}`))
  }
  for (const [field, value] of Object.entries({ annotationNamespace, annotationTrigger })) {
    if (value === '') warnings.push(warn(pointer, `${field} is missing: the mutation never triggers`))
  }
  const twin = earlier.find(other => other.annotationNamespace === annotationNamespace)
  if (twin !== undefined && annotationNamespace !== '') {
    const message = `${quote(annotationNamespace)} is also that of ${quote(twin.name)}: generic-sidecar-injector makes only the first of them that triggers`
    warnings.push(warn(append(pointer, 'annotationNamespace'), message))
  }
  if (getList(mutation.source, 'whitelistNamespaces').length > 0) {
    warnings.push(warn(append(pointer, 'whitelistNamespaces'), 'this list has no effect in either injector', 'key'))
  }
  return warnings
}

function aboutNames(mutation: Mutation, list: SidecarList, sidecars: Sidecars): readonly ValueProblem[] {
  const known = sidecars.sample[list].map(entry => getString(entry, 'name') ?? '')
  const hasTemplatedNames = sidecars.sample[list].some(entry => sidecars.isTemplated(entry['name'] ?? null))
  return mutation[list].flatMap((name, index): readonly ValueProblem[] => {
    const pointer = append(mutation.pointer, list, index)
    const count = known.filter(other => other === name).length
    const what = `${SINGULAR[list]} ${quote(name)}`
    if (count > 1 && list !== 'volumeMounts') return [warn(pointer, `the sidecar file has ${count} times ${what}`)]
    if (count > 0 || hasTemplatedNames || sidecars.mayDeclare(name)) return []
    return [warn(pointer, `the sidecar file has no ${what}${suggest(name, known)}`)]
  })
}

function aboutOrder({ pointer, initContainers, initContainersFirst, containers }: Mutation): readonly ValueProblem[] {
  const first = initContainersFirst.flatMap((name, index) =>
    initContainers.includes(name)
      ? []
      : [
          warn(
            append(pointer, 'initContainersBeforePodInitContainers', index),
            `${quote(name)} is not one of initContainers: it is not injected`,
          ),
        ],
  )
  const both = containers.flatMap((name, index) =>
    initContainers.includes(name)
      ? [
          warn(
            append(pointer, 'containers', index),
            `${quote(name)} is also one of initContainers: a pod has each name once`,
          ),
        ]
      : [],
  )
  return [...first, ...both]
}

function aboutReferences(mutation: Mutation): readonly ValueProblem[] {
  return mutation.annotationMounts.flatMap((config, at) =>
    (['initContainers', 'containers'] as const).flatMap(list => {
      const field = list === 'containers' ? 'containerRefs' : 'initContainerRefs'
      return config[field].flatMap((name, index) =>
        mutation[list].includes(name)
          ? []
          : [
              warn(
                append(mutation.pointer, 'annotationConfig', 'volumeMounts', at, field, index),
                `${quote(name)} is not one of ${list}${suggest(name, mutation[list])}`,
              ),
            ],
      )
    }),
  )
}

function selected(mutation: Mutation, list: SidecarList, { sample }: Sidecars): readonly JsonObject[] {
  return sample[list].filter(entry => mutation[list].includes(getString(entry, 'name') ?? ''))
}

function aboutContainers(mutation: Mutation, sidecars: Sidecars): readonly ValueProblem[] {
  return (['initContainers', 'containers'] as const).flatMap(list =>
    selected(mutation, list, sidecars)
      .filter(container => (getString(container, 'image') ?? '') === '')
      .map(container => {
        const name = getString(container, 'name') ?? ''
        const pointer = append(mutation.pointer, list, mutation[list].indexOf(name))
        return warn(pointer, `${SINGULAR[list]} ${quote(name)} has no image: the API server refuses the pod`)
      }),
  )
}

/** Mounts of volumes that the mutation does not bring: the pod must have them from elsewhere. */
function aboutMounts(mutation: Mutation, all: readonly Mutation[], sidecars: Sidecars): readonly ValueProblem[] {
  const missing = new Map<string, ValueProblem>()
  const need = (pointer: Pointer, who: string, mount: Parameters<typeof getString>[0]) => {
    const volume = getString(mount, 'name') ?? ''
    if (mutation.volumes.includes(volume) || sidecars.isTemplated(volume) || missing.has(`${pointer} ${volume}`)) return
    const bringer = all.find(other => other.volumes.includes(volume))
    const from = bringer === undefined ? 'no mutation brings' : `only mutation ${quote(bringer.name)} brings`
    const message = `${who} volume ${quote(volume)}, which ${from}: a pod without it is refused`
    missing.set(`${pointer} ${volume}`, warn(pointer, message))
  }
  for (const list of ['initContainers', 'containers'] as const) {
    for (const container of selected(mutation, list, sidecars)) {
      const name = getString(container, 'name') ?? ''
      const pointer = append(mutation.pointer, list, mutation[list].indexOf(name))
      for (const field of ['volumeMounts', 'volumeDevices']) {
        for (const mount of getList(container, field)) need(pointer, `${SINGULAR[list]} ${quote(name)} mounts`, mount)
      }
    }
  }
  for (const mount of selected(mutation, 'volumeMounts', sidecars)) {
    const index = mutation.volumeMounts.indexOf(getString(mount, 'name') ?? '')
    need(append(mutation.pointer, 'volumeMounts', index), "the pod's containers are to mount", mount)
  }
  return [...missing.values()]
}
