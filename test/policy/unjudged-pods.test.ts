import { describe, expect, it } from 'vitest'
import { evaluate } from '../../src/policy/evaluate.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import type { PolicySet } from '../../src/policy/set.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import { hostPathSet, json, requestFor, subjectFacts } from '../support/engine.ts'

/** What is said about an object that was not judged, and by how many policies. */
function unjudgedIn(text: string, set: PolicySet = hostPathSet(), strays?: 'all'): readonly string[] {
  const request = requestFor(parseYaml(text).documents[0]?.value)
  const { results } = evaluate(set, request, {
    namespaceLabels: NO_NAMESPACE_LABELS,
    facts: subjectFacts(),
    unknownNamespaces: 'apply',
    ...(strays && { strays }),
  })
  return results.flatMap(({ outcome }) => {
    if (outcome.kind !== 'skipped') return []
    expect(outcome.isUnjudged).toBe(true)
    return [outcome.reason]
  })
}

const WIDGET = 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n'

describe('what looks like a pod in a kind that is not known', () => {
  it.each([
    [
      'a template',
      'spec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: i}]}}}',
      '/spec/template/spec looks like a pod (containers)',
      '/spec/template',
    ],
    [
      'a bare pod spec',
      'spec: {pod: {containers: [{name: a, image: i}], volumes: [{name: v, emptyDir: {}}]}}',
      '/spec/pod looks like a pod (containers, volumes)',
      '/spec/pod',
    ],
    ['the spec itself', 'spec: {initContainers: [{image: i}]}', '/spec looks like a pod (initContainers)', '/spec'],
    [
      'volumes alone',
      'spec: {volumes: [{name: v, hostPath: {path: /etc}}]}',
      '/spec looks like a pod (volumes)',
      '/spec',
    ],
    [
      'one of a list',
      'spec: {groups: [{}, {spec: {volumes: [{name: v, hostDisk: {path: /d}}]}}]}',
      '/spec/groups/1/spec looks like a pod (volumes)',
      '/spec/groups/*/spec',
    ],
    [
      'a hostPath alone',
      'spec: {storage: {hostPath: {path: /var/lib/x}}}',
      '/spec/storage looks like a pod (hostPath)',
      '/spec/storage',
    ],
    [
      'a hostDisk alone',
      'spec: {disks: [{hostDisk: {path: /var/lib/x}}]}',
      '/spec/disks/0 looks like a pod (hostDisk)',
      '/spec/disks/*',
    ],
    [
      'a whole object in another',
      'spec: {manifests: [{kind: Deployment, spec: {template: {metadata: {}, spec: {containers: [{image: i}]}}}}]}',
      '/spec/manifests/0/spec/template/spec looks like a pod (containers)',
      '/spec/manifests/*/spec/template',
    ],
    ['a place outside of spec', 'data: {containers: [{image: i}]}', '/data looks like a pod (containers)', '/data'],
  ])('%s is told, with what to add', (_name, body, what, pointer) => {
    expect(unjudgedIn(WIDGET + body)).toEqual([
      `${what}, and was not judged: add to spec.podTemplates of the policy: {group: example.com, kind: Widget, resource: widgets, pointers: [${pointer}]}`,
    ])
  })

  it.each([
    'spec: {containers: 3, volumes: [/data], hostPath: /etc}',
    'spec: {containers: [{name: a}], hostPath: {path: [a]}}',
    'spec: {containers: {a: {image: i}}, volumes: [{name: a, size: 1Gi}]}',
    'spec: {volumes: [{name: a, source: {emptyDir: {}}}]}',
    'status: {containers: [{name: a, image: i}]}',
    'metadata: {name: w, annotations: {containers: "[{image: i}]"}}',
  ])('is not told of %s', body => {
    expect(
      unjudgedIn(
        WIDGET.replace('metadata: {name: w}\n', body.startsWith('metadata') ? '' : 'metadata: {name: w}\n') + body,
      ),
    ).toEqual([])
  })

  it('gives a line that makes the policy judge it', () => {
    const body = 'spec: {groups: [{spec: {volumes: [{name: v, hostPath: {path: /etc}}]}}]}'
    const [reason = ''] = unjudgedIn(WIDGET + body)
    const line = /podTemplates of the policy: (.*)$/.exec(reason)?.[1] ?? ''
    const podTemplates = parseYaml(line).documents.map(({ value }) => value)
    const set = hostPathSet({}, { podTemplates })
    const { results } = evaluate(set, requestFor(parseYaml(WIDGET + body).documents[0]?.value), {
      namespaceLabels: NO_NAMESPACE_LABELS,
      facts: subjectFacts(),
      unknownNamespaces: 'apply',
    })
    expect(results.map(({ outcome }) => outcome.kind)).toEqual(['violation'])
  })

  it('is left to policies that are about all pods', () => {
    const body = 'spec: {containers: [{image: i}]}'
    const resourceRules = [{ apiGroups: [''], apiVersions: ['*'], operations: ['CREATE'], resources: ['pods'] }]
    expect(unjudgedIn(WIDGET + body, hostPathSet({}, { matchConstraints: { resourceRules } }))).toEqual([])
    const objectSelector = { matchLabels: { a: 'b' } }
    expect(unjudgedIn(WIDGET + body, hostPathSet({}, { matchConstraints: { objectSelector } }))).toEqual([])
    expect(unjudgedIn(WIDGET.replace('{name: w}', '{name: w, namespace: kube-system}') + body)).toEqual([])
  })

  it('may be refused only by a policy that denies', () => {
    const request = requestFor(parseYaml(`${WIDGET}spec: {containers: [{image: i}]}`).documents[0]?.value)
    const { results } = evaluate(hostPathSet({}, { validationActions: ['Audit'] }), request, {
      namespaceLabels: NO_NAMESPACE_LABELS,
      facts: subjectFacts(),
      unknownNamespaces: 'apply',
    })
    expect(results.map(({ outcome }) => outcome)).toEqual([{ kind: 'skipped', reason: expect.any(String) }])
  })

  it('is bounded: a search that does not end says so', () => {
    const list = Array.from({ length: 30_000 }, () => ({ a: 1 }))
    const text = JSON.stringify({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'w' },
      spec: { list },
    })
    expect(unjudgedIn(text)).toEqual(['it is too large to be searched for pods, and nothing in it was judged'])
    const deep = Array.from({ length: 100 }).reduce<unknown>(inner => ({ a: inner }), {})
    const nested = JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: deep })
    expect(unjudgedIn(nested)).toHaveLength(1)
  })
})

describe('a kind of Kubernetes under another name', () => {
  const body = '\nmetadata: {name: w}\nspec: {template: {spec: {containers: [{image: i}]}}}'
  it.each([
    ['v1', 'Deployment', 'apps/v1, kind: Deployment'],
    ['apps/v1', 'Deploymnet', 'apps/v1, kind: Deployment'],
    ['batch/v1', 'Cronjob', 'batch/v1, kind: CronJob'],
    ['app/v1', 'StatefulSet', 'apps/v1, kind: StatefulSet'],
    ['apps/v1', 'Pod', 'v1, kind: Pod'],
  ])('%s %s is told with the right one', (apiVersion, kind, meant) => {
    const [reason] = unjudgedIn(`apiVersion: ${apiVersion}\nkind: ${kind}${body}`)
    expect(reason).toContain(`(did you mean apiVersion: ${meant}?)`)
  })

  it('has no pod where none belongs, which files are told', () => {
    const text =
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w}\nspec: {volumes: [{name: v, hostPath: {path: /etc}}], template: {spec: {containers: [{image: i}]}}}'
    expect(unjudgedIn(text)).toEqual([])
    expect(unjudgedIn(text, hostPathSet(), 'all')).toEqual([
      '/spec looks like a pod (volumes), and was not judged: a Deployment has no pod there, and the API server drops such fields',
    ])
  })
})

describe('what only talks about pods', () => {
  const volumes = 'volumes: [{name: v, hostPath: {path: /etc}}]'
  it.each([
    [
      'a CustomResourceDefinition',
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition',
      'versions: [{schema: {openAPIV3Schema: {properties: {spec: {properties: {containers: {type: array}, hostPath: {properties: {path: {type: string}}}}}}}}}]',
    ],
    ['a ConfigMap', 'apiVersion: v1\nkind: ConfigMap', 'containers: [{image: i}]'],
    [
      'a PodSecurityPolicy',
      'apiVersion: policy/v1beta1\nkind: PodSecurityPolicy',
      'volumes: ["*"], allowedHostPaths: [{pathPrefix: /}]',
    ],
    [
      'a ValidatingAdmissionPolicy',
      'apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy',
      'validations: [{expression: "object.spec.containers.all(c, c.image != x)"}]',
    ],
    [
      'a policy of Kyverno',
      'apiVersion: kyverno.io/v1\nkind: ClusterPolicy',
      'rules: [{validate: {pattern: {spec: {containers: [{image: "!*:latest"}]}}}}]',
    ],
    [
      'a constraint of Gatekeeper',
      'apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos',
      `parameters: {${volumes}}`,
    ],
    ['a kustomization', 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization', 'containers: [{image: i}]'],
    ['a copy for going back', 'apiVersion: apps/v1\nkind: ControllerRevision', `template: {spec: {${volumes}}}`],
    ['a PersistentVolume', 'apiVersion: v1\nkind: PersistentVolume', 'hostPath: {path: /data/x}'],
    [
      'our own documents',
      'apiVersion: portcullis.dev/v1alpha1\nkind: SidecarInjection',
      `containers: [{image: i}], ${volumes}`,
    ],
  ])('%s is not told', (_name, head, spec) => {
    expect(unjudgedIn(`${head}\nmetadata: {name: w}\nspec: {${spec}}`, hostPathSet(), 'all')).toEqual([])
  })
})

describe('podTemplates', () => {
  const set = (...pointers: readonly string[]) =>
    hostPathSet({}, { podTemplates: [{ group: 'example.com', kind: 'Widget', resource: 'widgets', pointers }] })
  const body = 'spec: {template: {metadata: {}, spec: {containers: [{image: i}]}}, groups: [], pools: {}}'
  const judged = (text: string, ...pointers: readonly string[]) => unjudgedIn(WIDGET + text, set(...pointers))

  it.each([
    ['/spec/tmplate', '"/spec/tmplate" leads nowhere in this object (did you mean "/spec/template"?)'],
    [
      '/spec/template/specs',
      '"/spec/template/specs" leads nowhere in this object (did you mean "/spec/template/spec"?)',
    ],
    ['/specc', '"/specc" leads nowhere in this object (did you mean "/spec"?)'],
    ['/spec/other/pod', '"/spec/other/pod" leads nowhere in this object'],
    ['/metadata', 'leads to something that is not a pod'],
    ['/metadata/name', 'leads to a string, not to a pod'],
  ])('%s is told', (pointer, message) => {
    const [reason] = judged(body, pointer)
    expect(reason).toContain(message)
  })

  it.each([
    ['a template', body, ['/spec/template']],
    ['a bare pod spec', body, ['/spec/template/spec']],
    ['the object', 'spec: {containers: [{image: i}]}', ['']],
    ['a map', 'spec: {pools: {a: {containers: [{image: i}]}}}', ['/spec/pools/*']],
    ['an empty list', 'spec: {groups: []}', ['/spec/groups/*']],
    ['an empty map', 'spec: {pools: {}}', ['/spec/pools/*/template']],
    ['an optional one beside another', body, ['/spec/template', '/spec/workers/*/template']],
    ['null', 'spec: {template: null}', ['/spec/template']],
  ])('accepts %s', (_name, text, pointers) => {
    expect(judged(text, ...pointers)).toEqual([])
  })

  it('says that a list needs a star', () => {
    const [reason] = judged('spec: {groups: [{containers: [{image: i}]}]}', '/spec/groups')
    expect(reason).toContain('leads to a list: write "/spec/groups/*"')
  })

  it('tells of pods beside those that its pointers cover', () => {
    const [reason] = judged(
      `${body.slice(0, -1)}, extra: {volumes: [{name: v, hostPath: {path: /etc}}]}}`,
      '/spec/template',
    )
    expect(reason).toContain('/spec/extra looks like a pod (volumes)')
  })

  it.each([
    [
      '/spec/pools/*',
      { pools: { a: { volumes: [{ name: 'v', hostPath: { path: '/etc' } }] } } },
      '/spec/pools/a/volumes/0/hostPath/path',
    ],
    [
      '/spec/pod',
      { pod: { volumes: [{ name: 'v', hostPath: { path: '/etc' } }] } },
      '/spec/pod/volumes/0/hostPath/path',
    ],
    ['/spec/storage', { storage: { hostPath: { path: '/etc' } } }, '/spec/storage/hostPath/path'],
  ])('judges what is at %s', (pointer, spec, at) => {
    const object = json({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec })
    const { results } = evaluate(set(pointer), requestFor(object), {
      namespaceLabels: NO_NAMESPACE_LABELS,
      facts: subjectFacts(),
      unknownNamespaces: 'apply',
    })
    const pointers = results.flatMap(({ outcome }) =>
      outcome.kind === 'violation' ? outcome.findings.map(finding => finding.pointer) : [],
    )
    expect(pointers).toEqual([at])
  })
})
