import { readFileSync } from 'node:fs'
import { CHECKS } from '../../src/checks/index.ts'
import { digest, documentSources, readDocuments, shippedExceptionNames } from '../../src/cli/documents.ts'
import { defaultExcludedNamespaces } from '../../src/cli/shared-options.ts'
import { loadSet } from '../../src/policy/set.ts'
import { type JudgeOptions, judge, type RequestFields, requestFor } from '../support/engine.ts'

const sources = documentSources({
  policies: undefined,
  exceptions: undefined,
  'enable-exception': await shippedExceptionNames(),
})

/** The policies that ship, with every shipped exception enabled. */
export const { set } = loadSet(await readDocuments(sources), {
  checks: CHECKS,
  excludedNamespaces: defaultExcludedNamespaces({}),
  digest,
})

export type Result = 'denied' | 'warned' | 'skipped' | 'passed'

/** What the policies make of a request, the strictest first; of one policy alone where it is named. */
export function result(
  object: unknown,
  policy: string,
  fields: RequestFields = {},
  options: JudgeOptions = {},
): Result {
  const { denials, errors, warnings, skipped } = judge(set, requestFor(object, fields), options)
  const of = (list: readonly { readonly policy: string }[]) => list.some(item => item.policy === policy)
  if (of(denials) || of(errors)) return 'denied'
  if (of(warnings)) return 'warned'
  return of(skipped) ? 'skipped' : 'passed'
}

export const app = { name: 'app', image: 'registry.example/app:1' }
export const pod = (spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'shop', ...metadata },
  spec: { containers: [app], ...spec },
})
export const host = (path: unknown, source: object = {}) => ({
  volumes: [{ name: 'h', hostPath: { path, ...source } }],
})
export const kind = (apiVersion: string, name: string, spec: object) => ({
  apiVersion,
  kind: name,
  metadata: { name: 'a', namespace: 'shop' },
  spec,
})
export const template = (spec: object) => ({
  metadata: { labels: { app: 'a' } },
  spec: { containers: [app], ...spec },
})
export const base64 = (text: string) => Buffer.from(text).toString('base64')
/** A volume of the node's root. */
export const ROOT = host('/')

/** One try, and what comes of it. */
export interface Attack {
  readonly number: number
  readonly what: string
  readonly run: () => Result
  readonly expected: Result
}

/** Adds a try to a list. */
export type Add = (what: string, expected: Result, run: () => Result) => void

/** A list of tries that counts for itself. */
export function attackList(first: number) {
  const attacks: Attack[] = []
  const attack: Add = (what, expected, run) =>
    void attacks.push({ number: first + attacks.length, what, run, expected })
  return { attacks, attack }
}

const BY_OTHERS = '## By somebody who did not write the code'

const ON_UPDATES = '## On updates, exceptions and host paths'

/** The rows of a table of the page: number, what was tried, outcome. */
export function rowsOf(table: 'own' | 'by others' | 'on updates'): readonly unknown[] {
  const [own = '', rest = ''] = readFileSync('docs/security/attacks.md', 'utf8').split(BY_OTHERS)
  const [others = '', updates = ''] = rest.split(ON_UPDATES)
  const text = { own, 'by others': others, 'on updates': updates }[table]
  const rows = text.matchAll(/^\| (\d+) \| (.*?) \| (\w+)/gm)
  return [...rows].map(([, at, what, outcome]) => [Number(at), what, outcome])
}
