import { encodeAnswer } from '../admission/answer.ts'
import { describeObject, type ReviewIdentity } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { shorten } from '../admission/text.ts'
import { CHECKS } from '../checks/index.ts'
import { compileInjection } from '../injection/compile.ts'
import { deepEqual, get, type JsonObject } from '../json/value.ts'
import { compileDocument } from '../policy/compile.ts'
import type { Compiled } from '../policy/folder.ts'
import { excludedByGateway } from '../policy/match-faults.ts'
import { locateProblem, type Problem, type SourceDocument } from '../policy/problems.ts'
import { compileRollout } from '../policy/rollout.ts'
import type { ReviewContext, ReviewInput } from './context.ts'
import { documentDoubts } from './document-doubts.ts'
import { bareFacts, requestFacts } from './facts.ts'
import type { Reviewed } from './unjudged.ts'

const GROUP = 'portcullis.dev'
const KINDS: readonly string[] = ['Policy', 'PolicyException', 'SidecarInjection', 'CanaryRollout']

/** Refuses a document of our own that no gateway could compile, when it is applied and not when it is needed. */
export function admitDocument(
  input: ReviewInput,
  identity: ReviewIdentity,
  request: AdmissionRequest,
  context: ReviewContext,
): Reviewed {
  const { set } = context
  const { problems, warnings } = faultsOf(request, set.excludedNamespaces)
  const doubts = problems.length > 0 ? [] : documentDoubts(request, context)
  const auditAnnotations = { 'policy-set': set.hash }
  const isRefused = problems.length > 0
  const answer = isRefused
    ? ({ kind: 'denied', code: 403, message: messageOf(request, problems), warnings: [], auditAnnotations } as const)
    : ({ kind: 'allowed', warnings: [...warnings.map(sentence), ...doubts], auditAnnotations } as const)
  return {
    status: 200,
    body: encodeAnswer(identity, answer),
    facts: { ...bareFacts(input.path, answer.kind, isRefused ? 403 : 200, set.hash), request: requestFacts(request) },
  }
}

interface Faults {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

const NONE: Faults = { problems: [], warnings: [] }

function faultsOf(
  { kind, subResource, operation, object, oldObject }: AdmissionRequest,
  excludedNamespaces: readonly string[],
): Faults {
  if (kind.group !== GROUP || !KINDS.includes(kind.kind) || subResource !== '' || object === null) return NONE
  // What stands already may lose a finalizer or get a label, however it came to stand.
  const isSame = operation === 'UPDATE' && deepEqual(get(object, 'spec'), get(oldObject ?? undefined, 'spec'))
  if (isSame) return NONE
  const compiled = compile(kind.kind, object, excludedNamespaces)
  return compiled.ok ? { problems: [], warnings: compiled.warnings } : { problems: compiled.problems, warnings: [] }
}

function compile(kind: string, object: JsonObject, excludedNamespaces: readonly string[]): Compiled<unknown> {
  // The rest is the API server's and the controller's.
  const value = { apiVersion: object['apiVersion'], kind, metadata: object['metadata'], spec: object['spec'] }
  const nowhere = { line: 1, column: 1 }
  const source: SourceDocument = {
    file: kind,
    value,
    kinds: [kind],
    revision: '',
    locate: () => ({ start: nowhere, end: nowhere }),
  }
  if (kind === 'CanaryRollout') return compileRollout(source)
  if (kind === 'SidecarInjection') return compileInjection(source)
  const compiled = compileDocument(source, CHECKS)
  if (!compiled.ok || compiled.document.kind !== 'Policy') return compiled
  const doubt = excludedByGateway(compiled.document.match, excludedNamespaces)
  return doubt === undefined
    ? compiled
    : { ...compiled, warnings: [...compiled.warnings, locateProblem(source, doubt)] }
}

function messageOf(request: AdmissionRequest, problems: readonly Problem[]): string {
  const lines = problems.map(problem => `- ${sentence(problem)}`)
  return shorten(`${describeObject(request)} cannot be compiled:\n${lines.join('\n')}`, MAX_MESSAGE)
}

const MAX_MESSAGE = 8 * 1024

function sentence({ pointer, message }: Problem): string {
  return pointer === '' ? message : `${pointer}: ${message}`
}
