import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { crdFiles } from '../../scripts/crds.ts'
import { customResourceDefinitions } from '../../src/controller/crds.ts'
import { structuralSchema } from '../../src/controller/structural-schema.ts'
import { isObject, type Json } from '../../src/json/value.ts'

describe('the CustomResourceDefinitions', () => {
  it('in the chart are those of the schemas: `npm run crds` writes them anew', () => {
    const files = crdFiles()
    expect(readdirSync('charts/portcullis/files/crds').sort()).toEqual([...files.keys()].sort())
    for (const [name, text] of files) expect(readFileSync(`charts/portcullis/files/crds/${name}`, 'utf8')).toBe(text)
  })

  it('say of every field of a document what it is for', () => {
    for (const crd of customResourceDefinitions()) {
      const spec = JSON.parse(JSON.stringify(crd)).spec.versions[0].schema.openAPIV3Schema.properties.spec
      const bare = Object.entries(spec.properties as Record<string, { description?: string }>)
      expect(
        bare.filter(
          ([name, field]) => field.description === undefined && !/^(matchConditions|validations)$/.test(name),
        ),
      ).toEqual([])
    }
  })

  it('show in a list whether each document compiles and is enforced, and no time that may be ahead as an age', () => {
    for (const crd of customResourceDefinitions()) {
      const { names, versions } = JSON.parse(JSON.stringify(crd)).spec
      const columns = versions[0].additionalPrinterColumns as { name: string; type: string; jsonPath: string }[]
      expect(columns[0]?.jsonPath).toBe('.status.conditions[?(@.type=="Compiled")].status')
      const isRollout = names.kind === 'CanaryRollout'
      expect(columns.some(({ name }) => name === (isRollout ? 'Phase' : 'Enforced'))).toBe(true)
      // kubectl prints how long ago a date was, and <invalid> for one that is ahead.
      const dates = columns.filter(({ type }) => type === 'date').map(({ jsonPath }) => jsonPath)
      expect(dates).toEqual([...(isRollout ? ['.status.since'] : []), '.metadata.creationTimestamp'])
    }
  })

  it('are structural: every node has a type or keeps what it holds', () => {
    const visit = (node: Json, at: string): void => {
      if (!isObject(node)) return
      expect(node['type'] !== undefined || node['x-kubernetes-preserve-unknown-fields'] === true, at).toBe(true)
      for (const [key, field] of Object.entries((node['properties'] ?? {}) as Record<string, Json>))
        visit(field, `${at}/${key}`)
      if (node['items'] !== undefined) visit(node['items'], `${at}/*`)
    }
    for (const crd of customResourceDefinitions()) {
      const { schema } = JSON.parse(JSON.stringify(crd)).spec.versions[0] as { schema: { openAPIV3Schema: Json } }
      visit(schema.openAPIV3Schema, '')
    }
  })
})

it.each<[string, Json, Json]>([
  ['a constant', { const: 'x' }, { type: 'string', enum: ['x'] }],
  ['nothing', {}, { 'x-kubernetes-preserve-unknown-fields': true }],
  [
    'a closed object',
    { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false },
    { type: 'object', properties: { a: { type: 'string' } } },
  ],
  [
    'an open object',
    { type: 'object', properties: {}, additionalProperties: {} },
    { type: 'object', properties: {}, 'x-kubernetes-preserve-unknown-fields': true },
  ],
  [
    'a map',
    { type: 'object', propertyNames: { type: 'string' }, additionalProperties: { type: 'string' } },
    { type: 'object', additionalProperties: { type: 'string' } },
  ],
  ['a pattern that Go does not know', { type: 'string', pattern: '^(?!x)' }, { type: 'string' }],
  ['the largest safe integer', { type: 'integer', maximum: Number.MAX_SAFE_INTEGER }, { type: 'integer' }],
  [
    'alternatives of scalars',
    { anyOf: [{ type: 'string' }, { type: 'number' }] },
    { 'x-kubernetes-preserve-unknown-fields': true },
  ],
])('%s', (_what, schema, expected) => {
  expect(structuralSchema(schema)).toEqual(expected)
})
