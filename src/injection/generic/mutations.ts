import { type Pointer, pointerOf } from '../../json/pointer.ts'
import { get, getList, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import type { Problem, ValueProblem } from '../../policy/problems.ts'
import { conform } from '../pod-types/conform.ts'
import { bool, type FieldType, list, object, string, strings } from '../pod-types/types.ts'
import { Assembled } from './assembled.ts'
import { readValue, SourceFile, type SourceValue } from './source.ts'

/** One of `mutationConfigs`. Names and lists are empty where the file leaves them out. */
export interface Mutation {
  readonly name: string
  readonly annotationNamespace: string
  readonly annotationTrigger: string
  readonly annotationMounts: readonly AnnotationMounts[]
  /** `initContainersBeforePodInitContainers`: those of `initContainers` that come first. */
  readonly initContainersFirst: readonly string[]
  readonly initContainers: readonly string[]
  readonly containers: readonly string[]
  readonly volumes: readonly string[]
  readonly volumeMounts: readonly string[]
  readonly ignoreNamespaces: readonly string[]
  readonly implementsSidecarLifecycle: boolean
  /**
   * What follows for a pod if the mutation cannot be made: `Deny`, as the original does, or `Allow`. Ours alone: the
   * original passes over the key. Undefined if the file does not say.
   */
  readonly onFailure: 'Allow' | 'Deny' | undefined
  /** The element itself, and where it stands. */
  readonly source: JsonObject
  readonly pointer: Pointer
}

/** Mounts that a pod may ask for, as JSON in the annotation `<annotationNamespace>/<name>`. */
export interface AnnotationMounts {
  readonly name: string
  readonly initContainerRefs: readonly string[]
  readonly containerRefs: readonly string[]
}

/** A mutation file that can be used, or what is wrong with it. */
export type ReadMutations =
  | {
      readonly ok: true
      readonly mutations: readonly Mutation[]
      readonly warnings: readonly Problem[]
      readonly locate: (problem: ValueProblem) => Problem
    }
  | { readonly ok: false; readonly problems: readonly [Problem, ...Problem[]] }

/** `MutationConfigs` of the generic-sidecar-injector. */
const mutationFile: FieldType = object({
  mutationConfigs: list(
    object({
      name: string,
      annotationNamespace: string,
      annotationTrigger: string,
      annotationConfig: object({
        volumeMounts: list(object({ name: string, initContainerRefs: strings, containerRefs: strings })),
      }),
      initContainersBeforePodInitContainers: strings,
      initContainers: strings,
      containers: strings,
      volumes: strings,
      volumeMounts: strings,
      ignoreNamespaces: strings,
      whitelistNamespaces: strings,
      implementsSidecarLifecycle: bool,
      onFailure: string,
    }),
  ),
})

/**
 * Reads the file behind `--mutation-config-file`. The original decodes it with goyaml itself: names of fields are taken
 * as they are written, and scalars become strings as they are spelt.
 */
export function readMutations(name: string, text: string): ReadMutations {
  const file = new SourceFile(name, text)
  const assembled = new Assembled()
  assembled.copy(text, 0)
  const value = readValue(file, assembled)
  if ('message' in value) return { ok: false, problems: [value] }
  const conformed = conform(value.root, mutationFile, {
    foldsCase: false,
    spell: (scalar, pointer) => spellRaw(value, scalar, pointer),
  })
  const faults = [...conformed.problems, ...wrongChoices(conformed.value)]
  const [first, ...rest] = faults.map(problem => value.locate(problem))
  if (first !== undefined) return { ok: false, problems: [first, ...rest] }
  const mutations = getList(conformed.value, 'mutationConfigs')
    .filter(isObject)
    .map((each, index) => mutationOf(each, get(value.root, 'mutationConfigs'), index))
  const locate = (problem: ValueProblem) => value.locate(problem)
  return { ok: true, mutations, warnings: conformed.warnings.map(locate), locate }
}

function wrongChoices(value: Json): readonly ValueProblem[] {
  return getList(value, 'mutationConfigs').flatMap((mutation, index): readonly ValueProblem[] => {
    const choice = get(mutation, 'onFailure') ?? null
    if (choice === null || onFailureOf(mutation) !== undefined) return []
    return [
      { pointer: pointerOf(['mutationConfigs', index, 'onFailure']), part: 'value', message: 'must be Allow or Deny' },
    ]
  })
}

function spellRaw(value: SourceValue, scalar: number | boolean, pointer: Pointer): string {
  const written = value.textAt(pointer)
  return /^["'*&!]/.test(written) ? value.spell(scalar, pointer) : written
}

function mutationOf(mutation: Json, sources: Json | undefined, index: number): Mutation {
  const names = (key: string) => stringsAt(mutation, key)
  const source = Array.isArray(sources) ? sources[index] : undefined
  return {
    name: getString(mutation, 'name') ?? '',
    annotationNamespace: getString(mutation, 'annotationNamespace') ?? '',
    annotationTrigger: getString(mutation, 'annotationTrigger') ?? '',
    annotationMounts: getList(get(mutation, 'annotationConfig'), 'volumeMounts').map(each => ({
      name: getString(each, 'name') ?? '',
      initContainerRefs: stringsAt(each, 'initContainerRefs'),
      containerRefs: stringsAt(each, 'containerRefs'),
    })),
    initContainersFirst: names('initContainersBeforePodInitContainers'),
    initContainers: names('initContainers'),
    containers: names('containers'),
    volumes: names('volumes'),
    volumeMounts: names('volumeMounts'),
    ignoreNamespaces: names('ignoreNamespaces'),
    implementsSidecarLifecycle: get(mutation, 'implementsSidecarLifecycle') === true,
    onFailure: onFailureOf(mutation),
    source: isObject(source) ? source : {},
    pointer: pointerOf(['mutationConfigs', index]),
  }
}

function onFailureOf(mutation: Json): Mutation['onFailure'] {
  const value = get(mutation, 'onFailure')
  return value === 'Allow' || value === 'Deny' ? value : undefined
}

function stringsAt(value: Json, key: string): readonly string[] {
  return getList(value, key).filter(item => typeof item === 'string')
}
