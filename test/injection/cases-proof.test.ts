import { describe, expect, test } from 'vitest'
import { planInjections } from '../../src/injection/plan.ts'
import { RECORD_KEY } from '../../src/injection/record.ts'
import type { AddOperation } from '../../src/json/patch.ts'
import type { Json } from '../../src/json/value.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { inject } from '../../src/review/inject.ts'
import { hostPathSet, json, requestFor, subjectFacts } from '../support/engine.ts'
import { injectionSet, plan, proofOf } from '../support/injection.ts'

const container = (name: string) => ({ name, image: `${name}:1` })
const POD = json({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'checkout',
    labels: { app: 'a', 'a/b': 'c' },
    annotations: { note: 'x' },
    ownerReferences: [{ uid: 'u' }],
  },
  spec: {
    containers: [{ ...container('app'), volumeMounts: [{ name: 'v', mountPath: '/v' }] }, container('helper')],
    initContainers: [container('first'), container('second')],
    volumes: [{ name: 'v' }],
  },
})
const SET = injectionSet({
  a: {
    labels: { team: 'x' },
    volumes: [{ name: 'w' }],
    volumeMounts: [{ name: 'w', mountPath: '/w' }],
    containers: [container('side')],
    initContainersFirst: [container('early')],
  },
})
const { operations: GOOD } = planInjections({ pod: POD, namespace: 'shop' }, SET, {
  namespaceLabels: NO_NAMESPACE_LABELS,
})

/** The planned patch with one operation more or with one changed. */
const adding = (path: string, value: Json): readonly AddOperation[] => [...GOOD, { op: 'add', path, value }]
const changing = (from: string, change: Partial<Record<keyof AddOperation, Json>>): readonly AddOperation[] => {
  expect(GOOD.filter(({ path }) => path === from)).toHaveLength(1)
  return GOOD.map(operation => (operation.path === from ? ({ ...operation, ...change } as AddOperation) : operation))
}

describe('an operation broken on purpose', () => {
  test('injection 61: the plan itself is proven', () => {
    expect(GOOD.map(({ path }) => path)).toEqual([
      '/metadata/labels/team',
      '/metadata/annotations/kubectl.kubernetes.io~1default-container',
      '/metadata/annotations/portcullis.dev~1injected',
      '/spec/volumes/-',
      '/spec/initContainers/0/volumeMounts',
      '/spec/initContainers/1/volumeMounts',
      '/spec/containers/0/volumeMounts/-',
      '/spec/containers/1/volumeMounts',
      '/spec/initContainers/0',
      '/spec/containers/-',
    ])
    expect(proofOf(POD, GOOD, SET)).toMatchObject({ ok: true })
  })

  const side = container('side')
  const cases: readonly (readonly [name: string, patch: readonly AddOperation[], invariant: string])[] = [
    [
      'the whole map of labels',
      changing('/metadata/labels/team', { path: '/metadata/labels', value: { team: 'x' } }),
      'overwrites',
    ],
    ['a label that is there', adding('/metadata/labels/app', 'b'), 'overwrites'],
    ['the same value again', adding('/metadata/labels/app', 'a'), 'overwrites'],
    ['an annotation that is there', adding('/metadata/annotations/note', 'y'), 'overwrites'],
    ['the owner references', adding('/metadata/ownerReferences', []), 'overwrites'],
    ['all volumes', changing('/spec/volumes/-', { path: '/spec/volumes', value: [{ name: 'w' }] }), 'overwrites'],
    ['a container’s image', adding('/spec/containers/0/image', 'evil:1'), 'overwrites'],
    ['the whole spec', adding('/spec', {}), 'overwrites'],
    ['the document', adding('', {}), 'add-only'],
    ['an unescaped key', adding('/metadata/labels/a/b', 'x'), 'applies'],
    ['a parent that is not there', adding('/spec/containers/1/env/-', { name: 'A' }), 'applies'],
    ['an index past the end', adding('/spec/containers/9', side), 'applies'],
    ['a negative index', adding('/spec/containers/-1', side), 'applies'],
    ['a pointer that is none', adding('metadata/labels/x', 'x'), 'add-only'],
    ['a replacement', changing('/spec/volumes/-', { op: 'replace', path: '/spec/volumes/0' }), 'add-only'],
    ['a removal', changing('/spec/volumes/-', { op: 'remove', path: '/spec/volumes/0' }), 'add-only'],
    ['no value', GOOD.map(({ op, path }) => ({ op, path }) as unknown as AddOperation), 'add-only'],
    ['the sidecar twice', adding('/spec/containers/-', side), 'distinct-names'],
    ['the sidecar as an init container, too', adding('/spec/initContainers/-', side), 'distinct-names'],
    [
      'a mount twice',
      adding('/spec/containers/0/volumeMounts/-', { name: 'w', mountPath: '/w' }),
      'distinct-mount-paths',
    ],
    [
      'the pod’s own mount again',
      adding('/spec/containers/0/volumeMounts/-', { name: 'v', mountPath: '/v' }),
      'distinct-mount-paths',
    ],
  ]
  const privileged = { ...container('other'), securityContext: { privileged: true } }
  const undeclared: readonly (readonly [name: string, patch: readonly AddOperation[], message: string])[] = [
    [
      'a privileged container that nobody declares',
      adding('/spec/containers/-', privileged),
      'container "other" is privileged: it has every capability and every device of the node, which no injection declares',
    ],
    [
      'a privileged sidecar whose declaration is not',
      changing('/spec/containers/-', { value: { ...side, securityContext: { privileged: true } } }),
      'container "side" is privileged: it has every capability and every device of the node, which no injection declares',
    ],
    [
      'a hostPath volume that nobody declares',
      adding('/spec/volumes/-', { name: 'host', hostPath: { path: '/data' } }),
      'volume "host" mounts hostPath "/data": no hostPath is allowed, which no injection declares',
    ],
    [
      "the node's network",
      adding('/spec/hostNetwork', true),
      "the pod shares the node's network: it reaches what listens on the node's loopback, and sees its traffic (hostNetwork), which no injection declares",
    ],
  ]
  test.each(undeclared)('injection 61: %s', (_, patch, message) => {
    expect(proofOf(POD, patch, SET)).toMatchObject({ ok: false, invariant: 'pod-security-baseline', message })
  })

  test('injection 61: what an injection declares, it brings, privileged or not; and the pod may be so already', () => {
    const set = injectionSet({
      a: {
        containers: [{ ...side, securityContext: { privileged: true } }],
        volumes: [{ name: 'host', hostPath: { path: '/data' } }],
      },
    })
    expect(plan(POD, set).results).toEqual({ a: 'injected' })
    const own = json({ ...POD, spec: { hostNetwork: true, containers: [privileged] } })
    expect(plan(own, SET).results).toEqual({ a: 'injected' })
  })

  test.each(cases)('injection 61: %s', (_, patch, invariant) => {
    const proof = proofOf(POD, patch, SET)
    expect(proof).toMatchObject({ ok: false, invariant })
  })

  test('injection 61: an operation that is missing is found by planning again', () => {
    for (const [index, { path }] of GOOD.entries()) {
      // The two annotations about the call itself are made where something else is.
      if (path.startsWith('/metadata/annotations')) continue
      const rest = GOOD.toSpliced(index, 1)
      expect(proofOf(POD, rest, SET), path).toMatchObject({ ok: false })
    }
  })

  test('injection 61: the failing operation is named, and its value is not', () => {
    const proof = proofOf(POD, adding('/metadata/labels/app', 'secret-value'), SET)
    expect(proof).toEqual({
      ok: false,
      invariant: 'overwrites',
      message: '/metadata/labels/app exists already',
      operation: '/metadata/labels/app',
    })
    expect(proofOf(POD, adding(`/metadata/annotations/${RECORD_KEY.replace('/', '~1')}`, 'x'), SET)).toMatchObject({
      ok: true,
    })
  })
})

describe('a patch that is not proven', () => {
  const hostPath = (spec: Readonly<Record<string, unknown>> = {}) =>
    injectionSet({
      a: {
        volumes: [{ name: 'host', hostPath: { path: '/' } }],
        containers: [{ ...container('side'), volumeMounts: [{ name: 'host', mountPath: '/h' }] }],
        ...spec,
      },
      b: { labels: { team: 'x' } },
    })
  const context = { namespaceLabels: NO_NAMESPACE_LABELS, facts: subjectFacts(), set: hostPathSet() }
  const message =
    /^nothing was injected: the patch was not proven harmless \(policy host-path would refuse the pod: volume "host" .*\)$/

  test('injection 61: is withheld if a denying policy would refuse the pod, and the pod goes without it', () => {
    const { answer, outcomes, proofFailures } = inject(requestFor(POD), { ...context, injections: hostPath() })
    expect(answer).toMatchObject({ kind: 'patched' })
    expect(JSON.stringify(answer.kind === 'patched' && answer.patch)).not.toContain('host')
    expect(answer.warnings).toHaveLength(1)
    expect(answer.warnings[0]?.replace('injection a: ', '')).toMatch(message)
    expect(answer.auditAnnotations).toMatchObject({ injected: 'b', 'not-injected': 'a: proof-failed' })
    expect(outcomes).toEqual([
      { injection: 'a', result: 'proof-failed' },
      { injection: 'b', result: 'injected' },
    ])
    expect(proofFailures).toMatchObject([{ injection: 'a', invariant: 'policies' }])
  })

  test('injection 61: denies where the injection says onFailure: Deny', () => {
    const { answer } = inject(requestFor(POD), { ...context, injections: hostPath({ onFailure: 'Deny' }) })
    expect(answer).toMatchObject({ kind: 'denied', code: 403 })
    expect(answer.kind === 'denied' && answer.message).toMatch(
      /^Pod "shop\/checkout" is refused by injection a: nothing was injected: .*host-path would refuse/,
    )
  })

  test('injection 61: a finding that the pod had before is no reason', () => {
    const pod = json({
      ...POD,
      spec: { containers: [container('app')], volumes: [{ name: 'own', hostPath: { path: '/' } }] },
    })
    const { answer } = inject(requestFor(pod), {
      ...context,
      injections: injectionSet({ b: { labels: { team: 'x' } } }),
    })
    expect(answer.kind).toBe('patched')
    expect(plan(pod, injectionSet({ b: { labels: { team: 'x' } } }), { policies: hostPathSet() }).results).toEqual({
      b: 'injected',
    })
  })
})
