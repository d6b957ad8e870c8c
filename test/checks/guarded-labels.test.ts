import { describe, expect, it } from 'vitest'
import { denialsOf, judge, requestFor, setOf } from '../support/engine.ts'

const set = setOf(`
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: guarded-labels}
spec:
  validationActions: [Deny]
  excludeNamespaces: []
  checks: [{check: guarded-labels, params: {labels: [portcullis.dev/stage]}}]
`)
const namespace = (labels: object) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } })
const changed = (subResource: string, groups: readonly string[], labels: object = { 'portcullis.dev/stage': 'none' }) =>
  denialsOf(
    judge(
      set,
      requestFor(namespace(labels), {
        subResource,
        oldObject: namespace({ 'portcullis.dev/stage': 'canary' }),
        userInfo: { username: 'jane', uid: '', groups },
      }),
    ),
  )

describe.each(['', 'status', 'finalize'])('an update of namespaces/%s', subResource => {
  it('changes a guarded label only by a member of a listed group', () => {
    expect(changed(subResource, ['developers'])).toEqual([
      '/metadata/labels/portcullis.dev~1stage: user "jane" changes the label "portcullis.dev/stage", by which it is decided what applies in this namespace',
    ])
    expect(changed(subResource, ['system:masters'])).toEqual([])
  })

  it('may do what it is there for', () => {
    expect(changed(subResource, ['developers'], { 'portcullis.dev/stage': 'canary', team: 'a' })).toEqual([])
  })
})
