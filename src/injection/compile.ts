import { isObject, type JsonObject } from '../json/value.ts'
import { type Compiled, failed } from '../policy/folder.ts'
import { compileGlob } from '../policy/glob.ts'
import { unreadableDocument } from '../policy/kind.ts'
import { locateProblem, problemsOf, type SourceDocument } from '../policy/problems.ts'
import { compileSelector } from '../workload/selector.ts'
import { faultsIn, warningsIn } from './faults.ts'
import type { Additions, Injection } from './injection.ts'
import { DECLARED_CONTAINERS } from './judge.ts'
import { nameOf } from './names.ts'
import { type InjectionDocument, injectionSchema } from './schema.ts'
import { networkWarnings, scopeFaults } from './scope.ts'
import type { Targets } from './targets.ts'

/** The values that trigger where a document names none. */
const TRIGGER_VALUES = ['true', 'enabled']

/** Compiles one document of an injection folder: everything that can be wrong with it is wrong here. */
export function compileInjection(source: SourceDocument): Compiled<Injection> {
  const unreadable = unreadableDocument(source)
  if (unreadable !== undefined) return failed(source, [unreadable])
  const parsed = injectionSchema.safeParse(source.value, { reportInput: true })
  if (!parsed.success) return failed(source, problemsOf(parsed.error, injectionSchema))
  const additions = additionsOf(parsed.data)
  const problems = [...faultsIn(additions), ...scopeFaults(parsed.data.spec)]
  if (problems.length > 0) return failed(source, problems)
  const found = [...warningsIn(additions), ...networkWarnings(additions, parsed.data.spec)]
  const warnings = found.map(problem => locateProblem(source, problem))
  return { ok: true, document: injectionOf(parsed.data, additions, source), warnings }
}

/** What a document adds: as it was written, so that a field that nobody here knows is passed through. */
function additionsOf({ spec }: InjectionDocument): Additions {
  return {
    labels: spec.labels ?? {},
    annotations: spec.annotations ?? {},
    initContainersFirst: objectsOf(spec.initContainersFirst),
    initContainers: objectsOf(spec.initContainers),
    containers: objectsOf(spec.containers),
    volumes: objectsOf(spec.volumes),
    volumeMounts: objectsOf(spec.volumeMounts),
    env: objectsOf(spec.env),
    imagePullSecrets: objectsOf(spec.imagePullSecrets),
  }
}

/** A parsed document is JSON all through; the schema's type says so only of the fields that it names. */
function objectsOf(list: readonly Readonly<Record<string, unknown>>[] | undefined): readonly JsonObject[] {
  return (list ?? []).filter((item): item is JsonObject => isObject(item))
}

function injectionOf({ metadata, spec }: InjectionDocument, additions: Additions, source: SourceDocument): Injection {
  const { trigger, matchConstraints = {} } = spec
  const rendered = { ok: true, additions } as const
  return {
    kind: 'SidecarInjection',
    name: metadata.name,
    revision: source.revision,
    file: source.file,
    source: source.value,
    trigger:
      'always' in trigger
        ? { kind: 'always' }
        : { kind: 'annotation', key: trigger.annotation, values: trigger.values ?? TRIGGER_VALUES },
    namespaceSelector: compileSelector(matchConstraints.namespaceSelector),
    objectSelector: compileSelector(matchConstraints.objectSelector),
    ignoredNamespaces: [],
    ...(spec.match !== undefined && { match: spec.match }),
    ...(spec.onHostNetwork !== undefined && { onHostNetwork: spec.onHostNetwork }),
    onConflict: spec.onConflict ?? 'Skip',
    onFailure: spec.onFailure ?? 'Allow',
    jobs: spec.jobs ?? 'NativeOnly',
    ...(spec.into !== undefined && { into: targetsIn(spec.into) }),
    declaredNames: new Set(DECLARED_CONTAINERS.flatMap(([list]) => additions[list].map(nameOf))),
    isStaged: spec.staged ?? false,
    render: () => rendered,
  }
}

function targetsIn({ kinds, names, exceptNames }: NonNullable<InjectionDocument['spec']['into']>): Targets {
  return {
    ...(kinds !== undefined && { kinds }),
    ...(names !== undefined && { isNamed: anyOf(names) }),
    ...(exceptNames !== undefined && { isExcepted: anyOf(exceptNames) }),
  }
}

/** Whether a name is one of these patterns. */
function anyOf(patterns: readonly string[]): (name: string) => boolean {
  const globs = patterns.map(compileGlob)
  return name => globs.some(matches => matches(name))
}
