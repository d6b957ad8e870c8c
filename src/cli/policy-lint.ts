import { relative, resolve } from 'node:path'
import { oneLine } from '../admission/text.ts'
import { CHECKS } from '../checks/index.ts'
import { findInputs } from '../lint/inputs.ts'
import { jsonReporter } from '../lint/json-format.ts'
import type { LintContext } from '../lint/judge.ts'
import type { ExpiredException, LintError, Reporter } from '../lint/report.ts'
import { lintInputs } from '../lint/run.ts'
import { COLORED, PLAIN, type Style } from '../lint/style.ts'
import { errorLine, textReporter } from '../lint/text-format.ts'
import { namespaceLabelsOf } from '../policy/match.ts'
import { describeProblem, type Problem } from '../policy/problems.ts'
import { loadSet } from '../policy/set.ts'
import { digest, documentSources, readDocuments, unknownExceptions } from './documents.ts'
import type { Command, Io } from './io.ts'
import { readNamespaces } from './namespaces.ts'
import { choice, describeOptions, flag, parseOptions, text, type ValuesOf } from './options.ts'
import { HELP } from './policy-lint-help.ts'
import { verdictOptions } from './shared-options.ts'
import { VERSION } from './version.ts'

/** What the process says by its exit code. Errors win over denials. */
const CLEAN = 0
const VIOLATIONS = 1
const NOT_CHECKED = 2

function lintOptions(env: Io['env']) {
  return {
    ...verdictOptions(env),
    namespace: text('NAME', 'The namespace of objects that name none.', 'default'),
    format: choice(['text', 'json'], 'How results are written.', 'text'),
    quiet: flag('Prints only what makes the run fail.', { short: 'q' }),
    'no-color': flag('No colours; NO_COLOR in the environment says the same.'),
    help: flag('Shows this text.', { short: 'h' }),
    version: flag('Shows the version.', { short: 'V' }),
  }
}

type LintOptions = ValuesOf<ReturnType<typeof lintOptions>>

/** `policy-lint`: the policies of the cluster, on files. */
export const policyLint: Command = {
  async run(argv, io) {
    // The one catch of the command: a bug never looks like a clean run.
    try {
      return await run(argv, io)
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      io.stderr(`policy-lint: internal error, nothing can be said about the files: ${detail}\n`)
      return NOT_CHECKED
    }
  },
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const options = lintOptions(io.env)
  const parsed = parseOptions(options, argv, io.env, false)
  if (!parsed.ok) return refuse(io, [parsed.message])
  const { values, positionals } = parsed
  if (values.help) {
    io.stdout(`${HELP}${describeOptions(options, false)}\n`)
    return CLEAN
  }
  if (values.version) {
    io.stdout(`policy-lint ${VERSION}\n`)
    return CLEAN
  }
  const problems = [...usageProblems(values, positionals), ...(await unknownExceptions(values['enable-exception']))]
  return problems.length > 0 ? refuse(io, problems) : lint(values, positionals, io)
}

function usageProblems({ namespace }: LintOptions, positionals: readonly string[]): readonly string[] {
  if (positionals.length === 0)
    return ['nothing to check: name files, folders or globs, or - for the standard input; see --help']
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)
    ? []
    : [`--namespace must be the name of a namespace, not "${namespace}"`]
}

function refuse(io: Io, problems: readonly string[]): number {
  for (const problem of problems) io.stderr(`policy-lint: ${oneLine(problem)}\n`)
  return NOT_CHECKED
}

async function lint(options: LintOptions, paths: readonly string[], io: Io): Promise<number> {
  const isColored = io.isTerminal && !options['no-color'] && !io.env['NO_COLOR']
  const reporter = withMessages(reporterOf(options, isColored ? COLORED : PLAIN, io), io)
  const loaded = await loadContext(options, io)
  if (!loaded.ok) {
    const summary = { files: 0, documents: 0, objects: 0, findings: 0, skipped: 0, errors: loaded.errors.length }
    reporter.end(summary, loaded.errors)
    return NOT_CHECKED
  }
  const inputs = await findInputs(paths, io.cwd)
  for (const note of [...loaded.notes, ...inputs.notes]) io.stderr(`policy-lint: ${oneLine(note)}\n`)
  const { summary, denials } = await lintInputs(inputs, loaded.context, io.stdin, reporter)
  if (summary.errors > 0) return NOT_CHECKED
  return denials > 0 ? VIOLATIONS : CLEAN
}

function reporterOf(options: LintOptions, style: Style, io: Io): Reporter {
  if (options.format === 'json') return jsonReporter(io.stdout)
  return textReporter(io.stdout, style, options.quiet ? 'quiet' : 'all')
}

/** Says on the standard error, in every format, what could not be checked and which exceptions have run out. */
function withMessages(reporter: Reporter, io: Io): Reporter {
  const expired = new Map<string, ExpiredException>()
  const report = (error: LintError) => io.stderr(errorLine(error, PLAIN))
  return {
    file(file) {
      for (const error of file.errors) report(error)
      for (const exception of file.expired) expired.set(exception.exception, exception)
      reporter.file(file)
    },
    end(summary, errors) {
      for (const error of errors) report(error)
      for (const { exception, expires } of expired.values()) {
        const day = new Date(expires).toISOString().slice(0, 10)
        io.stderr(`policy-lint: exception ${oneLine(exception)} expired on ${day} and no longer counts\n`)
      }
      reporter.end(summary, errors)
    },
  }
}

type Loaded =
  | { readonly ok: true; readonly context: LintContext; readonly notes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly LintError[] }

async function loadContext(options: LintOptions, io: Io): Promise<Loaded> {
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(io.cwd, path))
  const sources = documentSources({
    policies: at(options.policies),
    exceptions: at(options.exceptions),
    'enable-exception': options['enable-exception'],
  })
  const { set, problems, warnings } = loadSet(await readDocuments(sources), {
    checks: CHECKS,
    excludedNamespaces: options['exclude-namespaces'],
    digest,
  })
  const namespaces = await readNamespaces(at(options.namespaces))
  const errors = [...problems, ...namespaces.problems].map(problem => errorOf(problem, io.cwd))
  if (errors.length === 0 && set.policies.length === 0) {
    const file = options.policies ?? ''
    errors.push({ file, line: 1, column: 1, message: 'there is no policy here: nothing can be checked' })
  }
  if (errors.length > 0) return { ok: false, errors }
  const context = {
    set,
    namespaceLabels: namespaceLabelsOf(namespaces.table),
    defaultNamespace: options.namespace,
    now: Date.now(),
  }
  const notes = warnings.map(
    warning => `warning: ${describeProblem({ ...warning, file: shown(warning.file, io.cwd) })}`,
  )
  return { ok: true, context, notes }
}

function errorOf({ file, line, column, pointer, message, option = '' }: Problem, cwd: string): LintError {
  const subject = option || pointer
  return { file: shown(file, cwd), line, column, message: subject === '' ? message : `${subject}: ${message}` }
}

/** A path as a person in `cwd` would write it. */
function shown(file: string, cwd: string): string {
  const path = relative(cwd, file)
  return path === '' || path.startsWith('..') ? file : path
}
