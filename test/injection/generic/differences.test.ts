import { expect, it } from 'vitest'
import { digest } from '../../../src/cli/documents.ts'
import type { InjectionPlan } from '../../../src/injection/outcome.ts'
import { planInjections } from '../../../src/injection/plan.ts'
import { loadInjections } from '../../../src/injection/set.ts'
import { dig, getList, getString, type Json, type JsonObject } from '../../../src/json/value.ts'
import { NO_NAMESPACE_LABELS } from '../../../src/policy/match.ts'
import { patched } from '../../support/generic/recorded.ts'
import { compare } from '../../support/go-templates/compare.ts'
import { additions, problems } from './files.ts'

const MUTATION = `mutationConfigs:
- {name: t, annotationNamespace: t, annotationTrigger: i, containers: [c], initContainers: [native], volumes: [v], volumeMounts: [v]}
`
const SIDECARS = `containers: [{name: c, image: i}]
volumes: [{name: v, emptyDir: {medium: Memory}}]
volumeMounts: [{name: v, mountPath: /v}]
`

interface Result extends InjectionPlan {
  readonly pod: JsonObject
  readonly notes: readonly string[]
  readonly results: readonly string[]
}

function inject(
  spec: JsonObject,
  { sidecars = SIDECARS, mutations = MUTATION, annotations = {}, namespace = 'shop' }: Partial<Input> = {},
): Result {
  const files = { sidecarFile: 's.yaml', sidecarText: sidecars, mutationFile: 'm.yaml', mutationText: mutations }
  const generic = { ...files, revision: 'r' }
  const options = { excludedNamespaces: ['kube-system', 'kube-node-lease'], digest }
  const { set, problems: wrong } = loadInjections({ documents: [], problems: [], generic }, options)
  if (wrong[0] !== undefined) throw new Error(wrong[0].message)
  const pod = { metadata: { name: 'p', annotations: { 't/i': 'true', ...annotations } }, spec }
  const plan = planInjections({ pod, namespace }, set, { namespaceLabels: NO_NAMESPACE_LABELS })
  return {
    ...plan,
    pod: patched(pod, plan.operations),
    notes: plan.outcomes.flatMap(({ notes }) => notes.map(({ kind }) => kind)),
    results: plan.outcomes.map(({ result }) => result),
  }
}

interface Input {
  readonly sidecars: string
  readonly mutations: string
  readonly annotations: Readonly<Record<string, string>>
  readonly namespace: string
}

const names = (pod: JsonObject, list: string) =>
  getList(dig(pod, 'spec') ?? null, list).map(item => getString(item, 'name'))
const first = (pod: JsonObject, list: string): Json => getList(dig(pod, 'spec') ?? null, list).at(-1) ?? null

it('generic difference order-of-containers: the own containers keep their order', () => {
  const containers = ['a', 'b'].map(name => ({ name, image: 'x' }))
  expect(names(inject({ restartPolicy: 'Always', containers }).pod, 'containers')).toEqual(['a', 'b', 'c'])
})

it('generic difference container-twice: a mutation whose container is taken is left out', () => {
  const { pod, results, notes } = inject({ restartPolicy: 'Always', containers: [{ name: 'c', image: 'mine' }] })
  expect([results, notes, names(pod, 'containers')]).toEqual([['conflict'], ['conflict'], ['c']])
})

it('generic difference mount-path-twice: the mount of the pod is kept', () => {
  const volumeMounts = [{ name: 'own', mountPath: '/v/' }]
  const spec = {
    restartPolicy: 'Always',
    volumes: [{ name: 'own' }],
    containers: [{ name: 'a', image: 'x', volumeMounts }],
  }
  const { pod, notes } = inject(spec)
  expect(dig(getList(dig(pod, 'spec') ?? null, 'containers')[0], 'volumeMounts')).toEqual(volumeMounts)
  expect(notes).toEqual(['conflict'])
})

it('generic difference absent-restart-policy: such a pod is no job', () => {
  const { pod } = inject({ containers: [{ name: 'a', image: 'x' }] })
  expect(names(pod, 'containers')).toEqual(['a', 'c'])
})

it('generic difference annotation-is-text: a number in an annotation stays the text that it is', () => {
  const sidecars = 'containers: [{name: c, image: i, env: [{name: A, value: {% .Annotations.a %}}]}]'
  const { pod } = inject({ containers: [{ name: 'a', image: 'x' }] }, { sidecars, annotations: { a: '007' } })
  expect(dig(first(pod, 'containers'), 'env')).toEqual([{ name: 'A', value: '007' }])
})

it('generic difference annotation-breaks-yaml: quotes and colons are text, and who does not ask is not rendered', () => {
  const sidecars = 'containers: [{name: c, image: i, env: [{name: A, value: "{% .Annotations.a %}"}]}]'
  const spec = { containers: [{ name: 'a', image: 'x' }] }
  const { pod } = inject(spec, { sidecars, annotations: { a: 'a"b: [' } })
  expect(dig(first(pod, 'containers'), 'env')).toEqual([{ name: 'A', value: 'a"b: [' }])
  const failing = 'containers: [{name: c, image: i, tty: {% .Annotations.a %}}]'
  const asked = inject(spec, { sidecars: failing, annotations: { a: 'no bool' } })
  expect(asked.denial?.message).toContain('must be true or false')
  expect(inject(spec, { sidecars: failing, annotations: { a: 'no bool', 't/i': 'no' } }).denial).toBeUndefined()
  const allowed = MUTATION.replace('name: t,', 'name: t, onFailure: Allow,')
  const without = inject(spec, { sidecars: failing, mutations: allowed, annotations: { a: 'no bool' } })
  expect([without.denial, without.results, without.notes]).toEqual([undefined, ['render-failed'], ['failed']])
})

it('generic difference leaked-mount-fields: each annotation of mounts is read by itself', () => {
  const annotations = {
    'example.com/first': '[{"name":"v","mountPath":"/1","readOnly":true}]',
    'example.com/second': '[{"name":"v","mountPath":"/2"}]',
  }
  const sidecars = 'initContainers: [{name: i, image: a}]\ncontainers: [{name: c, image: a}]\n'
  expect(additions(sidecars, { annotations }).containers[0]).toMatchObject({
    volumeMounts: [
      { name: 'v', mountPath: '/1', readOnly: true },
      { name: 'v', mountPath: '/2' },
    ],
  })
})

it('generic difference newer-fields: a native sidecar stays one', () => {
  const sidecars = 'initContainers: [{name: native, image: i, restartPolicy: Always}]'
  const { pod } = inject({ containers: [{ name: 'a', image: 'x' }] }, { sidecars })
  expect(first(pod, 'initContainers')).toEqual({ name: 'native', image: 'i', restartPolicy: 'Always' })
})

it('generic difference status-is-checked: a forged status keeps nothing out, and a changed image is drift', () => {
  const annotations = { 't/status': 'injected' }
  const spec = { restartPolicy: 'Always', containers: [{ name: 'a', image: 'x' }] }
  expect(names(inject(spec, { annotations }).pod, 'containers')).toEqual(['a', 'c'])
  const mirrored = { name: 'c', image: 'mirror.example.com/i@sha256:0' }
  const again = inject({ ...spec, containers: [...spec.containers, mirrored] }, { annotations })
  expect([again.results, again.notes]).toEqual([['injected'], ['drift']])
  expect(first(again.pod, 'containers')).toEqual(mirrored)
})

it('generic difference mounts-are-complete: a mount without a path refuses the pod', () => {
  const mutations = MUTATION.replace(
    'containers:',
    'annotationConfig: {volumeMounts: [{name: m, containerRefs: [c]}]}, containers:',
  )
  const spec = { containers: [{ name: 'a', image: 'x' }] }
  const { denial } = inject(spec, { mutations, annotations: { 't/m': '[{"name":"v"}]' } })
  expect(denial?.message).toContain('has no mountPath')
})

it('generic difference protected-namespaces: nothing is injected there, nor into mirror pods', () => {
  const spec = { containers: [{ name: 'a', image: 'x' }] }
  expect(inject(spec, { namespace: 'kube-node-lease' }).results).toEqual(['excluded-namespace'])
  expect(inject(spec, { annotations: { 'kubernetes.io/config.mirror': 'x' } }).results).toEqual(['mirror-pod'])
})

it('generic difference empty-file: an empty sidecar file is refused', () => {
  expect(problems('# nothing\n')).toEqual(['sidecars.yaml:1:1: the file is empty'])
})

it('generic difference field-names: a template is no name of a field and no whole entry', () => {
  expect(problems('containers: [{name: c, "{% .Annotations.a %}": x}]')).toHaveLength(1)
  expect(problems('containers: {% .Annotations.a %}')).toHaveLength(1)
})

it("the pod's own volume is kept, as by the original, and mounted", () => {
  const spec = {
    restartPolicy: 'Always',
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [{ name: 'a', image: 'x' }],
  }
  const { pod, results, notes } = inject(spec)
  expect([results, notes]).toEqual([['injected'], ['volume-kept']])
  expect(dig(pod, 'spec', 'volumes')).toEqual([{ name: 'v', emptyDir: {} }])
  expect(names(pod, 'containers')).toEqual(['a', 'c'])
})

it("in a job, a container of a sidecar's name is the pod's own and gets the mounts", () => {
  const { pod } = inject({ restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'mine' }] })
  const mounted = { name: 'c', image: 'mine', volumeMounts: [{ name: 'v', mountPath: '/v' }] }
  expect(dig(pod, 'spec', 'containers')).toEqual([mounted])
})

it('what mounts a volume that is missing is injected, as by the original, with a warning', () => {
  const sidecars = 'containers: [{name: c, image: i, volumeMounts: [{name: fqdn, mountPath: /f}]}]'
  const { pod, notes } = inject({ restartPolicy: 'Always', containers: [{ name: 'a', image: 'x' }] }, { sidecars })
  expect([names(pod, 'containers'), notes]).toEqual([['a', 'c'], ['start']])
})

it('a pod on Windows is injected if it asks, as by the original', () => {
  const spec = { restartPolicy: 'Always', os: { name: 'windows' }, containers: [{ name: 'a', image: 'x' }] }
  expect(inject(spec).results).toEqual(['injected'])
})

it('templates with names are rendered', () => {
  const sidecars = `{% define "img" %}repo/{% . %}:1{% end %}
containers:
- name: c
  image: "{% template "img" "logger" %}"
`
  const { pod } = inject({ restartPolicy: 'Always', containers: [{ name: 'a', image: 'x' }] }, { sidecars })
  expect(first(pod, 'containers')).toEqual({ name: 'c', image: 'repo/logger:1' })
})

it('a ConfigMap in place of a file is refused with what to do', () => {
  const data = 'data: {sidecarconfig.yaml: "containers: []"}'
  const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm, namespace: ns}\n${data}\n`
  expect(problems(text)).toEqual([
    'sidecars.yaml:1:1: this is a ConfigMap, which holds the file as a text under data ("sidecarconfig.yaml"): mount it as a volume and name the file in it, or write the text into a file of its own: kubectl get configmap cm -n ns -o jsonpath=\'{.data.sidecarconfig\\.yaml}\'',
  ])
  expect(problems(SIDECARS, text)).toHaveLength(1)
})

it('onFailure takes Allow and Deny only', () => {
  expect(problems(SIDECARS, MUTATION.replace('name: t,', 'name: t, onFailure: Skip,'))).toEqual([
    'mutations.yaml:2:24: must be Allow or Deny',
  ])
})

/** Compares one template with a recorded answer of Go. */
function agreement(
  template: string,
  go: { readonly text?: string; readonly error?: string; readonly isBroken?: boolean },
) {
  return compare({ template, annotations: { a: 'x' }, serviceAccountName: '' }, go)
}

it('generic difference absent-annotation: it is empty', () => {
  expect(agreement('[{% .Annotations.b %}]', { text: '[<no value>]' })).toBe('absent annotation')
  expect(agreement('[{% index .Annotations "b" %}]', { text: '[]' })).toBe('same text')
})

it('generic difference bounded-work: what goes on for too long fails', () => {
  expect(agreement('{% range 100000 %}x{% end %}', { text: 'x'.repeat(100_000) })).toBe('bounds')
})

it('generic difference no-addresses: %p of a map fails', () => {
  expect(agreement('{% printf "%p" .Annotations %}', { text: '0xc000123456' })).toBe('address')
})

it('generic difference whole-characters: half a character fails', () => {
  expect(agreement('{% slice "é" 0 1 %}', { text: '\uFFFD', isBroken: true })).toBe('broken text')
  expect(agreement('{% "\\xff" %}', { text: '\uFFFD', isBroken: true })).toBe('broken text')
})

it('generic difference strict-yaml: fromYaml refuses what is behind a value', () => {
  expect(agreement('{% fromYaml "{a: 1}(" %}', { text: 'map[a:1]' })).toBe('yaml')
})

it('generic difference slice-positions: slice takes a position out of a list', () => {
  const error = 'error calling slice: cannot index slice/array with type interface {}'
  expect(agreement('{% slice "abc" (fromYaml "{a: 1}").a %}', { error })).toBe('slice position')
})

it('generic difference no-methods: times have none, and numbers are not complex', () => {
  expect(agreement('{% .CreationTimestamp.Year %}', { error: 'none here' })).toBe('both refuse')
  expect(agreement('{% 1i %}', { error: 'none here' })).toBe('both refuse')
})
