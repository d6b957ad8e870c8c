import { join } from 'node:path'
import { oneLine, quote } from '../admission/text.ts'
import { suggest } from '../policy/suggest.ts'
import type { Command, Io } from './io.ts'
import { choice, describeOptions, duration, flag, list, parseOptions, text, type ValuesOf } from './options.ts'
import { loadClientCertificates } from './review/certificates.ts'
import { GatewayClient } from './review/client.ts'
import { formatReviews, type Reviewed } from './review/print.ts'
import { readManifests, readRecorded } from './review/questions.ts'
import { SUBRESOURCES } from './review/subresources.ts'
import { judge } from './review/verdict.ts'
import { isNamespaceName } from './shared-options.ts'

/** What a webhook configuration may ask for at most (`timeoutSeconds`). */
const MAX_TIMEOUT_MS = 30_000

const OPTIONS = {
  server: text('URL', 'The gateway to ask.', 'https://127.0.0.1:8443'),
  certs: text('DIR', 'The folder of ca.crt, client.crt and client.key.', join('certs', 'dev')),
  operation: choice(['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], 'What is done to the objects.', 'CREATE'),
  old: text('FILE', 'The objects as they were before an UPDATE, matched by kind, namespace and name.', undefined),
  user: text('NAME', 'Who asks.', 'kubernetes-admin'),
  group: list('NAMES', 'The groups of whoever asks.', ['system:authenticated']),
  namespace: text('NAME', 'Where objects go that name no namespace.', 'default', { short: 'n' }),
  subresource: text('NAME', 'The subresource, such as ephemeralcontainers.', undefined),
  'dry-run': flag('Marks the requests as a dry run.'),
  timeout: duration('How long the gateway may take for an answer.', '10s'),
  output: choice(['text', 'json', 'yaml'], 'How the verdicts are printed.', 'text', { short: 'o' }),
  replay: flag('The files are recorded AdmissionReviews (JSON), sent byte for byte.'),
  help: flag('Shows this text.', { short: 'h' }),
}
type ReviewOptions = ValuesOf<typeof OPTIONS>

const HELP = `portcullis review FILE…|-: asks a gateway about manifests, as the API server would.

Prints for each object whether it is allowed, and what was said about it. Exit code 0 when all are allowed, 1 when any
is denied, 2 when the gateway could not be asked.

Options:
`

/** `portcullis review`. */
export const review: Command = {
  async run(argv, io) {
    const parsed = parseOptions(OPTIONS, argv, io.env, false)
    if (!parsed.ok) return fail(io, [parsed.message])
    if (parsed.values.help) {
      io.stdout(`${HELP}${describeOptions(OPTIONS, false)}\n`)
      return 0
    }
    if (parsed.positionals.length === 0) return fail(io, ['name a file, or - for standard input; see --help'])
    const misuse = misuseOf(parsed.values)
    return misuse === undefined ? run(parsed.values, parsed.positionals, io) : fail(io, [misuse])
  },
}

/** What is wrong with options that are well written each for itself. */
function misuseOf(options: ReviewOptions): string | undefined {
  const { server, timeout, operation, old, replay, namespace, subresource } = options
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:')
    return `--server must be a URL such as https://127.0.0.1:8443, not "${server}"`
  const { origin, pathname, search, hash } = new URL(server)
  if (`${pathname}${search}${hash}` !== '/') return `--server takes no path: ${origin}, not "${server}"`
  if (!isNamespaceName(namespace)) return `--namespace must be the name of a namespace, not "${namespace}"`
  if (subresource !== undefined && !SUBRESOURCES.includes(subresource)) {
    const known = `${suggest(subresource, SUBRESOURCES)}; allowed: ${SUBRESOURCES.join(', ')}`
    return `--subresource knows no ${quote(subresource)}${known}`
  }
  if (timeout <= 0 || timeout > MAX_TIMEOUT_MS)
    return '--timeout must be more than 0s and at most 30s, as in a webhook configuration'
  if (old !== undefined && (replay || operation !== 'UPDATE')) return '--old goes with --operation UPDATE alone'
  return undefined
}

function fail(io: Io, problems: readonly string[]): number {
  // What stands in a manifest, a file's name or an answer must not move the cursor of whoever reads it.
  for (const line of problems.flatMap(problem => problem.split('\n')))
    io.stderr(`portcullis review: ${oneLine(line)}\n`)
  return 2
}

async function run(options: ReviewOptions, files: readonly string[], io: Io): Promise<number> {
  const loaded = await loadClientCertificates(options.certs, new Date())
  if (!loaded.ok) return fail(io, [loaded.problem])
  const read = options.replay ? await readRecorded(files, io) : await readManifests(files, questionOptions(options), io)
  const problems = [...read.problems]
  if (read.items.length === 0 && problems.length === 0) problems.push('there is no Kubernetes object in these files')
  const client = new GatewayClient(new URL(options.server), loaded.certificates, options.timeout)
  const reviews: Reviewed[] = []
  for (const { file, line, object, question } of read.items) {
    const asked = await judge(client, question)
    if (asked.ok) reviews.push({ file, line, object, ...asked.verdict })
    else problems.push(`${file}:${line}: ${object}: ${asked.problem}`)
  }
  client.close()
  io.stdout(formatReviews(reviews, options.output))
  if (problems.length > 0) return fail(io, problems)
  return reviews.every(({ allowed }) => allowed) ? 0 : 1
}

function questionOptions({ operation, namespace, subresource, user, group, old, ...options }: ReviewOptions) {
  return {
    operation,
    defaultNamespace: namespace,
    subResource: subresource ?? '',
    userInfo: { username: user, uid: '', groups: group },
    dryRun: options['dry-run'],
    old,
  }
}
