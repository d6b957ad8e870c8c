import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { problemsIn } from '../../src/injection/pod-types/check.ts'
import { conform } from '../../src/injection/pod-types/conform.ts'
import { container, envVar, volumeMount } from '../../src/injection/pod-types/container.ts'
import { localObjectReference } from '../../src/injection/pod-types/references.ts'
import type { FieldType } from '../../src/injection/pod-types/types.ts'
import { volume } from '../../src/injection/pod-types/volume.ts'
import type { Json } from '../../src/json/value.ts'

/** Every field of a type with what it holds: `Container.args[]`, a tab, `string`. */
function fieldsOf(type: FieldType, path: string): readonly string[] {
  if (type.kind === 'list') return fieldsOf(type.of, `${path}[]`)
  if (type.kind === 'map') return fieldsOf(type.of, `${path}{}`)
  if (type.kind !== 'object') return [`${path}\t${type.kind}`]
  return [...type.fields].flatMap(([name, field]) => fieldsOf(field, `${path}.${name}`))
}

it('knows exactly the fields that k8s.io/api v0.36.3 declares', () => {
  const declared = readFileSync(new URL('../data/core-v1-fields.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  const known = [
    ...fieldsOf(container, 'Container'),
    ...fieldsOf(volume, 'Volume'),
    ...fieldsOf(localObjectReference, 'LocalObjectReference'),
  ]
  expect([...known].sort()).toEqual([...declared].sort())
})

describe('problemsIn', () => {
  const cases: readonly [name: string, value: Json, problems: readonly string[], warnings: readonly string[]][] = [
    ['a sound container', { name: 'c', args: ['a'], ports: [{ containerPort: 80 }], tty: true }, [], []],
    ['null, which is absent', { name: 'c', args: null, ports: [{ containerPort: null }] }, [], []],
    ['a number for a string', { name: 1 }, ['/name must be a string, not a number: quote it'], []],
    ['a boolean for a string', { args: [true] }, ['/args/0 must be a string, not a boolean: quote it'], []],
    ['null in a list', { args: [null] }, ['/args/0 must be a string, not null'], []],
    ['a list for a string', { image: ['a'] }, ['/image must be a string, not a list'], []],
    ['a string for a list', { args: 'a' }, ['/args must be a list, not a string'], []],
    [
      'a string for a number',
      { ports: [{ containerPort: '80' }] },
      ['/ports/0/containerPort must be a whole number, not a string: leave the quotes out'],
      [],
    ],
    ['a fraction', { ports: [{ containerPort: 1.5 }] }, ['/ports/0/containerPort must be a whole number, not 1.5'], []],
    [
      'a number that is too large',
      { securityContext: { runAsUser: 2 ** 60 } },
      ['/securityContext/runAsUser the number is too large to be passed on exactly'],
      [],
    ],
    ['a string for a boolean', { tty: 'true' }, ['/tty must be true or false, not a string'], []],
    [
      'no quantity',
      { resources: { limits: { cpu: 'lots', memory: true, 'x/y': 1 } } },
      [
        '/resources/limits/cpu "lots" is no quantity such as "100m" or "1Gi"',
        '/resources/limits/memory must be a quantity such as "100m" or "1Gi", not a boolean',
      ],
      [],
    ],
    [
      'ports by name and by number',
      { livenessProbe: { httpGet: { port: 'http' } }, readinessProbe: { httpGet: { port: 80 } } },
      [],
      [],
    ],
    [
      'neither a name nor a number',
      { livenessProbe: { httpGet: { port: true } } },
      ['/livenessProbe/httpGet/port must be a whole number or a string, not a boolean'],
      [],
    ],
    [
      'fields that nobody knows, and what is in them',
      { volumeMount: [1], newField: { a: 1 } },
      [],
      [
        '/volumeMount unknown field "volumeMount" (did you mean "volumeMounts"?): it is passed on as it is',
        '/newField unknown field "newField": it is passed on as it is',
      ],
    ],
    [
      'a field in the wrong case',
      { volumemounts: [] },
      [],
      ['/volumemounts unknown field "volumemounts" (did you mean "volumeMounts"?): it is passed on as it is'],
    ],
    ['no object at all', 'c', [' must be an object, not a string'], []],
  ]
  it.each(cases)('finds in %s what the API server would', (_, value, problems, warnings) => {
    const found = problemsIn(value, container)
    expect(found.problems.map(({ pointer, message }) => `${pointer} ${message}`)).toEqual(problems)
    expect(found.warnings.map(({ pointer, message }) => `${pointer} ${message}`)).toEqual(warnings)
  })

  it('begins its pointers with the base', () => {
    const { problems, warnings } = problemsIn({ name: 1, x: 1 }, envVar, '/spec/env/0')
    expect(problems.map(({ pointer }) => pointer)).toEqual(['/spec/env/0/name'])
    expect(warnings.map(({ pointer, part }) => [pointer, part])).toEqual([['/spec/env/0/x', 'key']])
  })

  it('takes the keys of maps as they come', () => {
    const csi = { name: 'v', csi: { driver: 'd', volumeAttributes: { 'a/b': 'x', ['__proto__']: 'y', c: 1 } } }
    expect(problemsIn(csi, volume).problems.map(({ pointer }) => pointer)).toEqual(['/csi/volumeAttributes/c'])
  })
})

describe('conform', () => {
  it('brings field names of any case to the right one, in the order of the value', () => {
    const { value } = conform({ MOUNTPATH: '/a', name: 'v', readonly: true }, volumeMount)
    expect(JSON.stringify(value)).toBe('{"mountPath":"/a","name":"v","readOnly":true}')
  })

  it('leaves out null and unknown fields, and says so of the unknown', () => {
    const { value, warnings } = conform({ name: 'v', subPath: null, mountPth: '/a', toString: 1 }, volumeMount)
    expect(value).toEqual({ name: 'v' })
    expect(warnings.map(({ message }) => message)).toEqual([
      'unknown field "mountPth" (did you mean "mountPath"?): it is left out',
      'unknown field "toString": it is left out',
    ])
  })

  it('spells scalars where a string belongs', () => {
    const { value, spelled } = conform({ args: [true, 1.1, 1e6, 'x', null] }, container)
    expect(value).toEqual({ args: ['true', '1.1', '1000000', 'x', ''] })
    expect(spelled).toEqual([
      { pointer: '/args/0', text: 'true' },
      { pointer: '/args/1', text: '1.1' },
      { pointer: '/args/2', text: '1000000' },
    ])
  })

  it('writes quantities as strings', () => {
    const { value } = conform({ resources: { limits: { cpu: 0.5, memory: '1Gi' } } }, container)
    expect(value).toEqual({ resources: { limits: { cpu: '0.5', memory: '1Gi' } } })
  })

  it('keeps keys of maps that are names of the prototype', () => {
    const attributes = JSON.parse('{"__proto__": "a", "constructor": "b"}') as Json
    const { value } = conform({ csi: { volumeAttributes: attributes } }, volume)
    expect(JSON.stringify(value)).toBe('{"csi":{"volumeAttributes":{"__proto__":"a","constructor":"b"}}}')
  })

  it('leaves strings alone that stand for something else, whatever belongs there', () => {
    const options = { isOpaque: (text: string) => text.startsWith('?') }
    const value = { name: '?', tty: '?', ports: [{ containerPort: '?' }], args: '?' }
    const conformed = conform(value, container, options)
    expect(conformed.value).toEqual(value)
    expect(conformed.problems).toEqual([])
    expect(conformed.warnings).toEqual([
      {
        pointer: '/args',
        part: 'value',
        message: 'a list belongs here: what the template gives is read as YAML, and must be one',
      },
    ])
  })
})
