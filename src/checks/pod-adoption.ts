/*
War story 4: a webhook added one label to every pod and dropped all others. The ReplicaSets no longer found their own pods,
made new ones for ever, and the control plane died of them.

Fields: metadata.ownerReferences and metadata.labels of a Pod that is created, and the selector of its controller;
spec.selector of a workload, and the labels of its template.

Allowed: labels that satisfy the owner's own selector, whatever it is. What that selector is says the API, through a port:
no connection, an unknown kind, an owner that is not there or does not answer in time is skipped, never refused.
*/
import { z } from 'zod'
import { quote } from '../admission/text.ts'
import { parsePointer, pointerOf } from '../json/pointer.ts'
import { dig, type JsonObject } from '../json/value.ts'
import { POD_TEMPLATE_KINDS, sameKind } from '../workload/kinds.ts'
import { type ControllerReference, controllerOf, type OwnerKind } from '../workload/owner.ts'
import type { Pod } from '../workload/pod.ts'
import { labelsOf, type Requirement, unsatisfied } from '../workload/selector.ts'
import { selectorBeside } from '../workload/template.ts'
import type { Check, CheckResult, Finding, Subject } from './check.ts'
import { rulesFor } from './resources.ts'

/** Kinds that own pods, beside Kubernetes' own. */
interface PodAdoptionParams {
  readonly owners: readonly OwnerKind[]
}

const POD = { group: '', kind: 'Pod' }
const text = z.string().min(1, 'must not be empty')

/** Refuses pods that their own controller would not find. */
export const podAdoption: Check<PodAdoptionParams> = {
  id: 'pod-adoption',
  summary: "Refuses pods whose labels their owner's selector does not select.",
  kinds: POD_TEMPLATE_KINDS,
  resources: rulesFor(POD_TEMPLATE_KINDS),
  params: z.strictObject({
    owners: z
      .array(
        z.strictObject({
          group: z.string(),
          kind: text,
          resource: z.string().regex(/^[a-z0-9.-]+$/, 'must be a plural resource name such as "clonesets"'),
          selector: text.refine(
            pointer => parsePointer(pointer) !== undefined,
            'must be a JSON Pointer such as "/spec/selector"',
          ),
        }),
      )
      .default([]),
  }),
  ownerKinds: ({ owners }) => owners,
  run(subject) {
    const { request, object, pods } = subject
    if (sameKind(request.kind, POD)) return judgePod(subject)
    // Of a bare pod spec and of parts the labels come from elsewhere.
    return { findings: pods.filter(({ isTemplate }) => isTemplate).flatMap(pod => judgeTemplate(object, pod)) }
  },
}

/** Nothing but the creation of a pod is looked at: what is adopted already stays so until somebody edits its labels. */
function judgePod({ request, object, facts }: Subject): CheckResult {
  const owner = controllerOf(object)
  if (request.operation !== 'CREATE' || request.subResource !== '' || owner === undefined) return { findings: [] }
  const name = `${owner.kind} ${quote(owner.name)}`
  if (facts.owner === undefined) {
    return { findings: [], skipped: `whether ${name} would adopt the pod is for the cluster to say: a file does not` }
  }
  if (facts.owner.kind === 'unknown') {
    return { findings: [], skipped: `the selector of the pod's owner ${name} is not known: ${facts.owner.reason}` }
  }
  const missed = unsatisfied(facts.owner.selector, labelsOf(object))
  return { findings: missed.length === 0 ? [] : [orphan(object, missed, owner)] }
}

function orphan(pod: JsonObject, missed: readonly Requirement[], owner: ControllerReference): Finding {
  const name = `${owner.kind} ${quote(owner.name)}`
  return {
    pointer: pointerTo(pod, ['metadata', 'labels']),
    message: `the pod's labels do not satisfy the selector of its owner ${name} (${describeAll(missed)}): the owner could never adopt it, and would make new pods for ever`,
    hint: 'keep the labels that its template gives it; a webhook that adds a label must add that key alone, not the whole map',
    level: 'violation',
    key: `orphan ${JSON.stringify([owner.uid, missed])}`,
  }
}

function judgeTemplate(object: JsonObject, { pointer, metadata }: Pod): readonly Finding[] {
  const selector = selectorBeside(object, pointer)
  if (selector === undefined) return []
  const template = { metadata: metadata ?? {} }
  const missed = unsatisfied(selector, labelsOf(template))
  if (missed.length === 0) return []
  const path = parsePointer(pointer) ?? []
  return [
    {
      pointer: pointerTo(object, [...path, 'metadata', 'labels']),
      message: `the labels of the pod template do not satisfy the selector beside it (${describeAll(missed)}): the pods made of it would be nobody's`,
      hint: 'give the template every label that the selector asks for',
      level: 'violation',
      key: `template ${JSON.stringify(missed)}`,
    },
  ]
}

/** As many requirements, and values of each, as a message takes. */
const MOST_TOLD = 50

function describeAll(missed: readonly Requirement[]): string {
  const more = missed.length > MOST_TOLD ? `, and ${missed.length - MOST_TOLD} more` : ''
  return missed.slice(0, MOST_TOLD).map(describe).join(', ') + more
}

/** What a label would have to be. */
function describe({ key, operator, values }: Requirement): string {
  const more = values.length > MOST_TOLD ? `, and ${values.length - MOST_TOLD} more` : ''
  const list = values.slice(0, MOST_TOLD).map(quote).join(', ') + more
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${quote(key)} must be ${list}` : `${quote(key)} must be one of ${list}`
    case 'NotIn':
      return `${quote(key)} must not be ${list}`
    case 'Exists':
      return `${quote(key)} must be there`
    case 'DoesNotExist':
      return `${quote(key)} must not be there`
  }
}

/** The pointer to what stands at `path`, or to the closest that exists on the way to it. */
function pointerTo(object: JsonObject, path: readonly string[]): string {
  let length = path.length
  while (length > 0 && dig(object, ...path.slice(0, length)) === undefined) length--
  return pointerOf(path.slice(0, length))
}
