import { requestOfManifest } from '../../admission/manifest.ts'
import type { AdmissionRequest } from '../../admission/request.ts'
import type { InjectionSet } from '../../injection/plan.ts'
import type { PatchOperation } from '../../json/patch.ts'
import type { Pointer } from '../../json/pointer.ts'
import type { JsonObject } from '../../json/value.ts'
import type { InjectionFact, ProofFailure } from '../../review/facts.ts'
import { inject } from '../../review/inject.ts'
import { type EmbeddedTemplate, templatesOf } from '../../workload/embedded.ts'
import { INJECTABLE_KINDS } from '../../workload/kinds.ts'
import { claimedVolumes, selectorBeside } from '../../workload/template.ts'
import { type LintContext, lintFacts, referenceOf } from '../judge.ts'
import type { ObjectReference } from '../report.ts'
import { whyNot } from './why-not.ts'

/** What decides an injection into a file: the same things as in the webhook. */
export interface InjectContext extends LintContext {
  readonly injections: InjectionSet
}

/** What became of an injection, and what it wanted of the pod and did not find. */
export interface ExplainedOutcome extends InjectionFact {
  readonly why?: string
}

/** What became of one pod, or of the pod that a template will make. */
export interface InjectedPod {
  /** Where it stands in its object: `''` for a Pod, `/spec/template` in a Deployment. */
  readonly pointer: Pointer
  /** Of each injection, in their order. */
  readonly outcomes: readonly ExplainedOutcome[]
  readonly warnings: readonly string[]
  /** Pointers lead into the object. Proven; empty where nothing is injected. */
  readonly patch: readonly PatchOperation[]
  /** Why the cluster would refuse the pod. */
  readonly denial?: string
  /** The injections that were left out because their patch was not proven harmless. */
  readonly proofFailures: readonly ProofFailure[]
}

/**
 * Injects into the pods of an object, each as the webhook would inject into the pod when it is created. A template is
 * taken for the pod that its controller will make of it; what the controller finds its pods by is known here.
 *
 * @returns one result for each pod; none where the object has none.
 */
export function injectObject(object: JsonObject, context: InjectContext): readonly InjectedPod[] {
  const request = requestFor(object, context.defaultNamespace)
  const templates = templatesOf(request.kind, object, INJECTABLE_KINDS) ?? []
  return templates.map(template => injectTemplate(object, template, request, context))
}

/** What a report calls an object. */
export function referenceTo(object: JsonObject, { defaultNamespace }: InjectContext): ObjectReference {
  return referenceOf(requestFor(object, defaultNamespace), object)
}

function requestFor(manifest: JsonObject, defaultNamespace: string): AdmissionRequest {
  const request = requestOfManifest(manifest, {
    uid: '',
    operation: 'CREATE',
    defaultNamespace,
    subResource: '',
    userInfo: undefined,
    dryRun: false,
    oldObject: null,
  })
  if (request === undefined) throw new Error('an object without apiVersion and kind came to be injected')
  return request
}

function injectTemplate(
  object: JsonObject,
  { pointer, value }: EmbeddedTemplate,
  request: AdmissionRequest,
  context: InjectContext,
): InjectedPod {
  const { set, injections, namespaceLabels } = context
  const { namespace, name } = request
  const pod = pointer === '' ? value : { ...value, apiVersion: 'v1', kind: 'Pod' }
  const { answer, outcomes, proofFailures } = inject(
    { ...requestFor(pod, namespace), namespace, name },
    {
      injections,
      set,
      namespaceLabels,
      facts: lintFacts(context, ''),
      ownerKeys: new Set(selectorBeside(object, pointer)?.map(({ key }) => key)),
      claimedVolumes: claimedVolumes(object, pointer),
    },
  )
  const operations = answer.kind === 'patched' ? answer.patch : []
  const at = { pod, object, pointer, request, namespaceLabels }
  return {
    pointer,
    outcomes: outcomes.map((outcome): ExplainedOutcome => {
      const injection = injections.injections.find(each => each.name === outcome.injection)
      const why = injection && whyNot(injection, outcome.result, at)
      return why === undefined ? outcome : { ...outcome, why }
    }),
    warnings: answer.warnings,
    patch: operations.map(operation => ({ ...operation, path: pointer + operation.path })),
    proofFailures,
    ...(answer.kind === 'denied' && { denial: answer.message }),
  }
}
