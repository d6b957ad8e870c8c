import { resolve } from 'node:path'
import { counted, oneLine } from '../../admission/text.ts'
import { loadInjections } from '../../injection/set.ts'
import {
  diffFormat,
  explainFormat,
  explainJsonFormat,
  type InjectFormat,
  jsonFormat,
  patchFormat,
  yamlFormat,
} from '../../lint/inject/formats.ts'
import type { InjectContext } from '../../lint/inject/inject-object.ts'
import type { InjectedFile } from '../../lint/inject/inject-text.ts'
import { injectInputs } from '../../lint/inject/run.ts'
import { findInputs } from '../../lint/inputs.ts'
import { comparePlaces, type LintError } from '../../lint/report.ts'
import { PLAIN } from '../../lint/style.ts'
import { errorLine } from '../../lint/text-format.ts'
import { digest, injectionUsage, readInjections, unknownExceptions } from '../documents.ts'
import type { Command, Io } from '../io.ts'
import { choice, flag, text, type ValuesOf } from '../options.ts'
import { injectionOptions, uninjectedNamespaces, verdictOptions } from '../shared-options.ts'
import { readArguments } from './arguments.ts'
import { CLEAN, NOT_CHECKED, refuse, usageProblems, VIOLATIONS } from './exit.ts'
import { INJECT_HELP } from './inject-help.ts'
import { errorOf, loadPolicies, noteOf } from './load.ts'

function injectOptions(env: Io['env']) {
  return {
    ...injectionOptions(),
    ...verdictOptions(env),
    namespace: text('NAME', 'The namespace of objects that name none.', 'default'),
    output: choice(['yaml', 'json'], 'How manifests are written; with json, --explain is for programs.', 'yaml', {
      short: 'o',
    }),
    diff: flag('Prints what is added as a unified diff, in place of the manifests.'),
    patch: flag('Prints the JSON Patches, as JSON.'),
    explain: flag('Prints what became of each injection, and why.'),
    help: flag('Shows this text.', { short: 'h' }),
  }
}

type InjectOptions = ValuesOf<ReturnType<typeof injectOptions>>

/** `policy-lint inject`: what the webhook would inject, into files. */
export const inject: Command = {
  async run(argv, io) {
    const read = readArguments(injectOptions(io.env), INJECT_HELP, argv, io)
    if (!read.ok) return read.code
    const { values, positionals } = read
    const format = formatOf(values)
    const problems = [
      ...usageProblems(values.namespace, positionals),
      ...injectionUsage(values),
      ...(await unknownExceptions(values['enable-exception'])),
      ...(typeof format === 'string' ? [format] : []),
    ]
    if (problems.length > 0 || typeof format === 'string') return refuse(io, problems)
    return injectPaths(values, positionals, format, io)
  },
}

/** How results are written, or why that cannot be. */
function formatOf({ diff, patch, explain, output }: InjectOptions): InjectFormat | string {
  const chosen = Object.entries({ diff, patch, explain }).flatMap(([name, isChosen]) => (isChosen ? [`--${name}`] : []))
  if (chosen.length > 1) return `${chosen.join(' and ')} do not go together: choose one`
  if (diff) return diffFormat
  if (patch) return patchFormat
  if (explain) return output === 'json' ? explainJsonFormat : explainFormat
  return output === 'json' ? jsonFormat : yamlFormat
}

async function injectPaths(
  options: InjectOptions,
  paths: readonly string[],
  format: InjectFormat,
  io: Io,
): Promise<number> {
  const loaded = await loadContext(options, io)
  if (!loaded.ok) return failWith(loaded.errors, io)
  const found = await findInputs(paths, io.cwd)
  for (const note of [...loaded.notes, ...found.notes]) io.stderr(`policy-lint: ${oneLine(note)}\n`)
  const { files, errors } = await injectInputs(found, loaded.context, io.stdin)
  const all = [...errors, ...files.flatMap(file => file.errors)].sort(comparePlaces)
  io.stdout(format(files))
  const denied = sayRemarks(files, io)
  io.stderr(`${summaryOf(files, all.length)}\n`)
  if (all.length > 0) return failWith(all, io)
  return denied > 0 ? VIOLATIONS : CLEAN
}

function failWith(errors: readonly LintError[], io: Io): number {
  for (const error of errors) io.stderr(errorLine(error, PLAIN))
  return NOT_CHECKED
}

/** Says what is refused and what is warned of, and counts the refusals. */
function sayRemarks(files: readonly InjectedFile[], io: Io): number {
  let denied = 0
  for (const { file, objects } of files) {
    for (const { line, pods } of objects) {
      for (const { warnings, denial } of pods) {
        const say = (word: string, message: string) =>
          io.stderr(`${oneLine(file)}:${line}: ${word}: ${oneLine(message)}\n`)
        for (const warning of warnings) say('warning', warning)
        if (denial === undefined) continue
        say('deny', denial)
        denied++
      }
    }
  }
  return denied
}

/** `2 files, 5 objects, 3 pods or templates: 2 injected, 1 as they were`. */
function summaryOf(files: readonly InjectedFile[], errors: number): string {
  const objects = files.flatMap(file => file.objects)
  const pods = objects.flatMap(object => object.pods)
  const injected = pods.filter(({ patch }) => patch.length > 0).length
  const seen = [counted(files.length, 'file'), counted(objects.length, 'object'), counted(pods.length, 'pod')].join(
    ', ',
  )
  const failed = errors === 0 ? '' : `, ${counted(errors, 'error')}`
  return `${seen}: ${injected} injected, ${pods.length - injected} left as they are${failed}`
}

type Loaded =
  | { readonly ok: true; readonly context: InjectContext; readonly notes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly LintError[] }

async function loadContext(options: InjectOptions, io: Io): Promise<Loaded> {
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(io.cwd, path))
  const policies = await loadPolicies(options, io)
  const sources = await readInjections({
    injections: at(options.injections),
    'sidecar-config-file': at(options['sidecar-config-file']),
    'mutation-config-file': at(options['mutation-config-file']),
  })
  const excludedNamespaces = uninjectedNamespaces(options, io.env)
  const { set, problems, warnings } = loadInjections(sources, { excludedNamespaces, digest, isUnstaged: true })
  const errors = [...(policies.ok ? [] : policies.errors), ...problems.map(problem => errorOf(problem, io.cwd))]
  if (errors.length === 0 && set.injections.length === 0) {
    const file = options.injections ?? ''
    const message = 'there is no injection here: name a folder of SidecarInjections with --injections'
    errors.push({ file, line: 1, column: 1, message })
  }
  if (!policies.ok || errors.length > 0) return { ok: false, errors }
  const notes = [...policies.notes, ...warnings.map(warning => noteOf(warning, io.cwd))]
  return { ok: true, context: { ...policies.context, injections: set }, notes }
}
