import { oneLine } from '../../admission/text.ts'
import { findInputs } from '../../lint/inputs.ts'
import { jsonReporter } from '../../lint/json-format.ts'
import type { ExpiredException, LintError, Reporter } from '../../lint/report.ts'
import { lintInputs } from '../../lint/run.ts'
import { COLORED, PLAIN, type Style } from '../../lint/style.ts'
import { errorLine, textReporter } from '../../lint/text-format.ts'
import { unknownExceptions } from '../documents.ts'
import type { Command, Io } from '../io.ts'
import { choice, flag, text, type ValuesOf } from '../options.ts'
import { verdictOptions } from '../shared-options.ts'
import { VERSION } from '../version.ts'
import { readArguments } from './arguments.ts'
import { CLEAN, NOT_CHECKED, refuse, usageProblems, VIOLATIONS } from './exit.ts'
import { HELP } from './lint-help.ts'
import { loadPolicies } from './load.ts'

function lintOptions(env: Io['env']) {
  return {
    ...verdictOptions(env),
    namespace: text('NAME', 'The namespace of objects that name none.', 'default'),
    format: choice(['text', 'json'], 'How results are written.', 'text'),
    'allow-unjudged': flag('Takes what could not be judged for clean; it is counted all the same.'),
    all: flag('Prints also what policies only record (action Audit).', { short: 'a' }),
    quiet: flag('Prints only what makes the run fail.', { short: 'q' }),
    'no-color': flag('No colours; NO_COLOR in the environment says the same.'),
    help: flag('Shows this text.', { short: 'h' }),
    version: flag('Shows the version.', { short: 'V' }),
  }
}

type LintOptions = ValuesOf<ReturnType<typeof lintOptions>>

/** `policy-lint PATH…`: the policies of the cluster, on files. */
export const lint: Command = { run }

async function run(argv: readonly string[], io: Io): Promise<number> {
  const read = readArguments(lintOptions(io.env), HELP, argv, io)
  if (!read.ok) return read.code
  const { values, positionals } = read
  if (values.version) {
    io.stdout(`policy-lint ${VERSION}\n`)
    return CLEAN
  }
  const problems = [
    ...usageProblems(values.namespace, positionals),
    ...(await unknownExceptions(values['enable-exception'])),
  ]
  return problems.length > 0 ? refuse(io, problems) : lintPaths(values, positionals, io)
}

async function lintPaths(options: LintOptions, paths: readonly string[], io: Io): Promise<number> {
  const isColored = io.isTerminal && !options['no-color'] && !io.env['NO_COLOR']
  const reporter = withMessages(reporterOf(options, isColored ? COLORED : PLAIN, io), io)
  const loaded = await loadPolicies(options, io)
  if (!loaded.ok) {
    const summary = {
      files: 0,
      documents: 0,
      objects: 0,
      findings: 0,
      skipped: 0,
      unjudged: 0,
      errors: loaded.errors.length,
    }
    reporter.end(summary, loaded.errors)
    return NOT_CHECKED
  }
  const inputs = await findInputs(paths, io.cwd)
  for (const note of [...loaded.notes, ...inputs.notes]) io.stderr(`policy-lint: ${oneLine(note)}\n`)
  const { summary, denials } = await lintInputs(inputs, loaded.context, io.stdin, reporter)
  if (summary.errors > 0) return NOT_CHECKED
  // What was not judged is not green, unless somebody asks for it.
  if (summary.unjudged > 0 && !options['allow-unjudged']) return NOT_CHECKED
  return denials > 0 ? VIOLATIONS : CLEAN
}

function reporterOf(options: LintOptions, style: Style, io: Io): Reporter {
  if (options.format === 'json') return jsonReporter(io.stdout)
  return textReporter(io.stdout, style, options.quiet ? 'quiet' : options.all ? 'all' : 'normal')
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
