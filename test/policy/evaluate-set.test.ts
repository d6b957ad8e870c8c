import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Check, register, setRule } from '../../src/checks/check.ts'
import { rulesFor } from '../../src/checks/resources.ts'
import { getString } from '../../src/json/value.ts'
import { compareMembers, membersOf } from '../../src/policy/evaluate-set.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { judge, requestFor, setOf, subjectFacts } from '../support/engine.ts'
import { pod } from '../support/host-path-cases.ts'

const KINDS = [{ group: '', kind: 'Pod', resource: 'pods' }]

/** Every pod must name the node that the first one names. */
const sameNode: Check<{ readonly field: string }> = {
  id: 'same-node',
  summary: 'Compares the nodes of pods.',
  kinds: KINDS,
  resources: rulesFor(KINDS),
  params: z.strictObject({ field: z.string().default('nodeName') }),
  run: ({ facts }) => ({ findings: [], ...(facts.seen === 'alone' && { skipped: 'one pod alone' }) }),
  set: setRule({
    pick: ({ object }, { field }) => getString(object['spec'], field),
    compare: members =>
      members.map(member => ({
        findings:
          member === members[0]
            ? []
            : [
                {
                  pointer: '/spec/nodeName',
                  message: `${member} is not ${members[0]}`,
                  level: 'violation',
                  key: member,
                },
              ],
      })),
  }),
}

const policy = (name: string, params: object = {}) =>
  JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: { validationActions: ['Deny'], checks: [{ check: 'same-node', params }] },
  })
const set = setOf(`${policy('a')}\n---\n${policy('b', { field: 'hostname' })}`, '', { checks: [register(sameNode)] })
const context = { namespaceLabels: NO_NAMESPACE_LABELS, facts: subjectFacts({ seen: 'among-others' }) }
const members = (spec: Readonly<Record<string, unknown>>, namespace = 'shop') =>
  membersOf(set, requestFor(pod(spec, { namespace }), { defaultNamespace: namespace }), context)

describe('objects that are compared', () => {
  it('are judged each policy by itself, with its own params, in their order', () => {
    const objects = [
      members({ nodeName: 'x', hostname: '1' }),
      members({}),
      members({ nodeName: 'y' }),
      members({ nodeName: 'x', hostname: '2' }),
    ]
    const said = compareMembers(objects).map(results =>
      results.flatMap(({ policy: { name }, outcome }) =>
        outcome.kind === 'violation' ? outcome.findings.map(({ message }) => `${name}: ${message}`) : [],
      ),
    )
    expect(said).toEqual([[], [], ['a: y is not x'], ['b: 2 is not 1']])
  })

  it('bring nothing where the policy is not about them', () => {
    expect(members({ nodeName: 'x' }, 'kube-system')).toEqual([])
    expect(members({ nodeName: 'x' })).toHaveLength(1)
  })

  it('are skipped with the reason where one is seen alone', () => {
    const { skipped, allowed } = judge(set, requestFor(pod({ nodeName: 'x' })))
    expect(skipped.map(({ message }) => message)).toEqual(['one pod alone', 'one pod alone'])
    expect(allowed).toBe(true)
  })
})
