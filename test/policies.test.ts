import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CHECKS } from '../src/checks/index.ts'
import { digest, documentSources, readDocuments } from '../src/cli/documents.ts'
import { strictestAction } from '../src/policy/decide.ts'
import { loadSet } from '../src/policy/set.ts'

const sources = documentSources({ policies: undefined, exceptions: undefined, 'enable-exception': [] })
const { set, problems, warnings } = loadSet(await readDocuments(sources), {
  checks: CHECKS,
  excludedNamespaces: [],
  digest,
})
const rows = [
  ...readFileSync('policies/README.md', 'utf8').matchAll(/^\| \[([\w-]+)\]\(([^)]+)\) \| (\w+) \| ([^|]+) \|/gm),
]

it('the shipped policies load without a word, each from a file of its name', () => {
  expect([...problems, ...warnings]).toEqual([])
  expect(set.policies.map(({ name }) => `${name}.yaml`)).toEqual(
    readdirSync('policies').filter(name => name.endsWith('.yaml')),
  )
})

it('the table names each, with its action and its checks', () => {
  const words: Readonly<Record<string, number>> = { twelve: 12, nineteen: 19 }
  expect(rows.map(([, name, file, action]) => [name, file, action])).toEqual(
    set.policies.map(policy => [policy.name, `${policy.name}.yaml`, strictestAction(policy)]),
  )
  for (const [index, [, , , , checks = '']] of rows.entries()) {
    const ids = set.policies[index]?.checks.map(({ id }) => id) ?? []
    const count = words[checks.trim()]
    if (count === undefined) expect(ids).toEqual([checks.trim().replaceAll('`', '')])
    else expect(ids).toHaveLength(count)
  }
})

it('every check is in a policy, and none denies what would surprise', () => {
  const used = new Set(set.policies.flatMap(({ checks }) => checks.map(({ id }) => id)))
  expect(CHECKS.map(({ id }) => id).filter(id => !used.has(id))).toEqual([])
  const denying = set.policies.filter(policy => strictestAction(policy) === 'Deny').map(({ name }) => name)
  expect(denying).toEqual(['etcd', 'host-path', 'pod-adoption'])
  const everywhere = set.policies.filter(({ match }) => match.excludeNamespaces?.length === 0).map(({ name }) => name)
  expect(everywhere).toEqual(['control-plane', 'etcd', 'guarded-labels', 'memory-limits'])
})

it.each(set.policies)('$name says in its file why, what, what instead, and why its action', ({ name }) => {
  const text = readFileSync(`policies/${name}.yaml`, 'utf8')
  for (const word of ['# Why:', '# What it blocks:', '# What to do instead:', '# Action: '])
    expect(text).toContain(word)
  expect(text).toContain(`# Action: ${/\n# Action: (\w+)/.exec(text)?.[1]}`)
  const policy = set.policies.find(candidate => candidate.name === name)
  expect(/\n# Action: (\w+)/.exec(text)?.[1]).toBe(policy === undefined ? '' : strictestAction(policy))
  for (const [page = ''] of text.matchAll(/docs\/[\w/-]+\.md/g)) expect(existsSync(page), page).toBe(true)
})
