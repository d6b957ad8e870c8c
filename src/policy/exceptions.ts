import type { AdmissionRequest } from '../admission/request.ts'
import type { Finding } from '../checks/check.ts'
import { dig, getString } from '../json/value.ts'
import { canonicalHostPath, isWithin } from '../workload/host-paths.ts'
import { compileSelector, labelsOf, type Selector, selects } from '../workload/selector.ts'
import { type BreakGlass, REASON_ANNOTATION, reasonOf } from './break-glass.ts'
import { compileGlob } from './glob.ts'
import { compileImagePattern } from './image-pattern.ts'
import { type NamespaceLabels, namespaceReader } from './match.ts'
import type { SourceDocument, ValueProblem } from './problems.ts'
import type { ExceptionDocument } from './schema.ts'

/** Who is exempt from what, why, and until when. Immutable. Every list: empty matches all. */
export interface CompiledException {
  readonly kind: 'PolicyException'
  readonly name: string
  readonly revision: string
  readonly file: string
  /** The document that it was compiled from. */
  readonly source: unknown
  readonly policies: readonly string[]
  readonly checks: readonly string[]
  /** Kinds in any group, such as `PersistentVolume`. */
  readonly kinds: readonly string[]
  readonly namespaces: readonly string[]
  readonly namespaceSelector: Selector
  readonly objectSelector: Selector
  readonly names: readonly Matcher[]
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly containers: readonly Matcher[]
  readonly images: readonly Matcher[]
  readonly paths: readonly PathPattern[]
  /** What a request must bring for the exception to count. Undefined: nothing. */
  readonly breakGlass: BreakGlass | undefined
  readonly reason: string
  /** Milliseconds since 1970; undefined never ends. */
  readonly expires: number | undefined
}

type Matcher = (text: string) => boolean

/** A canonical path and whether what lies under it belongs to it. */
interface PathPattern {
  readonly path: string
  readonly isDeep: boolean
}

type Compiled =
  | { readonly ok: true; readonly exception: CompiledException }
  | { readonly ok: false; readonly problems: readonly ValueProblem[] }

/** Compiles a parsed PolicyException, or says what is wrong with it. */
export function compileException({ metadata, spec }: ExceptionDocument, source: SourceDocument): Compiled {
  const paths = (spec.paths ?? []).map(compilePath)
  const problems = paths.flatMap((path, index): ValueProblem[] =>
    typeof path === 'string' ? [{ pointer: `/spec/paths/${index}`, part: 'value', message: path }] : [],
  )
  if (problems.length > 0) return { ok: false, problems }
  const match = spec.match ?? {}
  const exception: CompiledException = {
    kind: 'PolicyException',
    name: metadata.name,
    revision: source.revision,
    file: source.file,
    source: source.value,
    policies: spec.policies,
    checks: spec.checks ?? [],
    kinds: match.kinds ?? [],
    namespaces: match.namespaces ?? [],
    namespaceSelector: compileSelector(match.namespaceSelector),
    objectSelector: compileSelector(match.objectSelector),
    names: (match.names ?? []).map(compileGlob),
    users: match.users ?? [],
    groups: match.groups ?? [],
    containers: (spec.containers ?? []).map(compileGlob),
    images: (spec.images ?? []).map(compileImagePattern),
    paths: paths.filter(path => typeof path !== 'string'),
    breakGlass: compileBreakGlass(spec.breakGlass),
    reason: spec.reason,
    expires: spec.expires === undefined ? undefined : Date.parse(spec.expires),
  }
  return { ok: true, exception }
}

function compileBreakGlass(spec: ExceptionDocument['spec']['breakGlass']): BreakGlass | undefined {
  return spec && { groups: spec.groups, reasonAnnotation: spec.reasonAnnotation ?? REASON_ANNOTATION }
}

function compilePath(raw: string): PathPattern | string {
  const isDeep = raw.endsWith('/**')
  const bare = isDeep ? raw.slice(0, -3) || '/' : raw
  if (bare.includes('*')) return '"*" stands for nothing here: write "/**" at the end for what lies under a path'
  const canonical = canonicalHostPath(bare)
  if (canonical.kind === 'path') return { path: canonical.path, isDeep }
  return canonical.kind === 'refused' ? canonical.reason : 'a Windows path cannot be exempted: see windowsPaths'
}

/**
 * Whether `exception` covers this finding of `policy` and `check`, its date and what break-glass demands left aside. `'unknown'`: it depends on labels
 * of the namespace that are unknown, and those grant nothing.
 */
export function covers(
  exception: CompiledException,
  policy: string,
  check: string,
  finding: Finding,
  request: AdmissionRequest,
  namespaceLabels: NamespaceLabels,
): boolean | 'unknown' {
  return (
    exception.policies.includes(policy) &&
    (exception.checks.length === 0 || exception.checks.includes(check)) &&
    coversUser(exception, request) &&
    coversObject(exception, request) &&
    coversFinding(exception, finding) &&
    coversNamespace(exception, request.namespace, namespaceLabels)
  )
}

/**
 * Whether `exception` may have let this finding in, whoever brought the object and whenever: users, groups, its date and
 * the group that break-glass demands are left aside, and labels of the namespace that are unknown may have matched. What
 * the object itself shows has to be there: a break-glass exception leaves its reason on the object.
 *
 * @param request the request with the object in question as its `object`.
 */
export function mayHaveLetIn(
  exception: CompiledException,
  policy: string,
  check: string,
  finding: Finding,
  request: AdmissionRequest,
  namespaceLabels: NamespaceLabels,
): boolean {
  const { policies, checks, breakGlass } = exception
  return (
    policies.includes(policy) &&
    (checks.length === 0 || checks.includes(check)) &&
    (breakGlass === undefined || reasonOf(request.object, breakGlass.reasonAnnotation) !== undefined) &&
    coversObject(exception, request, true) &&
    coversFinding(finding.facts?.containers?.length === 0 ? withoutContainers(exception) : exception, finding) &&
    coversNamespace(exception, request.namespace, namespaceLabels) !== false
  )
}

/** A volume that no container mounts any more was mounted by one: by which one is not known. */
function withoutContainers(exception: CompiledException): CompiledException {
  return { ...exception, containers: [], images: [] }
}

function coversNamespace(
  { namespaceSelector }: CompiledException,
  namespace: string,
  namespaceLabels: NamespaceLabels,
): boolean | 'unknown' {
  if (namespaceSelector.length === 0) return true
  return namespace !== '' && selects(namespaceSelector, namespaceReader(namespace, namespaceLabels))
}

function coversUser({ users, groups }: CompiledException, { userInfo }: AdmissionRequest): boolean {
  if (users.length > 0 && !users.includes(userInfo?.username ?? '')) return false
  return groups.length === 0 || groups.some(group => userInfo?.groups.includes(group) === true)
}

/** @param isMade whether the object may have been let in by the name that it was made from. */
function coversObject(exception: CompiledException, request: AdmissionRequest, isMade = false): boolean {
  const { kinds, namespaces, names } = exception
  if (kinds.length > 0 && !kinds.includes(request.kind.kind)) return false
  if (namespaces.length > 0 && !namespaces.includes(request.namespace)) return false
  if (names.length > 0 && !names.some(matches => matches(nameOf(request)) || (isMade && matches(madeFrom(request)))))
    return false
  return selects(exception.objectSelector, labelsOf(request.object)) === true
}

/** The object's name, or what it will be made from. */
function nameOf({ name, object }: AdmissionRequest): string {
  if (name !== '') return name
  const metadata = dig(object ?? undefined, 'metadata')
  return getString(metadata, 'name') || getString(metadata, 'generateName') || ''
}

function madeFrom({ object }: AdmissionRequest): string {
  return getString(dig(object ?? undefined, 'metadata'), 'generateName') ?? ''
}

/** A finding without the fact that the exception asks for is not covered: it is about something else. */
function coversFinding({ containers, images, paths }: CompiledException, { facts }: Finding): boolean {
  const users = facts?.containers ?? []
  if (
    containers.length > 0 &&
    !(users.length > 0 && users.every(({ name }) => containers.some(matches => matches(name))))
  )
    return false
  if (images.length > 0 && !(users.length > 0 && users.every(({ image }) => images.some(matches => matches(image)))))
    return false
  return paths.length === 0 || coversPath(paths, facts?.path)
}

/**
 * A path that is refused as such (`/data/../etc`, `/proc/1/root`) lies nowhere: to compare it as text would exempt
 * what it leads to.
 */
function coversPath(patterns: readonly PathPattern[], raw: string | undefined): boolean {
  const canonical = canonicalHostPath(raw ?? '')
  if (canonical.kind !== 'path') return false
  return patterns.some(({ path, isDeep }) => (isDeep ? isWithin(canonical.path, path) : canonical.path === path))
}
