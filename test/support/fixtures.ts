import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { SubjectFacts } from '../../src/checks/check.ts'
import { isObject, type JsonObject } from '../../src/json/value.ts'
import { type Decision, decide } from '../../src/policy/decide.ts'
import { evaluate } from '../../src/policy/evaluate.ts'
import { compareMembers, membersOf } from '../../src/policy/evaluate-set.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { compileSelector } from '../../src/workload/selector.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import { requestFor, setOf, subjectFacts } from './engine.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What the comment lines at the head of a fixture may say, as in `# params: {version: v1.20}`. */
const HEADS = z.strictObject({
  /** The params of the check. */
  params: z.record(z.string(), z.unknown()).default({}),
  /** Who asks; without it nobody knows, as in a file. */
  user: z.strictObject({ username: z.string(), groups: z.array(z.string()) }).optional(),
  /** Whether the first document is the old object of an update, and the second the new one. */
  update: z.boolean().default(false),
  /** The labels that the owner's selector asks for, where the cluster knows the owner. */
  'owner-selects': z.record(z.string(), z.string()).optional(),
  /** The namespace labels that something selects on. */
  selected: z.array(z.string()).default([]),
  /** The file that each document comes from. */
  files: z.array(z.string()).default([]),
  /** The date at which certificates are looked at. */
  now: z.iso.datetime().default('2026-01-01T00:00:00Z'),
})

/** One file of `test/fixtures/<id>/{pass,fail}`: one or more objects, and the circumstances under which they come. */
export interface Fixture {
  readonly name: string
  readonly heads: z.output<typeof HEADS>
  readonly objects: readonly JsonObject[]
}

/** The names in a folder of the project; none where there is no such folder. */
export function namesIn(folder: string): readonly string[] {
  return existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder)).sort() : []
}

/** Reads all fixtures of a folder of the project. */
export function fixturesOf(folder: string): readonly Fixture[] {
  return namesIn(folder).map(name => readFixture(`${folder}/${name}`, name))
}

function readFixture(path: string, name: string): Fixture {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const { documents, problems } = parseYaml(text)
  if (problems[0] !== undefined) throw new Error(`${path}: ${problems[0].message}`)
  const heads = HEADS.safeParse(headsOf(text))
  if (!heads.success) throw new Error(`${path}: ${z.prettifyError(heads.error)}`)
  return { name, heads: heads.data, objects: documents.map(({ value }) => value).filter(isObject) }
}

/** The mapping that the comment lines before the first document make. */
function headsOf(text: string): unknown {
  const lines = text.split('\n')
  const end = lines.findIndex(line => !line.startsWith('# '))
  const head = lines.slice(0, end).map(line => line.slice(2))
  return parseYaml(head.join('\n')).documents[0]?.value ?? {}
}

/**
 * Judges the objects of a fixture by one check that denies: each by itself, and together where the check compares.
 *
 * @returns one decision for each object that comes into being.
 */
export function judgeFixture(check: string, { heads, objects }: Fixture): readonly Decision[] {
  const set = setOf(
    JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name: check },
      spec: { validationActions: ['Deny'], excludeNamespaces: [], checks: [{ check, params: heads.params }] },
    }),
  )
  const [oldObject, ...rest] = objects
  const judged = (heads.update ? rest : objects).map((object, index) => {
    const request = requestFor(object, {
      ...(heads.update && { oldObject }),
      userInfo: heads.user && { uid: '', ...heads.user },
    })
    const facts = factsOf(heads, heads.files[index] ?? `${index + 1}.yaml`)
    const context = { namespaceLabels: NO_NAMESPACE_LABELS, facts, unknownNamespaces: 'apply' } as const
    const { results } = evaluate(set, request, context)
    return { request, results, members: membersOf(set, request, context) }
  })
  const compared = compareMembers(judged.map(({ members }) => members))
  return judged.map(({ request, results }, index) =>
    decide([...results, ...(compared[index] ?? [])], set, request, {
      namespaceLabels: NO_NAMESPACE_LABELS,
      now: Date.parse(heads.now),
    }),
  )
}

function factsOf(heads: Fixture['heads'], origin: string): SubjectFacts {
  const matchLabels = heads['owner-selects']
  return subjectFacts({
    now: Date.parse(heads.now),
    origin,
    seen: 'among-others',
    isSelectedOn: label => heads.selected.includes(label),
    ...(matchLabels !== undefined && { owner: { kind: 'found', selector: compileSelector({ matchLabels }) } }),
  })
}
