import fc from 'fast-check'
import fastJsonPatch from 'fast-json-patch'
import { describe, expect, test } from 'vitest'
import type { InjectionPlan } from '../../src/injection/outcome.ts'
import { type InjectionSet, planInjections } from '../../src/injection/plan.ts'
import { RECORD_KEY } from '../../src/injection/record.ts'
import type { AddOperation } from '../../src/json/patch.ts'
import { parsePointer } from '../../src/json/pointer.ts'
import { dig, get, getList, getString, isObject, type Json, type JsonObject } from '../../src/json/value.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { applied, lostIn, proofOf } from '../support/injection.ts'
import { propertyOptions } from '../support/property.ts'
import { anyInjections } from './arbitrary-injections.ts'
import { anyPod, distinctPod, RAW_NUMBERS } from './arbitrary-pods.ts'
import { MESH, secondWebhook } from './second-webhook.ts'

const OPTIONS = propertyOptions('test/injection/properties.test.ts')
/** A hundred thousand runs take minutes. */
const TIMEOUT = 60_000 + OPTIONS.numRuns * 60
const RAW = new RegExp(RAW_NUMBERS.map(number => JSON.stringify(number).replace(/[.+]/g, '\\$&')).join('|'))

const planned = (pod: JsonObject, set: InjectionSet): InjectionPlan =>
  planInjections({ pod, namespace: 'shop' }, set, { namespaceLabels: NO_NAMESPACE_LABELS })

/** What holds of every plan; gives the patched pod. */
function hold(pod: JsonObject, set: InjectionSet): JsonObject {
  const before = JSON.stringify(pod)
  const { operations, denial } = planned(pod, set)
  expect(JSON.stringify(pod), 'the pod is not written').toBe(before)
  if (denial !== undefined) expect(operations).toEqual([])
  const result = applied(pod, operations)
  expect(lostIn(pod, result), 'nothing is lost').toEqual([])
  expect(JSON.stringify(operations), 'no number of the pod is in the patch').not.toMatch(RAW)
  expect(operations.every(({ op }) => op === 'add')).toBe(true)
  expect(operations.length, 'one operation for each entry').toBe(entriesAdded(pod, result))
  const clone = JSON.parse(before) as JsonObject
  const { newDocument } = fastJsonPatch.applyPatch(clone, structuredClone(operations) as never, true, false)
  expect(JSON.stringify(newDocument), 'two appliers agree').toBe(JSON.stringify(result))
  expect(proofOf(pod, operations, set), 'the patch is proven').toMatchObject({ ok: true })
  if (denial === undefined) expect(planned(result, set).operations, 'planning again adds nothing').toEqual([])
  return result
}

/** How many keys and elements the second pod has more, and one where the record was rewritten. */
function entriesAdded(before: JsonObject, after: JsonObject): number {
  const maps = ['labels', 'annotations'].map(
    key => sizeOf(dig(after, 'metadata', key)) - sizeOf(dig(before, 'metadata', key)),
  )
  const lists = ['volumes', 'imagePullSecrets', 'containers', 'initContainers'].map(
    key => getList(get(after, 'spec'), key).length - getList(get(before, 'spec'), key).length,
  )
  const [old, now] = [before, after].map(pod => dig(pod, 'metadata', 'annotations', RECORD_KEY))
  const isRewritten = old !== undefined && old !== now
  return [...maps, ...lists, contentsAdded(before, after), Number(isRewritten)].reduce((sum, count) => sum + count, 0)
}

/** How many mounts and variables the containers that were there before have more. */
function contentsAdded(before: JsonObject, after: JsonObject): number {
  let added = 0
  for (const list of ['containers', 'initContainers']) {
    const left = [...getList(get(before, 'spec'), list)]
    for (const container of getList(get(after, 'spec'), list)) {
      const [own] = left
      if (own === undefined || lostIn(own, container, `/spec/${list}/*`).length > 0) continue
      left.shift()
      for (const key of ['volumeMounts', 'env']) added += getList(container, key).length - getList(own, key).length
    }
  }
  return added
}

const sizeOf = (value: Json | undefined): number => (isObject(value) ? Object.keys(value).length : 0)

describe('random pods and random injections', () => {
  test(
    'injection 65: nothing is lost, planning again adds nothing, and there is an operation for each entry',
    () => {
      fc.assert(
        fc.property(anyPod, anyInjections, (pod, set) => void hold(pod, set)),
        OPTIONS,
      )
    },
    TIMEOUT,
  )

  test(
    'injection 65: after a second webhook only its own containers and those that it moved get something, and the third call nothing',
    () => {
      fc.assert(
        fc.property(distinctPod, anyInjections, secondWebhook, (pod, set, webhook) => {
          if (planned(pod, set).denial !== undefined) return
          // The other webhook may bring the container without which nothing is injected.
          fc.pre(getList(get(pod, 'spec'), 'containers').length > 0)
          const changed = webhook(hold(pod, set))
          const { denial, operations } = planned(changed, set)
          // A container of the other webhook may have what an injection denies for.
          if (denial !== undefined) expect(denial.message).toContain(`container "${MESH}`)
          for (const operation of operations)
            expect(isForMesh(changed, operation) || isMoved(changed, set, operation), operation.path).toBe(true)
          const settled = hold(changed, set)
          if (denial === undefined) expect(planned(settled, set).operations).toEqual([])
        }),
        OPTIONS,
      )
    },
    TIMEOUT,
  )
})

/** Whether an operation is for an init container that the second webhook may have moved behind an injected one: it runs later now. */
function isMoved(pod: JsonObject, { injections }: InjectionSet, { path }: AddOperation): boolean {
  const [list, key, index] = parsePointer(path) ?? []
  if (list !== 'spec' || key !== 'initContainers') return false
  const before = getList(get(pod, 'spec'), key).slice(0, Number(index))
  return before.some(item => injections.some(({ declaredNames }) => declaredNames.has(getString(item, 'name') ?? '')))
}

/** Whether an operation is for a container that the second webhook added, or for the record, which may be the first annotation. */
function isForMesh(pod: JsonObject, { path, value }: AddOperation): boolean {
  const [, list = '', key = '', index] = ['', ...(parsePointer(path) ?? [])]
  if (key === 'annotations') {
    const written = index === undefined && isObject(value) ? Object.keys(value) : [index]
    return written.every(annotation => annotation === RECORD_KEY)
  }
  const container = getList(get(pod, list), key)[Number(index)]
  return (getString(container, 'name') ?? '').startsWith(MESH)
}
