import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { inertJson, oneLine } from '../../admission/text.ts'
import { certificateFacts } from '../../certs/facts.ts'
import { describeFileError } from '../../lint/read.ts'
import type { Folder } from '../../policy/folder.ts'
import { describeProblem, type Problem } from '../../policy/problems.ts'
import { linesOf } from '../../simulation/lines.ts'
import { buildSets, type SimulationSets } from '../../simulation/sets.ts'
import { deniesMore, Simulation, type SimulationResult } from '../../simulation/simulate.ts'
import { readCommandLine, refuse } from '../command-line.ts'
import { digest, documentSources, readDocuments, SHIPPED_POLICIES, unknownExceptions } from '../documents.ts'
import type { Command, Io } from '../io.ts'
import { readNamespaces } from '../namespaces.ts'
import { choice, flag, text, type ValuesOf } from '../options.ts'
import { uninjectedNamespaces, verdictOptions } from '../shared-options.ts'
import { simulationText } from './simulate-text.ts'

function simulateOptions(env: Io['env']) {
  const { policies: _, ...verdict } = verdictOptions(env)
  return {
    traffic: text(
      'FILE',
      'Recorded reviews, one a line (serve --record-traffic); - for the standard input.',
      undefined,
    ),
    baseline: text(
      'DIR',
      'The folder (or one file) of what is in force at present, instead of the policies that come with Portcullis.',
      undefined,
    ),
    ...verdict,
    namespaces: text(
      'FILE',
      'A file of Namespace manifests: the labels of namespaces that the traffic does not tell.',
      undefined,
    ),
    output: choice(['text', 'json'], 'How to print it.', 'text', { short: 'o' }),
    help: flag('Shows this text.', { short: 'h' }),
  }
}

type SimulateOptions = ValuesOf<ReturnType<typeof simulateOptions>>

const COMMAND = 'rollout simulate'
const HELP_HEAD = `portcullis rollout simulate FILE --traffic REVIEWS: what each stage of a rollout would have done.

FILE holds a CanaryRollout, its target, and what that replaces unless the baseline does. Needs no cluster: recorded reviews are judged by
the code that answers them, with what is in force at each stage, and compared with what is in force at present. What cannot be known
here is skipped and says so, never passed.

Exits 0 when nothing would be denied that is not now, 1 when something would, 2 when it could not look.

Options:
`

/** The largest review that a record holds is 1 MiB; one from elsewhere may be larger. */
const MAX_LINE = 16 * 1024 * 1024

/** `portcullis rollout simulate`. */
export const simulate: Command = {
  async run(argv, io) {
    const line = readCommandLine(COMMAND, HELP_HEAD, simulateOptions(io.env), argv, io, 1)
    if (!line.ok) return line.code
    const { values } = line
    const [file] = line.arguments
    if (file === undefined || values.traffic === undefined)
      return refuse(COMMAND, io, [
        'name a rollout and recorded reviews: portcullis rollout simulate FILE --traffic REVIEWS',
      ])
    const unknown = await unknownExceptions(values['enable-exception'])
    if (unknown.length > 0) return refuse(COMMAND, io, unknown)
    const loaded = await load(file, values, io)
    if (!loaded.ok)
      return refuse(
        COMMAND,
        io,
        loaded.problems.map(problem => oneLine(describeProblem(problem))),
      )
    const replayed = await replay(values.traffic, loaded.simulation, io)
    if (replayed !== undefined) return refuse(COMMAND, io, [`--traffic ${replayed}`])
    return report(loaded.simulation.result(), values, io)
  },
}

type Loaded =
  | { readonly ok: true; readonly simulation: Simulation }
  | { readonly ok: false; readonly problems: readonly Problem[] }

async function load(file: string, values: SimulateOptions, io: Io): Promise<Loaded> {
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(io.cwd, path))
  const namespaces = await readNamespaces(at(values.namespaces))
  const built = await sets(resolve(io.cwd, file), values, io)
  if (!built.ok) return { ok: false, problems: [...built.problems, ...namespaces.problems] }
  if (namespaces.problems.length > 0) return { ok: false, problems: namespaces.problems }
  const ports = { readCertificates: certificateFacts, now: Date.now(), digest, namespaces: namespaces.table }
  return { ok: true, simulation: new Simulation(built.sets, ports) }
}

type Built =
  | { readonly ok: true; readonly sets: SimulationSets }
  | { readonly ok: false; readonly problems: readonly Problem[] }

async function sets(file: string, values: SimulateOptions, io: Io): Promise<Built> {
  const kinds = ['Policy', 'PolicyException', 'SidecarInjection']
  const own = await readDocuments([{ path: file, kinds: [...kinds, 'CanaryRollout'], option: 'FILE' }])
  const [, ...exceptions] = documentSources({
    policies: undefined,
    exceptions: values.exceptions === undefined ? undefined : resolve(io.cwd, values.exceptions),
    'enable-exception': values['enable-exception'],
  })
  const path = values.baseline === undefined ? SHIPPED_POLICIES : resolve(io.cwd, values.baseline)
  const baseline: Folder = await readDocuments([{ path, kinds, option: '--baseline' }, ...exceptions])
  const built = buildSets({ file: own, baseline }, file, {
    excludedNamespaces: values['exclude-namespaces'],
    uninjectedNamespaces: uninjectedNamespaces(values, io.env),
    digest,
  })
  if (!built.ok) return built
  for (const warning of built.warnings)
    io.stderr(`portcullis ${COMMAND}: warning: ${oneLine(describeProblem(warning))}\n`)
  return built
}

/** @returns what keeps the reviews from being read. */
async function replay(traffic: string, simulation: Simulation, io: Io): Promise<string | undefined> {
  const isStdin = traffic === '-'
  const file = isStdin ? '(standard input)' : traffic
  const stream = isStdin ? io.stdin : createReadStream(resolve(io.cwd, traffic), { highWaterMark: 1024 * 1024 })
  try {
    for await (const { number, bytes } of linesOf(stream, MAX_LINE)) {
      const place = { file, line: number }
      if (bytes === undefined) simulation.reject(place, `is longer than ${MAX_LINE / 1024 ** 2} MiB`)
      else simulation.add(bytes, place)
    }
    return undefined
  } catch (error) {
    return `${oneLine(file)}: ${describeFileError(error)}`
  }
}

function report(result: SimulationResult, { output }: SimulateOptions, io: Io): number {
  const { reviews, unread } = result
  for (const { file, line, reason } of unread)
    io.stderr(`portcullis ${COMMAND}: ${oneLine(`${file}:${line}: ${reason}`)}\n`)
  if (reviews.unread > unread.length)
    io.stderr(`portcullis ${COMMAND}: and ${reviews.unread - unread.length} more lines that could not be read\n`)
  io.stdout(output === 'json' ? inertJson(result) : simulationText(result))
  // Nothing is green because it was not read.
  if (reviews.judged === 0)
    return refuse(COMMAND, io, [`--traffic holds no review that is anything to ${result.target}`])
  return deniesMore(result) ? 1 : 0
}
