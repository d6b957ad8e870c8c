import { describe, expect, it } from 'vitest'
import { MUTATIONS, SIDECARS, warnings } from './files.ts'

/** Mutations in one line each: the fields of `name`, and what makes it trigger, are there unless they are given. */
function mutations(...each: readonly string[]): string {
  return `mutationConfigs:\n${each.map(fields => `- {${fields}}`).join('\n')}\n`
}

const TRIGGER = 'annotationNamespace: example.com, annotationTrigger: inject'

describe('what the original passes over in silence', () => {
  const cases: readonly [name: string, sidecars: string, mutations: string, warnings: readonly string[]][] = [
    ['nothing', SIDECARS, MUTATIONS, []],
    [
      'no mutation',
      SIDECARS,
      'mutationConfigs: []',
      ['mutations.yaml:1:18: there is no mutation: nothing is ever injected'],
    ],
    [
      'a mutation without a name, a namespace and a trigger',
      SIDECARS,
      mutations('containers: [c]'),
      [
        'mutations.yaml:2:3: the mutation has no name',
        'mutations.yaml:2:3: annotationNamespace is missing: the mutation never triggers',
        'mutations.yaml:2:3: annotationTrigger is missing: the mutation never triggers',
      ],
    ],
    [
      'two mutations alike',
      SIDECARS,
      mutations(`name: m, ${TRIGGER}, containers: [c]`, `name: m, ${TRIGGER}, containers: [c]`),
      [
        'mutations.yaml:3:10: there is another mutation "m"',
        'mutations.yaml:3:34: "example.com" is also that of "m": generic-sidecar-injector makes only the first of them that triggers',
      ],
    ],
    [
      'unknown keys',
      `container: []\n${SIDECARS}`,
      mutations(`name: m, ${TRIGGER}, container: [c], Volumes: [v], whitelistNamespaces: [a]`),
      [
        'sidecars.yaml:1:1: unknown field "container" (did you mean "containers"?): it is left out',
        'mutations.yaml:2:74: unknown field "container" (did you mean "containers"?): it is left out',
        'mutations.yaml:2:90: unknown field "Volumes" (did you mean "volumes"?): it is left out',
        'mutations.yaml:2:104: this list has no effect in either injector',
      ],
    ],
    [
      'names that the sidecar file lacks',
      'containers: [{name: sidecar, image: a}]\nvolumes: [{name: v, emptyDir: {}}]',
      mutations(`name: m, ${TRIGGER}, initContainers: [i], containers: [sidecars], volumes: [w], volumeMounts: [m]`),
      [
        'mutations.yaml:2:91: the sidecar file has no init container "i"',
        'mutations.yaml:2:108: the sidecar file has no container "sidecars" (did you mean "sidecar"?)',
        'mutations.yaml:2:129: the sidecar file has no volume "w" (did you mean "v"?)',
        'mutations.yaml:2:148: the sidecar file has no volume mount "m"',
      ],
    ],
    [
      'names that it has twice; mounts of one volume are no mistake',
      'containers: [{name: c, image: a}, {name: c, image: b}]\nvolumes: [{name: v, emptyDir: {}}]\nvolumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /b}]',
      mutations(`name: m, ${TRIGGER}, containers: [c], volumes: [v], volumeMounts: [v]`),
      ['mutations.yaml:2:87: the sidecar file has 2 times container "c"'],
    ],
    [
      'an order of init containers that are not injected, and a name in both lists',
      'containers: [{name: i, image: a}]\ninitContainers: [{name: i, image: a}]',
      mutations(
        `name: m, ${TRIGGER}, initContainers: [i], containers: [i], initContainersBeforePodInitContainers: [i, j]`,
      ),
      [
        'mutations.yaml:2:155: "j" is not one of initContainers: it is not injected',
        'mutations.yaml:2:108: "i" is also one of initContainers: a pod has each name once',
      ],
    ],
    [
      'mounts for containers that are not injected',
      SIDECARS,
      MUTATIONS.replace('containerRefs: [c]}', 'containerRefs: [d]}').replace('[i]}', '[c]}'),
      [
        'mutations.yaml:7:37: "d" is not one of containers (did you mean "c"?)',
        'mutations.yaml:8:62: "c" is not one of initContainers (did you mean "i"?)',
      ],
    ],
    [
      'a container without an image',
      'containers: [{name: c}]\ninitContainers: [{name: i, image: ""}]',
      mutations(`name: m, ${TRIGGER}, initContainers: [i], containers: [c]`),
      [
        'mutations.yaml:2:91: init container "i" has no image: the API server refuses the pod',
        'mutations.yaml:2:108: container "c" has no image: the API server refuses the pod',
      ],
    ],
    [
      'mounts of volumes that the mutation does not bring',
      'containers: [{name: c, image: a, volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: /w}, {name: w, mountPath: /x}]}]\nvolumes: [{name: v, emptyDir: {}}]\nvolumeMounts: [{name: v, mountPath: /v}]',
      mutations(
        `name: m, ${TRIGGER}, containers: [c], volumeMounts: [v]`,
        'name: n, annotationNamespace: n, annotationTrigger: t, volumes: [v]',
      ),
      [
        'mutations.yaml:2:87: container "c" mounts volume "v", which only mutation "n" brings: a pod without it is refused',
        'mutations.yaml:2:87: container "c" mounts volume "w", which no mutation brings: a pod without it is refused',
        'mutations.yaml:2:106: the pod\'s containers are to mount volume "v", which only mutation "n" brings: a pod without it is refused',
      ],
    ],
    [
      'nothing of what a template may name',
      'containers: [{name: "{% .Annotations.a %}", image: "{% .Annotations.b %}", volumeMounts: [{name: "x-{% .Annotations.a %}", mountPath: /v}]}]',
      mutations(`name: m, ${TRIGGER}, containers: [c]`),
      [],
    ],
    [
      'a template that makes structure, and names it may make',
      'volumes: []\n{% if .Annotations.a %}\ncontainers: [{name: c, image: a}]\n{% end %}\n',
      mutations(`name: m, ${TRIGGER}, containers: [c, other]`),
      [
        'sidecars.yaml:2:1: this template makes structure, not a value: the file is read anew for each pod, and what templates write stays text',
        'mutations.yaml:2:90: the sidecar file has no container "other"',
      ],
    ],
  ]
  it.each(cases)('%s', (_, sidecarText, mutationText, expected) => {
    expect(warnings(sidecarText, mutationText)).toEqual(expected)
  })
})
