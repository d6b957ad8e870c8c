import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ClusterClient } from '../../cluster/client.ts'
import { dig, getString, type Json, type JsonObject } from '../../json/value.ts'
import { describeFileError } from '../../lint/read.ts'
import type { Target } from '../../rollout/record.ts'
import type { Blocked } from '../../rollout-report/model.ts'
import { renderReport } from '../../rollout-report/render.ts'
import { readCommandLine, refuse } from '../command-line.ts'
import { unknownExceptions } from '../documents.ts'
import type { Command, Io } from '../io.ts'
import { flag, text, type ValuesOf } from '../options.ts'
import { namespaceList, verdictOptions } from '../shared-options.ts'
import { accessOptions, readRollouts, withCluster } from './access.ts'
import { blockedBy } from './report-blocked.ts'
import { compiledOf, factsOf } from './report-facts.ts'
import { nameOf } from './view.ts'

function reportOptions(env: Io['env']) {
  const { 'enable-exception': enableException, 'exclude-namespaces': excludeNamespaces } = verdictOptions(env)
  return {
    ...accessOptions,
    output: text('FILE', 'Where it is written, - for standard output; rollout-NAME.html unless given.', undefined),
    simulation: text('FILE', 'What portcullis rollout simulate -o json printed: it is shown too.', undefined),
    'no-preview': flag('Does not ask who would be refused: that lists the workloads of the whole cluster.'),
    'enable-exception': enableException,
    'exclude-namespaces': excludeNamespaces,
    'bootstrap-namespaces': namespaceList('Namespaces that nobody is asked about.', []),
    help: flag('Shows this text.', { short: 'h' }),
  }
}

type ReportOptions = ValuesOf<ReturnType<typeof reportOptions>>

const COMMAND = 'rollout report'

const HELP_HEAD = `portcullis rollout report NAME: writes a page about a rollout, to be read, printed or kept.

One HTML file that needs nothing else and runs nothing: where it stands and why, its stages over time, its gates, who would be
refused if its target were in force everywhere, the revisions, and the rollout itself. What happened is taken from its status, or
else from Events. Exceptions count as the gateways see them: those of the namespace in POD_NAMESPACE, portcullis-system unless set.
Exits 0, or 2 where it could not look.

Options:
`

/** `portcullis rollout report`. */
export const report: Command = {
  async run(argv, io) {
    const line = readCommandLine(COMMAND, HELP_HEAD, reportOptions(io.env), argv, io, 1)
    if (!line.ok) return line.code
    const { values } = line
    const [name] = line.arguments
    if (name === undefined) return refuse(COMMAND, io, [`name a rollout: portcullis ${COMMAND} NAME`])
    const unknown = await unknownExceptions(values['enable-exception'])
    if (unknown.length > 0) return refuse(COMMAND, io, unknown)
    const simulated = await readSimulation(values.simulation, io)
    if ('problem' in simulated) return refuse(COMMAND, io, [simulated.problem])
    return withCluster(COMMAND, values.kubeconfig, io, async client => {
      const { rollouts, problem } = await readRollouts(client, name)
      const [rollout] = rollouts
      if (rollout === undefined) return refuse(COMMAND, io, [problem ?? ''])
      return write(rollout, await pageOf(client, rollout, simulated.json, values, io), values, io)
    })
  },
}

async function readSimulation(
  file: string | undefined,
  io: Io,
): Promise<{ readonly json: Json | undefined } | { readonly problem: string }> {
  if (file === undefined) return { json: undefined }
  try {
    return { json: JSON.parse(await readFile(resolve(io.cwd, file), 'utf8')) as Json }
  } catch (error) {
    const why = error instanceof SyntaxError ? `is no JSON: ${error.message}` : describeFileError(error)
    return { problem: `--simulation ${file}: ${why}` }
  }
}

async function pageOf(
  client: ClusterClient,
  rollout: JsonObject,
  simulation: Json | undefined,
  values: ReportOptions,
  io: Io,
): Promise<string> {
  const madeAt = Date.now() + client.skewMs()
  const blocked = await blockedOf(client, rollout, madeAt, values, io)
  const facts = await factsOf(client, rollout, { madeAt, blocked, simulation })
  return renderReport(facts, css => createHash('sha256').update(css).digest('base64'))
}

async function blockedOf(
  client: ClusterClient,
  rollout: JsonObject,
  now: number,
  values: ReportOptions,
  io: Io,
): Promise<Blocked> {
  if (values['no-preview'])
    return { kind: 'not-asked', why: 'Nobody was asked: the report was made with --no-preview.' }
  const written = dig(rollout['spec'], 'target')
  const target: Target = {
    kind: getString(written, 'kind') === 'Policy' ? 'Policy' : 'SidecarInjection',
    name: getString(written, 'name') ?? '',
  }
  return blockedBy(client, target, compiledOf(rollout), {
    ownNamespace: io.env['POD_NAMESPACE'] || 'portcullis-system',
    enabledExceptions: values['enable-exception'],
    excludedNamespaces: values['exclude-namespaces'],
    bootstrapNamespaces: values['bootstrap-namespaces'],
    now,
    warn: message => io.stderr(`portcullis ${COMMAND}: ${message}\n`),
  })
}

async function write(rollout: JsonObject, page: string, { output }: ReportOptions, io: Io): Promise<number> {
  if (output === '-') {
    io.stdout(page)
    return 0
  }
  // Whatever an API says a name is, it leads to no other folder.
  const file = output ?? `rollout-${nameOf(rollout).replace(/[^a-z0-9.-]/g, '_')}.html`
  try {
    await writeFile(resolve(io.cwd, file), page)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return refuse(COMMAND, io, [`${file} cannot be written: ${code ?? message}`])
  }
  io.stdout(`${file}\n`)
  return 0
}
