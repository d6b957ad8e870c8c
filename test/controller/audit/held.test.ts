import { expect, it } from 'vitest'
import { Held } from '../../../src/controller/audit/held.ts'
import type { SweptObject } from '../../../src/controller/sweep.ts'
import { membersOf } from '../../../src/policy/evaluate-set.ts'
import { NO_NAMESPACE_LABELS } from '../../../src/policy/match.ts'
import { hostPathSet, json, judge, requestFor, subjectFacts } from '../../support/engine.ts'

it('keeps of the labels of an object only those that exceptions select on', () => {
  const set = hostPathSet()
  const object = json({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', labels: { app: 'agent', constructor: 'x', filler: 'x'.repeat(63) } },
    spec: { volumes: [{ name: 'v', hostPath: { path: '/data/a' } }] },
  })
  const request = requestFor(object)
  const context = { namespaceLabels: NO_NAMESPACE_LABELS, facts: subjectFacts({ seen: 'among-others' }) }
  const swept: SweptObject = {
    object,
    request,
    members: membersOf(set, request, context),
    decision: judge(set, request),
    policies: new Set(['host-path']),
  }
  const held = new Held(new Set(['app']))
  held.add(swept, new Set())
  expect(held.all.map(kept => kept.object['metadata'])).toEqual([{ name: 'a', labels: { app: 'agent' } }])
})
