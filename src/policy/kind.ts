import { quote } from '../admission/text.ts'
import type { SourceDocument, ValueProblem } from './problems.ts'
import { suggest } from './suggest.ts'

const UPSTREAM_KINDS = [
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]

/** Where each kind belongs. */
const FOLDERS: Readonly<Record<string, string>> = {
  Policy: '--policies',
  PolicyException: '--exceptions',
  SidecarInjection: '--injections',
  PolicyTest: 'policy-lint test (tests/ beside the policies)',
}

/** The kind of a document; undefined where it has none. */
export function kindOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'kind')) return undefined
  const { kind } = value as { kind: unknown }
  return typeof kind === 'string' ? kind : undefined
}

/** What is wrong with the kind of a document, or undefined where its folder may hold it. */
export function misplacedKind({ value, kinds }: SourceDocument): ValueProblem | undefined {
  const kind = kindOf(value)
  if (kind !== undefined && kinds.includes(kind)) return undefined
  return { pointer: kind === undefined ? '' : '/kind', part: 'value', message: describeKind(kind, kinds) }
}

function describeKind(kind: string | undefined, allowedKinds: readonly string[]): string {
  const allowed = `allowed here: ${allowedKinds.join(', ')}`
  if (kind === undefined) return `is no policy document: it has no kind; ${allowed}`
  if (UPSTREAM_KINDS.includes(kind)) return `${kind} is not supported yet: this version evaluates no CEL; ${allowed}`
  const folder = FOLDERS[kind]
  if (folder !== undefined) return `a ${kind} does not belong here: put it in the folder of ${folder}; ${allowed}`
  return `unknown kind ${quote(kind)}${suggest(kind, allowedKinds)}; ${allowed}`
}
