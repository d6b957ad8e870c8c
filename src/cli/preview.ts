import { resolve } from 'node:path'
import { CHECKS } from '../checks/index.ts'
import { discover } from '../cluster/discovery.ts'
import { type BlockedOwner, describeOwner, preview as previewOf } from '../controller/preview/preview.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import { kindOf } from '../policy/kind.ts'
import { describeProblem } from '../policy/problems.ts'
import { loadSet } from '../policy/set.ts'
import { askCluster, type ClusterFacts, clusterQuestionOptions } from './ask-cluster.ts'
import { readCommandLine, refuse } from './command-line.ts'
import { digest, readDocuments } from './documents.ts'
import type { Command, Io } from './io.ts'
import { choice, flag, type ValuesOf } from './options.ts'
import { namespaceList } from './shared-options.ts'

function previewOptions(env: Io['env']) {
  return {
    cluster: flag('Judges what is in the cluster by all policies that deny; with FILE that is what is done anyway.'),
    ...clusterQuestionOptions(env),
    'bootstrap-namespaces': namespaceList('Namespaces that nobody is asked about.', []),
    output: choice(['text', 'json'], 'How to print it.', 'text', { short: 'o' }),
    help: flag('Shows this text.', { short: 'h' }),
  }
}

type PreviewOptions = ValuesOf<ReturnType<typeof previewOptions>>

const HELP_HEAD = `portcullis preview: what enforcing would refuse of what is there already.

Usage:
  portcullis preview --cluster    by all policies
  portcullis preview FILE         by the policies of a file (or folder) alone, as if they were in force everywhere and denied

Owner by owner, at the next drain, scale-up or rollback: old ReplicaSets count. Exits 0 when nothing would be refused, 1 when
something would, 2 when it could not look.

Options:
`

/** `portcullis preview`. */
export const preview: Command = {
  async run(argv, io) {
    const line = readCommandLine('preview', HELP_HEAD, previewOptions(io.env), argv, io, 1)
    if (!line.ok) return line.code
    const { values } = line
    const [file] = line.arguments
    if (file === undefined && !values.cluster)
      return refuse('preview', io, ['say by what to judge the cluster: FILE, or --cluster for all policies'])
    const targets = file === undefined ? undefined : await readTargets(resolve(io.cwd, file))
    if (targets?.problems !== undefined) return refuse('preview', io, targets.problems)
    return askCluster('preview', values, io, facts => {
      const set = targets === undefined ? facts.set : { ...facts.set, policies: targets.policies }
      return look({ ...facts, set }, values, io)
    })
  },
}

interface Targets {
  readonly policies: readonly CompiledPolicy[]
  readonly problems?: readonly string[]
}

/** The policies of a file, as if they were in force everywhere; a rollout that stands beside them says nothing here. */
async function readTargets(path: string): Promise<Targets> {
  const kinds = ['Policy', 'CanaryRollout']
  const folder = await readDocuments([{ path, kinds }])
  const documents = folder.documents.filter(({ value }) => kindOf(value) !== 'CanaryRollout')
  const { set, problems } = loadSet(
    { ...folder, documents },
    { checks: CHECKS, excludedNamespaces: [], digest, isUnstaged: true },
  )
  if (problems.length > 0) return { policies: [], problems: problems.map(describeProblem) }
  if (set.policies.length === 0) return { policies: [], problems: [`there is no policy in ${path}`] }
  return { policies: set.policies.map(policy => ({ ...policy, actions: ['Deny'] })) }
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
