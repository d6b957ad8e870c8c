import { readFileSync } from 'node:fs'
import { type GenericInjections, readGeneric } from '../../../src/injection/generic/read.ts'
import type { Additions, Injection, PodFacts, Rendered } from '../../../src/injection/injection.ts'
import type { Problem } from '../../../src/policy/problems.ts'

/** A file of the generic-sidecar-injector's own test data. */
export function dataFile(name: string): string {
  return readFileSync(new URL(`../../data/generic-sidecar-injector/${name}`, import.meta.url), 'utf8')
}

/** A mutation `m` that takes `c` and `i` with the volume `v`. */
export const MUTATIONS = `mutationConfigs:
- name: m
  annotationNamespace: example.com
  annotationTrigger: inject
  annotationConfig:
    volumeMounts:
    - {name: first, containerRefs: [c]}
    - {name: second, containerRefs: [c], initContainerRefs: [i]}
  initContainers: [i]
  containers: [c]
  volumes: [v]
  volumeMounts: [v]
`

export const SIDECARS = `initContainers: [{name: i, image: a}]
containers: [{name: c, image: a}]
volumes: [{name: v, emptyDir: {}}]
volumeMounts: [{name: v, mountPath: /v}]
`

export function read(sidecarText: string, mutationText = MUTATIONS): GenericInjections {
  const names = { sidecarFile: 'sidecars.yaml', mutationFile: 'mutations.yaml' }
  return readGeneric({ ...names, sidecarText, mutationText, revision: 'r1' })
}

export function compile(sidecarText: string, mutationText = MUTATIONS): readonly Injection[] {
  const result = read(sidecarText, mutationText)
  if (!result.ok) throw new Error(result.problems.map(lineOf).join('\n'))
  return result.injections
}

export function render(sidecarText: string, pod: Partial<PodFacts> = {}, mutationText = MUTATIONS): Rendered {
  const [injection] = compile(sidecarText, mutationText)
  if (injection === undefined) throw new Error('there is no injection')
  return injection.render({ annotations: {}, serviceAccountName: '', isJob: false, ...pod })
}

export function additions(sidecarText: string, pod: Partial<PodFacts> = {}, mutationText = MUTATIONS): Additions {
  const rendered = render(sidecarText, pod, mutationText)
  if (!rendered.ok) throw new Error(rendered.message)
  return rendered.additions
}

/** `sidecars.yaml:1:2: message`. */
export function lineOf({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`
}

/** What is wrong with the files, a line each. */
export function problems(sidecarText: string, mutationText = MUTATIONS): readonly string[] {
  const result = read(sidecarText, mutationText)
  return result.ok ? [] : result.problems.map(lineOf)
}

/** What is noticed about files that can be used, a line each. */
export function warnings(sidecarText: string, mutationText = MUTATIONS): readonly string[] {
  const result = read(sidecarText, mutationText)
  if (!result.ok) throw new Error(result.problems.map(lineOf).join('\n'))
  return result.warnings.map(lineOf)
}
