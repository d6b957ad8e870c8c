import pino from 'pino'
import type { ClusterClient } from '../cluster/client.ts'
import { discover } from '../cluster/discovery.ts'
import { loadClient } from '../cluster/load-client.ts'
import { type BlockedOwner, describeOwner, preview as previewOf } from '../controller/preview/preview.ts'
import { namespaceLabelsOf } from '../policy/match.ts'
import { describeProblem } from '../policy/problems.ts'
import { readCommandLine, refuse } from './command-line.ts'
import { unknownExceptions } from './documents.ts'
import type { Command, Io } from './io.ts'
import { choice, flag, text, type ValuesOf } from './options.ts'
import { documentStore, followCluster } from './serve/document-store.ts'
import { namespaceList, verdictOptions } from './shared-options.ts'

function previewOptions(env: Io['env']) {
  return {
    cluster: flag('Judges what is in the cluster.'),
    ...verdictOptions(env),
    'bootstrap-namespaces': namespaceList('Namespaces that nobody is asked about.', []),
    'cluster-documents': flag('Reads Policies, exceptions and the labels of namespaces from the cluster too.'),
    output: choice(['text', 'json'], 'How to print it.', 'text', { short: 'o' }),
    kubeconfig: text('FILE', 'How to reach the API; in a pod its service account unless given.', undefined),
    help: flag('Shows this text.', { short: 'h' }),
  }
}

type PreviewOptions = ValuesOf<ReturnType<typeof previewOptions>>

const HELP_HEAD = `portcullis preview --cluster: what enforcing would refuse of what is there already.

Owner by owner, at the next drain, scale-up or rollback: old ReplicaSets count. Exits 0 when nothing would be refused, 1 when
something would, 2 when it could not look.

Options:
`

/** `portcullis preview`. */
export const preview: Command = {
  async run(argv, io) {
    const line = readCommandLine('preview', HELP_HEAD, previewOptions(io.env), argv, io)
    if (!line.ok) return line.code
    const { values } = line
    if (!values.cluster) return fail(io, ['say what to look at: --cluster'])
    const unknown = await unknownExceptions(values['enable-exception'])
    if (unknown.length > 0) return fail(io, unknown)
    const loaded = await loadClient(values.kubeconfig, io.env)
    if (!loaded.ok) return fail(io, [`--kubeconfig: ${loaded.problem}`])
    if (loaded.client === undefined) return fail(io, ['it needs a way to the API: --kubeconfig, or a service account'])
    try {
      return await look(loaded.client, values, io)
    } catch (error) {
      return fail(io, [`the cluster cannot be read: ${error instanceof Error ? error.message : String(error)}`])
    }
  },
}

function fail(io: Io, problems: readonly string[]): number {
  return refuse('preview', io, problems)
}

async function look(client: ClusterClient, values: PreviewOptions, io: Io): Promise<number> {
  const silent = pino({ level: 'silent' })
  const cluster = values['cluster-documents']
    ? await followCluster(client, io.env, (kind, error) => silent.warn({ kind, error }))
    : undefined
  try {
    if (cluster !== undefined && cluster.missing.length > 0) {
      return fail(io, [`no list of ${cluster.missing.join(', ')} has been seen in the cluster`])
    }
    const store = documentStore(values, io.env, cluster)
    const documents = await store.load(undefined)
    const { table, problems } = await store.loadNamespaces()
    const wrong = [...documents.problems, ...problems].map(describeProblem)
    if (wrong.length > 0) return fail(io, wrong)
    const { resources, failed } = await discover(client)
    for (const group of failed) io.stderr(`portcullis preview: ${group} does not answer, and was not looked at\n`)
    const context = {
      set: documents.set,
      namespaceLabels: namespaceLabelsOf(table),
      served: resources,
      now: Date.now(),
    }
    const unasked = [...values['exclude-namespaces'], ...values['bootstrap-namespaces']]
    const blocked = await previewOf(client, context, unasked)
    io.stdout(values.output === 'json' ? `${JSON.stringify({ blocked }, null, 2)}\n` : textOf(blocked))
    return blocked.length > 0 ? 1 : failed.length > 0 ? 2 : 0
  } finally {
    cluster?.stop()
  }
}

function textOf(blocked: readonly BlockedOwner[]): string {
  if (blocked.length === 0) return 'Nothing that is there would be refused.\n'
  const lines = blocked.flatMap(owner => [
    describeOwner(owner),
    ...owner.reasons.map(({ via, policy, message }) => `  ${via === '' ? '' : `by its ${via}: `}${policy}: ${message}`),
  ])
  const what = blocked.length === 1 ? '1 object' : `${blocked.length} objects`
  return `${lines.join('\n')}\n\n${what} would be refused at the next drain, scale-up or rollback.\n`
}
