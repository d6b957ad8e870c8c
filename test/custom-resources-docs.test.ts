import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CUSTOM_KINDS } from '../src/workload/custom-kinds/index.ts'
import type { PodParts, PodTemplateKind } from '../src/workload/pod-places.ts'
import { parseYaml } from '../src/yaml/parse.ts'

const PAGE = 'docs/custom-resources.md'
const START = '<!-- table -->\n'
const END = '<!-- end of table -->\n'

function placesOf({ pointers, specs = [], parts = [] }: PodTemplateKind): readonly string[] {
  return [...pointers.map(pointer => pointer || 'the object'), ...specs, ...parts.map(describeParts)]
}

function describeParts({ at, containers = [], volumes = [], spec }: PodParts): string {
  const names = [
    ...containers.map(({ at: own }) => own || 'itself'),
    ...volumes.map(volume => (typeof volume === 'string' ? volume : volume.at)),
  ]
  return `${at || 'the object'}: ${names.length > 0 ? names.join(', ') : `security context at ${spec?.at || 'itself'}`}`
}

function table(): string {
  const rows = CUSTOM_KINDS.toSorted((a, b) => (`${a.group}/${a.kind}` < `${b.group}/${b.kind}` ? -1 : 1)).map(kind => {
    const { source, isPartial, parts } = kind
    const completed = isPartial === true || parts !== undefined ? 'completed' : ''
    const places = placesOf(kind).map(place => `\`${place}\``)
    const read = `[${source?.repository}](https://github.com/${source?.repository}/blob/${source?.commit}/${source?.file})`
    return `| ${kind.group} | ${kind.kind} | ${source?.versions} | ${places.join('<br>')} | ${completed} | ${read} |`
  })
  return ['| group | kind | versions | where | | read in |', '|---|---|---|---|---|---|', ...rows, ''].join('\n')
}

it('lists every kind, its places and where they were read (UPDATE_CUSTOM_RESOURCES=1 writes it)', () => {
  const page = readFileSync(PAGE, 'utf8')
  const [before = '', rest = ''] = page.split(START)
  const [present = '', after = ''] = rest.split(END)
  if (process.env['UPDATE_CUSTOM_RESOURCES'] === '1') writeFileSync(PAGE, before + START + table() + END + after)
  else expect(present).toBe(table())
})

it('is allowed to the audit by the chart', () => {
  const chart = readFileSync('charts/portcullis/templates/controller-rbac.yaml', 'utf8')
  const [, listed = ''] = chart.split(
    '# Custom resources that embed pods (docs/custom-resources.md). One that is not installed is not listed.\n',
  )
  const [rules = ''] = listed.split('  {{- with')
  const groups = [...Map.groupBy(CUSTOM_KINDS, ({ group }) => group)].sort(([a], [b]) => (a < b ? -1 : 1))
  expect(parseYaml(rules).documents.map(({ value }) => value)).toEqual([
    groups.map(([group, kinds]) => ({
      apiGroups: [group],
      resources: [...new Set(kinds.map(({ resource }) => resource))].sort(),
      verbs: ['list'],
    })),
  ])
})
