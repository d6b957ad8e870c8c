import { describe, expect, it } from 'vitest'
import { get } from '../../../src/json/value.ts'
import { additions, compile, MUTATIONS, problems, render, SIDECARS, warnings } from './files.ts'

const FIRST = 'example.com/first'

describe('mounts that a pod asks for in an annotation', () => {
  it('are appended to the containers that they are for, with the fields that a mount has', () => {
    const text =
      '[{"NAME": "a", "mountpath": "/a", "readOnly": true, "recursiveReadOnly": "Enabled", "x": {"y": 1}, "subPath": null}]'
    const sidecars = 'containers: [{name: c, image: a, volumeMounts: [{name: v, mountPath: /v}]}, {name: d, image: a}]'
    const mutations = MUTATIONS.replace('  containers: [c]', '  containers: [c, d]')
    expect(additions(sidecars, { annotations: { [FIRST]: text } }, mutations).containers).toEqual([
      {
        name: 'c',
        image: 'a',
        volumeMounts: [
          { name: 'v', mountPath: '/v' },
          { name: 'a', mountPath: '/a', readOnly: true, recursiveReadOnly: 'Enabled' },
        ],
      },
      { name: 'd', image: 'a' },
    ])
  })

  it.each([
    ['no JSON', '[{]', 'is not JSON'],
    ['nothing', '', 'is not JSON'],
    ['a trailing comma', '[{"name": "a", "mountPath": "/a",}]', 'is not JSON'],
    ['an object', '{}', 'must be a list of volume mounts'],
    ['a list of lists', '[[]]', 'has a wrong volume mount: /0 must be an object'],
    ['null in the list', '[null]', 'has a wrong volume mount: /0 must be an object'],
    [
      'a number',
      '[{"name": "a", "mountPath": 1}]',
      'has a wrong volume mount: /0/mountPath must be a string, not a number: quote it',
    ],
    [
      'a string for a boolean',
      '[{"name": "a", "readOnly": "true"}]',
      'has a wrong volume mount: /0/readOnly must be true or false, not a string',
    ],
    ['no name', '[{"name": "a", "mountPath": "/a"}, {"mountPath": "/b"}]', 'has a wrong volume mount: /1 has no name'],
    ['no path', '[{"name": "a", "mountPath": ""}]', 'has a wrong volume mount: /0 has no mountPath'],
    ['a prototype', '[{"__proto__": {"name": "a", "mountPath": "/a"}}]', 'has a wrong volume mount: /0 has no name'],
    [
      'one path twice',
      '[{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/a"}]',
      'mounts "/a" of container "c" a second time',
    ],
  ])('deny the pod: %s', (_, text, message) => {
    expect(render(SIDECARS, { annotations: { [FIRST]: text } })).toEqual({
      ok: false,
      message: `annotation "${FIRST}" ${message}`,
      denies: true,
    })
  })

  it.each(['null', '[]', ' [ ] '])('%j asks for nothing', text => {
    expect(additions(SIDECARS, { annotations: { [FIRST]: text } }).containers).toEqual([{ name: 'c', image: 'a' }])
  })

  it('an annotation that is a name of the prototype is not there', () => {
    const mutations = MUTATIONS.replace('annotationNamespace: example.com', 'annotationNamespace: ""').replace(
      'first',
      'toString',
    )
    expect(render(SIDECARS, {}, mutations).ok).toBe(true)
  })
})

describe('implementsSidecarLifecycle', () => {
  const mutations = `${MUTATIONS}  implementsSidecarLifecycle: true\n`
  const mount = { name: 'sidecar-lifecycle', mountPath: '/var/run/sidecar-lifecycle' }

  it('gives a job the volume, and mounts to the injected containers and the own ones, not to injected init containers', () => {
    const { initContainers, containers, volumes, volumeMounts } = additions(SIDECARS, { isJob: true }, mutations)
    expect({ initContainers, containers, volumes, volumeMounts }).toEqual({
      initContainers: [{ name: 'i', image: 'a' }],
      containers: [{ name: 'c', image: 'a', volumeMounts: [mount] }],
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'sidecar-lifecycle', emptyDir: {} },
      ],
      volumeMounts: [{ name: 'v', mountPath: '/v' }, mount],
    })
  })

  it('keeps what mounts such a volume already', () => {
    const own = { name: 'sidecar-lifecycle', mountPath: '/own' }
    const sidecars = `containers: [{name: c, image: a, volumeMounts: [${JSON.stringify(own)}]}]
volumes: [{name: sidecar-lifecycle, hostPath: {path: /x}}]
volumeMounts: [${JSON.stringify(own)}]`
    const names = mutations.replaceAll('[v]', '[sidecar-lifecycle]')
    const { containers, volumes, volumeMounts } = additions(sidecars, { isJob: true }, names)
    expect([get(containers[0], 'volumeMounts'), volumes, volumeMounts]).toEqual([
      [own],
      [{ name: 'sidecar-lifecycle', hostPath: { path: '/x' } }],
      [own],
    ])
  })

  it.each([
    ['a pod that is no job', { isJob: false }, mutations],
    ['a pod of which that is not known', {}, mutations],
    ['a mutation that does not implement it', { isJob: true }, MUTATIONS],
  ])('changes nothing for %s', (_, pod, mutationText) => {
    expect(additions(SIDECARS, pod, mutationText).volumes).toEqual([{ name: 'v', emptyDir: {} }])
  })

  it.each([
    [mutations, 'Always'],
    [MUTATIONS, 'NativeOnly'],
  ])('decides which jobs get containers', (mutationText, jobs) => {
    expect(compile(SIDECARS, mutationText)[0]?.jobs).toBe(jobs)
  })
})

describe('a file that makes structure', () => {
  const text = `containers:
{%- if .Annotations.a %}
- name: c
  image: {% .Annotations.a %}
{%- end %}
{%- if eq .Annotations.b "1" %}
- name: c
  tty: 1
{%- end %}
{%- if eq .Annotations.b "2" %}
 - x: [
{%- end %}
`
  it('is read for each pod', () => {
    expect(additions(text, { annotations: { a: 'x:1' } }).containers).toEqual([{ name: 'c', image: 'x:1' }])
    expect(additions(text).containers).toEqual([])
  })

  it.each([
    ['1', 'sidecars.yaml:8:8: for this pod the file is wrong: must be true or false, not a number'],
    ['2', 'sidecars.yaml:13:1: for this pod the file is wrong: a list or mapping in brackets is not closed'],
  ])('may be wrong for a pod', (b, message) => {
    expect(render(text, { annotations: { b } })).toEqual({ ok: false, message, denies: true })
  })

  it.each([
    ['in comments', 'containers:\n# {% if .Annotations.a %}\n- {name: c, image: a}\n# {% end %}\n'],
    ['in two scalars', 'containers:\n- {name: c, image: "{% if .Annotations.a %}a", workingDir: "{% end %}"}\n'],
    ['over a variable', '# {% $x := .Annotations.a %}\ncontainers: [{name: c, image: "{% $x %}"}]\n'],
  ])('is one too where its blocks stand %s', (_, structured) => {
    expect(warnings(structured)[0]).toMatch(/^sidecars\.yaml:\d:\d+: this template makes structure/)
    const one = additions(structured, { annotations: { a: 'a' } }).containers
    expect(one.map(container => get(container, 'image'))).toEqual(['a'])
    expect(additions(structured)).not.toEqual(additions(structured, { annotations: { a: 'a' } }))
  })

  it('and must be right for a pod without annotations', () => {
    expect(problems('{% if not .Annotations.a %}\ncontainers: [{name: c, tty: 1}]\n{% end %}')).toEqual([
      'sidecars.yaml:2:29: must be true or false, not a number',
    ])
  })
})

it('native sidecars and other fields of today pass through', () => {
  const sidecars = `initContainers:
- {name: i, image: a, restartPolicy: Always, securityContext: {appArmorProfile: {type: Unconfined}}}
volumes: [{name: v, image: {reference: a}}]
volumeMounts: [{name: v, mountPath: /v, readOnly: true, recursiveReadOnly: Enabled}]`
  const { initContainers, volumes, volumeMounts } = additions(sidecars)
  expect([initContainers, volumes, volumeMounts]).toEqual([
    [{ name: 'i', image: 'a', restartPolicy: 'Always', securityContext: { appArmorProfile: { type: 'Unconfined' } } }],
    [{ name: 'v', image: { reference: 'a' } }],
    [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: 'Enabled' }],
  ])
})

it('entries without templates are the same objects for every pod', () => {
  const [injection] = compile(SIDECARS)
  const pods = ['a', 'b'].map(serviceAccountName =>
    injection?.render({ annotations: {}, serviceAccountName, isJob: false }),
  )
  const [a, b] = pods.map(rendered => (rendered?.ok ? rendered.additions.containers[0] : undefined))
  expect(a).toBeDefined()
  expect(a).toBe(b)
})
