import type { Problem } from '../../policy/problems.ts'
import type { Injection } from '../injection.ts'
import { warningsAbout } from './lint.ts'
import { type Mutation, readMutations } from './mutations.ts'
import { readSidecars } from './read-sidecars.ts'
import { rendererOf } from './render.ts'
import type { Sidecars } from './sidecars.ts'

/** The two files of the generic-sidecar-injector. */
export interface GenericFiles {
  readonly sidecarFile: string
  readonly sidecarText: string
  readonly mutationFile: string
  readonly mutationText: string
  /** Of both texts together: equal texts have equal revisions. */
  readonly revision: string
}

/** The injections of both files, in the order of `mutationConfigs`, or everything that is wrong with the files. */
export type GenericInjections =
  | { readonly ok: true; readonly injections: readonly Injection[]; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly [Problem, ...Problem[]] }

/** The values that trigger, in this format always. */
const TRIGGER_VALUES = ['true', 'enabled']

/**
 * Compiles the files behind `--sidecar-config-file` and `--mutation-config-file` as the generic-sidecar-injector reads
 * them (https://github.com/salesforce/generic-sidecar-injector). What would keep it from starting is a problem; what it
 * would pass over is a warning.
 */
export function readGeneric(files: GenericFiles): GenericInjections {
  const sidecars = readSidecars(files.sidecarFile, files.sidecarText)
  const mutations = readMutations(files.mutationFile, files.mutationText)
  const problems = [...(sidecars.ok ? [] : sidecars.problems), ...(mutations.ok ? [] : mutations.problems)]
  const [first, ...rest] = problems
  if (first !== undefined) return { ok: false, problems: [first, ...rest] }
  if (!sidecars.ok || !mutations.ok) throw new Error('a file was refused without a problem')
  const found = warningsAbout(mutations.mutations, sidecars.sidecars).map(mutations.locate)
  return {
    ok: true,
    injections: mutations.mutations.map(mutation => injectionOf(mutation, sidecars.sidecars, files)),
    warnings: [...sidecars.warnings, ...mutations.warnings, ...found],
  }
}

function injectionOf(mutation: Mutation, sidecars: Sidecars, { mutationFile, revision }: GenericFiles): Injection {
  const { annotationNamespace } = mutation
  return {
    kind: 'SidecarConfiguration',
    name: mutation.name || annotationNamespace,
    revision,
    file: mutationFile,
    source: mutation.source,
    trigger: {
      kind: 'annotation',
      key: `${annotationNamespace}/${mutation.annotationTrigger}`,
      values: TRIGGER_VALUES,
    },
    namespaceSelector: [],
    objectSelector: [],
    ignoredNamespaces: mutation.ignoreNamespaces,
    onConflict: 'Skip',
    onFailure: mutation.onFailure ?? 'Allow',
    jobs: mutation.implementsSidecarLifecycle ? 'Always' : 'NativeOnly',
    isStaged: false,
    declaredNames: new Set([...mutation.initContainers, ...mutation.containers]),
    render: rendererOf(mutation, sidecars),
    generic: { statusKey: `${annotationNamespace}/status`, prefix: annotationNamespace },
  }
}
