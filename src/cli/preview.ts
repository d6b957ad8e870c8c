import { discover } from '../cluster/discovery.ts'
import { type BlockedOwner, describeOwner, preview as previewOf } from '../controller/preview/preview.ts'
import { askCluster, type ClusterFacts, clusterQuestionOptions } from './ask-cluster.ts'
import { readCommandLine, refuse } from './command-line.ts'
import type { Command, Io } from './io.ts'
import { choice, flag, type ValuesOf } from './options.ts'
import { namespaceList } from './shared-options.ts'

function previewOptions(env: Io['env']) {
  return {
    cluster: flag('Judges what is in the cluster.'),
    ...clusterQuestionOptions(env),
    'bootstrap-namespaces': namespaceList('Namespaces that nobody is asked about.', []),
    output: choice(['text', 'json'], 'How to print it.', 'text', { short: 'o' }),
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
    if (!values.cluster) return refuse('preview', io, ['say what to look at: --cluster'])
    return askCluster('preview', values, io, facts => look(facts, values, io))
  },
}

async function look({ client, ...facts }: ClusterFacts, values: PreviewOptions, io: Io): Promise<number> {
  const { resources, failed } = await discover(client)
  for (const group of failed) io.stderr(`portcullis preview: ${group} does not answer, and was not looked at\n`)
  const unasked = [...values['exclude-namespaces'], ...values['bootstrap-namespaces']]
  const blocked = await previewOf(client, { ...facts, served: resources }, unasked)
  io.stdout(values.output === 'json' ? `${JSON.stringify({ blocked }, null, 2)}\n` : textOf(blocked))
  return blocked.length > 0 ? 1 : failed.length > 0 ? 2 : 0
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
