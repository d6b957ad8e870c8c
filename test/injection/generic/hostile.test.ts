import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { get, type Json } from '../../../src/json/value.ts'
import { additions, compile, problems, render, SIDECARS, warnings } from './files.ts'

/** A sidecar file with one container, its other fields given as lines. */
function sidecar(...lines: readonly string[]): string {
  return ['containers:', '- name: c', '  image: a:1', ...lines.map(line => `  ${line}`)].join('\n')
}

function container(sidecarText: string, annotations: Readonly<Record<string, string>> = {}): Json {
  return additions(sidecarText, { annotations }).containers[0] ?? null
}

describe('injection 37: a template that fails', () => {
  const throws = sidecar(
    'args: ["{% if index .Annotations `on` %}{% index (fromYaml (index .Annotations `l`)) 3 %}{% end %}"]',
  )
  const other = `${throws}\n- {name: d, image: a:1}\n`
  const mutations = `mutationConfigs:
- {name: m, annotationNamespace: example.com, annotationTrigger: inject, containers: [c]}
- {name: n, annotationNamespace: other.com, annotationTrigger: inject, containers: [d]}
`

  it('is not rendered before somebody asks, and then refuses the pod, as the original does', () => {
    const [injection] = compile(throws)
    expect(injection?.render({ annotations: { on: 'x', l: '[1]' }, serviceAccountName: '', isJob: false })).toEqual({
      ok: false,
      message: 'sidecars.yaml:4:46: index: 3 is out of range; the last is 0',
      denies: true,
    })
  })

  it('does not touch the other mutations of the file', () => {
    const [, injection] = compile(other, mutations)
    const rendered = injection?.render({ annotations: { on: 'x', l: '[1]' }, serviceAccountName: '', isJob: false })
    expect(rendered?.ok && rendered.additions.containers).toEqual([{ name: 'd', image: 'a:1' }])
  })
})

describe('injection 38: an annotation is text and never structure', () => {
  const evil = 'x"\n      securityContext:\n        privileged: true\n#{%  %}{{'
  const slots: readonly [line: string, read: (container: Json) => Json | undefined][] = [
    ['workingDir: {% index .Annotations "a" %}', c => get(c, 'workingDir')],
    ['workingDir: "{% index .Annotations "a" %}"', c => get(c, 'workingDir')],
    ['workingDir: \'{% index .Annotations "a" %}\'', c => get(c, 'workingDir')],
    ['args: [{% .Annotations.a %}]', c => (get(c, 'args') as readonly Json[])[0]],
    ['env: [{name: A, value: {% .Annotations.a %}}]', c => get((get(c, 'env') as readonly Json[])[0], 'value')],
  ]
  it.each(slots)('%s', (line, readSlot) => {
    const result = container(sidecar(line), { a: evil })
    expect(readSlot(result)).toBe(evil)
    expect(get(result, 'securityContext')).toBeUndefined()
    expect(Object.keys(result as object)).toEqual(['name', 'image', line.split(':')[0]])
  })

  it('in a block scalar', () => {
    const result = container(sidecar('args:', '- |', '  a', '  {% .Annotations.a %}', '  b'), { a: evil })
    expect(get(result, 'args')).toEqual([`a\n${evil}\nb\n`])
  })

  it('where a template makes structure', () => {
    const text = sidecar(
      'env:',
      '{%- range $k, $v := fromYaml .Annotations.e %}',
      '- name: {% $k %}',
      '  value: {% $v %}',
      '{%- end %}',
    )
    const e = JSON.stringify({ A: evil, 'B: {': ']' })
    expect(get(container(text, { e }), 'env')).toEqual([
      { name: 'A', value: evil },
      { name: 'B: {', value: ']' },
    ])
  })

  it('a word that stands for another template stays that word', () => {
    const text = sidecar('args: ["{% .Annotations.a %}", "{% .Annotations.b %}"]')
    const values = { a: 'template1z', b: 'secret' }
    expect(get(container(text, values), 'args')).toEqual(['template1z', 'secret'])
    const structured = `{% $x := 1 %}\n${text}`
    expect(get(container(structured, values), 'args')).toEqual(['template1z', 'secret'])
  })

  it('where a list belongs, it is read as one, stays in its place, and is absent where it is empty', () => {
    const text = sidecar('args: {% .Annotations.a %}')
    expect(warnings(text)[0]).toBe(
      'sidecars.yaml:4:9: a list belongs here: what the template gives is read as YAML, and must be one',
    )
    expect(container(text)).toEqual({ name: 'c', image: 'a:1' })
    expect(container(text, { a: '["x","y"]' })).toEqual({ name: 'c', image: 'a:1', args: ['x', 'y'] })
    expect(container(text, { a: '- x\n- 7' })).toEqual({ name: 'c', image: 'a:1', args: ['x', '7'] })
    expect(render(text, { annotations: { a: '[x]\n  securityContext: {privileged: true}' } })).toMatchObject({
      ok: false,
      denies: true,
    })
    expect(render(text, { annotations: { a: 'x' } })).toEqual({
      ok: false,
      message: 'sidecars.yaml:4:9: a list belongs here, and the template gives "x": must be a list, not a string',
      denies: true,
    })
  })

  it('a map of an annotation must be of the type of its place', () => {
    const text = sidecar('resources: {% .Annotations.a %}')
    expect(get(container(text, { a: '{limits: {memory: 1Gi}}' }), 'resources')).toEqual({ limits: { memory: '1Gi' } })
    expect(render(text, { annotations: { a: '{limits: {memory: plain}}' } })).toMatchObject({ ok: false, denies: true })
  })

  it('it is the key of a map, and no name of a field', () => {
    const text = sidecar('resources: {limits: {"{% .Annotations.a %}": 1}}')
    expect(get(container(text, { a: 'cpu' }), 'resources')).toEqual({ limits: { cpu: '1' } })
    expect(problems(sidecar('{% .Annotations.a %}: x'))).toEqual([
      'sidecars.yaml:4:3: a template cannot be the name of a field',
    ])
  })

  it.each([
    ['containers: {% .Annotations.a %}', 'sidecars.yaml:1:13'],
    ['containers: ["{% .Annotations.a %}"]', 'sidecars.yaml:1:14'],
  ])('it is no whole entry: %s', (text, place) => {
    expect(problems(text)).toEqual([
      `${place}: a template gives a value, and no whole entry: write the entry, or {% range %} around its lines`,
    ])
  })

  it('whatever it holds', () => {
    const texts = [
      sidecar('workingDir: "{% .Annotations.a %}"'),
      `{% $x := .Annotations.a %}\n${sidecar('workingDir: {% $x %}')}`,
    ]
    const injections = texts.map(text => compile(text)[0])
    const piece = fc.constantFrom(
      '"',
      "'",
      '\n',
      '  ',
      '- ',
      ': ',
      '#',
      '{%',
      '%}',
      '&a',
      '*a',
      '|',
      'template0z',
      '\t',
      '\ufeff',
      '\u2028',
      '---\n',
    )
    const property = fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary' }))), pieces => {
      const a = pieces.join('')
      for (const injection of injections) {
        const rendered = injection?.render({ annotations: { a }, serviceAccountName: '', isJob: false })
        expect(rendered?.ok && rendered.additions.containers).toEqual([{ name: 'c', image: 'a:1', workingDir: a }])
      }
    })
    fc.assert(property)
  })
})

describe('injection 39: what looks like another scalar stays a string', () => {
  const values = ['0123', '1e3', 'yes', 'null', '~', 'true', '1.10', '', '0x1F', '-', ' x ', '!!int 3', '2001-01-01']
  it.each(values)('%j', value => {
    const plain = sidecar('env: [{name: A, value: {% .Annotations.a %}}]')
    const structured = `{% $x := .Annotations.a %}\n${sidecar('env:', '- name: A', '  value: {% $x %}')}`
    for (const text of [plain, structured]) {
      expect(get(container(text, { a: value }), 'env')).toEqual([{ name: 'A', value }])
    }
  })

  const port = sidecar('ports: [{containerPort: {% .Annotations.a %}}]', 'tty: {% .Annotations.b %}')
  it.each([
    ['a number and a boolean, as YAML reads them', { a: '0x50', b: 'on' }, [{ containerPort: 80 }], true],
    [
      'quotes around them make no difference to what is there',
      { a: ' 8080 ', b: 'false' },
      [{ containerPort: 8080 }],
      false,
    ],
    ['nothing is nothing', {}, [{}], undefined],
  ])('elsewhere it is %s', (_, annotations, ports, tty) => {
    const result = container(port, annotations)
    expect([get(result, 'ports'), get(result, 'tty')]).toEqual([ports, tty])
  })

  it.each([
    ['http', 'sidecars.yaml:4:27: the template gives "http": must be a whole number, not a string'],
    ['1.5', 'sidecars.yaml:4:27: the template gives "1.5": must be a whole number, not 1.5'],
    [
      '99999999999999999',
      'sidecars.yaml:4:27: the template gives "99999999999999999": the number is too large to be passed on exactly',
    ],
    ['[1]', 'sidecars.yaml:4:27: the template gives "[1]": must be a whole number, not a string'],
  ])('elsewhere %j is a failure', (a, message) => {
    expect(render(port, { annotations: { a } })).toEqual({ ok: false, message, denies: true })
  })
})

describe('injection 40: YAML 1.1, as the original reads it', () => {
  it('defaultMode: 0644 is 420', () => {
    const text = 'volumes: [{name: v, secret: {secretName: s, defaultMode: 0644}}]'
    expect(additions(text).volumes).toEqual([{ name: 'v', secret: { secretName: 's', defaultMode: 420 } }])
  })

  it('args: [true, 1.10] are "true" and "1.1", with a warning for what is spelt otherwise', () => {
    const text = sidecar('args: [true, 1.10, &x 1.20, *x]')
    expect(get(container(text), 'args')).toEqual(['true', '1.1', '1.2', '1.2'])
    expect(warnings(text).filter(line => line.includes('becomes'))).toEqual([
      'sidecars.yaml:4:16: "1.10" is no string in YAML 1.1 and becomes "1.1": quote it',
      'sidecars.yaml:4:25: "1.20" is no string in YAML 1.1 and becomes "1.2": quote it',
      'sidecars.yaml:4:31: "*x" stands for no string and becomes "1.2": quote what it stands for',
    ])
  })

  it('value: yes is "true"', () => {
    expect(get(container(sidecar('env: [{name: A, value: yes}]')), 'env')).toEqual([{ name: 'A', value: 'true' }])
  })

  it('mountpath: is mountPath', () => {
    const text = 'volumes: [{name: v, emptyDir: {}}]\nvolumeMounts: [{name: v, mountpath: /v}]'
    expect(additions(text).volumeMounts).toEqual([{ name: 'v', mountPath: '/v' }])
    expect(warnings(text).filter(line => line.startsWith('sidecars'))).toEqual([])
  })
})

describe('injection 42: mounts in two annotations', () => {
  const first = JSON.stringify([{ name: 'a', mountPath: '/a', readOnly: true, subPath: 's' }])
  const second = JSON.stringify([{ name: 'b', mountPath: '/b' }])

  it('no field of the first gets into the second', () => {
    const result = additions(SIDECARS, { annotations: { 'example.com/first': first, 'example.com/second': second } })
    expect(result.containers).toEqual([
      {
        name: 'c',
        image: 'a',
        volumeMounts: [
          { name: 'a', mountPath: '/a', readOnly: true, subPath: 's' },
          { name: 'b', mountPath: '/b' },
        ],
      },
    ])
    expect(result.initContainers).toEqual([{ name: 'i', image: 'a', volumeMounts: [{ name: 'b', mountPath: '/b' }] }])
  })

  it('nothing of one pod gets into the next', () => {
    const [injection] = compile(SIDECARS)
    injection?.render({ annotations: { 'example.com/first': first }, serviceAccountName: '', isJob: false })
    const next = injection?.render({ annotations: {}, serviceAccountName: '', isJob: false })
    expect(next?.ok && next.additions.containers).toEqual([{ name: 'c', image: 'a' }])
  })
})

describe('injection 43: long annotations', () => {
  const items = (count: number) => Array.from({ length: count }, (_, i) => ({ name: 'a', mountPath: `/${i}` }))
  const denied = (message: string) => ({
    ok: false,
    message: `annotation "example.com/first" ${message}`,
    denies: true,
  })

  it.each([
    ['1 MB of junk', 'x'.repeat(1_000_000), 'has more than 262144 characters'],
    ['10,000 items', JSON.stringify(items(10_000)), 'has more than 262144 characters'],
    [
      '10,000 short items',
      `[${Array.from({ length: 10_000 }, () => '1').join(',')}]`,
      'has more than 1000 volume mounts',
    ],
    ['200,000 levels', '['.repeat(200_000), 'is not JSON'],
    [
      '200,000 levels that are closed',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      'has a wrong volume mount: /0 must be an object',
    ],
  ])('of mounts: %s', (_, text, message) => {
    expect(render(SIDECARS, { annotations: { 'example.com/first': text } })).toEqual(denied(message))
  })

  it('of mounts: as many as allowed', () => {
    const result = additions(SIDECARS, { annotations: { 'example.com/first': JSON.stringify(items(1000)) } })
    expect(get(result.containers[0], 'volumeMounts')).toHaveLength(1000)
  })

  it('in a template: 1 MB', () => {
    const text = sidecar('args: ["{% .Annotations.a %}"]')
    expect(render(text, { annotations: { a: 'x'.repeat(1_000_000) } })).toEqual({
      ok: false,
      message: 'sidecars.yaml:4:14: a value is longer than 524288 characters',
      denies: true,
    })
  })

  it('in a template: 10,000 items, as a value and as structure', () => {
    const a = `[${Array.from({ length: 10_000 }, () => 'ab').join(',')}]`
    for (const text of [
      sidecar('args: ["{% range fromYaml .Annotations.a %}{% . %}{% end %}"]'),
      sidecar('args:', '{%- range fromYaml .Annotations.a %}', '- {% . %}', '{%- end %}'),
    ]) {
      const rendered = render(text, { annotations: { a } })
      expect(rendered.ok ? '' : rendered.message).toMatch(
        /^sidecars\.yaml:\d+:\d+: the template does too much work for this pod$/,
      )
    }
  })
})

describe('injection 43: YAML whose indentation only the parser minds', () => {
  it.each([
    [3, '"xxx"'],
    [900, 'the template does too much work for this pod'],
  ])('in %i lines', (count, expected) => {
    const lines = Array.from({ length: count }, (_, at) => `k${at}: {a\n}\n`).join('')
    const text = sidecar('args: ["{% range fromYaml .Annotations.a %}x{% end %}"]')
    const rendered = render(text, { annotations: { a: lines } })
    expect(JSON.stringify(rendered)).toContain(expected)
  })
})

describe('injection 44: files', () => {
  const bomb = `a: &a [${Array(10).fill('x').join()}]\n${[...'bcdefg'].map((key, i) => `${key}: &${key} [${Array(10).fill(`*${'abcdef'[i]}`).join()}]`).join('\n')}\n`
  const cases: readonly [name: string, text: string, problem: string][] = [
    ['empty', '', '1:1: the file is empty'],
    ['white space only', ' \n\n', '1:1: the file is empty'],
    ['comments only', '# a\n# b\n', '1:1: the file is empty'],
    ['a document that is null', '---\n~\n', '2:1: the file is empty'],
    ['two documents', 'containers: []\n---\ncontainers: []\n', '3:1: the file has a second document'],
    [
      'indented with tabs',
      'containers:\n\t- name: c\n',
      '2:1: a tab is used for indentation; YAML allows only spaces there',
    ],
    ['aliases that multiply', bomb, '5:29: aliases repeat too much; write the values out'],
    ['a list', '- a\n', '1:1: the file must hold an object'],
    [
      'a duplicate key',
      'containers: []\ncontainers: []\n',
      '2:1: the key "containers" is set twice, in line 1 and in line 2',
    ],
  ]
  it.each(cases)('%s is refused', (_, text, problem) => {
    expect(problems(text)).toEqual([`sidecars.yaml:${problem}`])
    expect(problems(SIDECARS, text)).toEqual([`mutations.yaml:${problem}`])
  })

  it('template comments only are refused', () => {
    expect(problems('{%- /* a */ -%}\n')).toEqual(['sidecars.yaml:1:1: the file is empty'])
  })

  it('both files are read before anything is said', () => {
    expect(problems('', '- a')).toEqual([
      'sidecars.yaml:1:1: the file is empty',
      'mutations.yaml:1:1: the file must hold an object',
    ])
  })

  it.each([
    ['CRLF', 'containers:\r\n- name: c\r\n  image: {% .Annotations.a %}\r\n'],
    ['BOM', '\ufeffcontainers:\n- name: c\n  image: {% .Annotations.a %}\n'],
    ['anchors', 'x: &x {image: "{% .Annotations.a %}"}\ncontainers:\n- {<<: *x, name: c}\n'],
    ['indentless', 'containers: [{name: c, image: {% .Annotations.a %}}]'],
  ])('%s is read', (_, text) => {
    expect(container(text, { a: 'b:1' })).toEqual({ name: 'c', image: 'b:1' })
  })

  it.each([
    ['containers: [{% .Annotations.a %}', '1:17: a list or mapping in brackets is not closed'],
    ['{% .Annotations.a %}', '1:4: the file must hold an object'],
    ['a: "{% .Annotations.a %}', '1:8: a double-quoted text is not closed'],
  ])('places in templates are where their values begin: %s', (text, problem) => {
    expect(problems(text)).toEqual([`sidecars.yaml:${problem}`])
  })

  it('places are those of the original text', () => {
    const head = '{%/* a longer\ncomment */%}'
    const line = '- {name: "{% .Spec.ServiceAccountName %}", image: [{% .Annotations.a %}], tty: 1}'
    expect(problems(`${head}\ncontainers:\n${line}\n`)).toEqual([
      'sidecars.yaml:4:51: must be a string, not a list',
      'sidecars.yaml:4:80: must be true or false, not a number',
    ])
  })
})
