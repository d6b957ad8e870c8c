import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { counted, oneLine } from '../../admission/text.ts'
import { runSuite, type SuiteResult } from '../../lint/policy-test/run.ts'
import { compileSuite, type PolicyTestSuite } from '../../lint/policy-test/suite.ts'
import { COLORED, PLAIN, type Style } from '../../lint/style.ts'
import { errorLine } from '../../lint/text-format.ts'
import { loadFolder } from '../../policy/folder.ts'
import { readDocuments, SHIPPED_POLICIES, unknownExceptions } from '../documents.ts'
import type { Command, Io } from '../io.ts'
import { flag, type ValuesOf } from '../options.ts'
import { verdictOptions } from '../shared-options.ts'
import { readArguments } from './arguments.ts'
import { CLEAN, NOT_CHECKED, refuse, VIOLATIONS } from './exit.ts'
import { errorOf, loadPolicies, noteOf, shownPath } from './load.ts'

const HELP = `policy-lint test: runs the suites that stand beside policies.

Usage: policy-lint test [OPTION]… [DIR]

  policy-lint test                       the policies that come with Portcullis
  policy-lint test my-policies           those of a folder, by the suites in its folder tests/

A suite is a document of the kind PolicyTest: a policy, and cases of an object (with an old object, a
user, a namespace and its labels where they matter) and what the policy is expected to make of it:
Deny, Warn, Audit, Exempt, Skip, Allow or NotMatched, and with which message.

Nothing is green because it was not asked: a case whose object the policy does not look at fails, and
so does a check that no case made run.

Exit codes:
  0  everything came out as expected
  1  something did not
  2  nothing could be tested: no suite, a policy or suite that does not load, a wrong option

Options:
`

function testOptions(env: Io['env']) {
  const { exceptions, 'enable-exception': enabled, 'exclude-namespaces': excluded } = verdictOptions(env)
  return {
    exceptions,
    'enable-exception': enabled,
    'exclude-namespaces': excluded,
    quiet: flag('Prints only what fails.', { short: 'q' }),
    'no-color': flag('No colours; NO_COLOR in the environment says the same.'),
    help: flag('Shows this text.', { short: 'h' }),
  }
}

/** `policy-lint test [DIR]`. */
export const test: Command = {
  async run(argv, io) {
    const read = readArguments(testOptions(io.env), HELP, argv, io)
    if (!read.ok) return read.code
    const { values, positionals } = read
    const [directory, stray] = positionals
    const problems = await unknownExceptions(values['enable-exception'])
    if (stray !== undefined) return refuse(io, [`one folder of policies at a time, not also "${stray}"`])
    return problems.length > 0 ? refuse(io, problems) : runTests(directory, values, io)
  },
}

async function runTests(
  directory: string | undefined,
  options: ValuesOf<ReturnType<typeof testOptions>>,
  io: Io,
): Promise<number> {
  const policies = directory === undefined ? SHIPPED_POLICIES : resolve(io.cwd, directory)
  const loaded = await loadPolicies({ ...options, policies, namespaces: undefined, namespace: 'default' }, io)
  const suites = await readSuites(policies, io)
  const errors = [...(loaded.ok ? [] : loaded.errors), ...suites.errors]
  if (errors.length === 0 && suites.documents.length === 0) {
    const file = shownPath(join(policies, 'tests'), io.cwd)
    errors.push({ file, line: 1, column: 1, message: 'there is no suite here: nothing was tested' })
  }
  if (!loaded.ok || errors.length > 0) {
    for (const error of errors) io.stderr(errorLine(error, PLAIN))
    return NOT_CHECKED
  }
  for (const note of loaded.notes) io.stderr(`policy-lint: ${oneLine(note)}\n`)
  const { set } = loaded.context
  for (const { name } of set.policies) {
    if (!suites.documents.some(({ policy }) => policy === name))
      io.stderr(`policy-lint: warning: the policy ${oneLine(name)} has no suite\n`)
  }
  const results = suites.documents.map(suite => runSuite(suite, set))
  const isColored = io.isTerminal && !options['no-color'] && !io.env['NO_COLOR']
  for (const result of results) io.stdout(linesOf(result, isColored ? COLORED : PLAIN, options.quiet, io.cwd))
  const cases = results.reduce((sum, result) => sum + result.suite.cases.length, 0)
  const failed = results.reduce((sum, result) => sum + failuresOf(result), 0)
  io.stdout(
    `${counted(results.length, 'suite')}, ${counted(cases, 'case')}: ${failed === 0 ? 'all as expected' : `${failed} failed`}\n`,
  )
  return failed === 0 ? CLEAN : VIOLATIONS
}

async function readSuites(policies: string, io: Io) {
  const folder = join(policies, 'tests')
  const isThere = await stat(folder).then(
    state => state.isDirectory(),
    () => false,
  )
  const read = isThere
    ? await readDocuments([{ path: folder, kinds: ['PolicyTest'] }])
    : { documents: [], problems: [] }
  const { documents, problems, warnings } = loadFolder<PolicyTestSuite>(read, compileSuite, [])
  for (const warning of warnings) io.stderr(`policy-lint: ${oneLine(noteOf(warning, io.cwd))}\n`)
  return { documents, errors: problems.map(problem => errorOf(problem, io.cwd)) }
}

function failuresOf({ cases, failures }: SuiteResult): number {
  return cases.filter(({ failure }) => failure !== undefined).length + failures.length
}

function linesOf({ suite, cases, failures }: SuiteResult, style: Style, isQuiet: boolean, cwd: string): string {
  const file = oneLine(shownPath(suite.file, cwd))
  const lines = cases.flatMap(({ case: { name, line }, failure }) => {
    if (failure === undefined) return isQuiet ? [] : [`  ✔ ${oneLine(name)}`]
    return [`  ${style.red('✖')} ${oneLine(name)}`, `    ${file}:${line}: ${oneLine(failure)}`]
  })
  const whole = failures.map(failure => `  ${style.red('✖')} ${file}: ${oneLine(failure)}`)
  const all = [...lines, ...whole]
  return all.length === 0 ? '' : `${style.bold(oneLine(suite.name))}\n${all.join('\n')}\n\n`
}
