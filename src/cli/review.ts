import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type RequestOptions, requestOfManifest } from '../admission/manifest.ts'
import { describeObject } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { dig, getString, isObject, type Json, type JsonObject } from '../json/value.ts'
import { objectsOf } from '../lint/objects.ts'
import { decodeReview } from '../review/decode.ts'
import { parseYaml } from '../yaml/parse.ts'
import type { Command, Io } from './io.ts'
import { choice, describeOptions, duration, flag, list, parseOptions, text, type ValuesOf } from './options.ts'
import { GatewayClient, readCertificates } from './review/client.ts'
import { encodeReview } from './review/encode.ts'
import { formatReviews, type Reviewed } from './review/print.ts'
import { judge, type Question } from './review/verdict.ts'

const OPTIONS = {
  server: text('URL', 'The gateway to ask.', 'https://127.0.0.1:8443'),
  certs: text('DIR', 'The folder of ca.crt, client.crt and client.key.', join('certs', 'dev')),
  operation: choice(['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], 'What is done to the objects.', 'CREATE'),
  old: text('FILE', 'The objects as they were before an UPDATE, matched by kind, namespace and name.', undefined),
  user: text('NAME', 'Who asks.', 'kubernetes-admin'),
  group: list('NAMES', 'The groups of whoever asks.', ['system:authenticated']),
  namespace: text('NAME', 'Where objects go that name no namespace.', 'default', { short: 'n' }),
  subresource: text('NAME', 'The subresource, such as ephemeralcontainers.', ''),
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
  name: 'review',
  summary: 'Sends manifests to a gateway, as the API server would.',
  async run(argv, io) {
    const parsed = parseOptions(OPTIONS, argv, io.env, false)
    if (!parsed.ok) return fail(io, [parsed.message])
    if (parsed.values.help) {
      io.stdout(`${HELP}${describeOptions(OPTIONS, false)}\n`)
      return 0
    }
    if (parsed.positionals.length === 0) return fail(io, ['name a file, or - for standard input; see --help'])
    if (!URL.canParse(parsed.values.server) || new URL(parsed.values.server).protocol !== 'https:') {
      return fail(io, [`--server must be a URL such as https://127.0.0.1:8443, not "${parsed.values.server}"`])
    }
    return run(parsed.values, parsed.positionals, io)
  },
}

function fail(io: Io, problems: readonly string[]): number {
  for (const problem of problems) io.stderr(`portcullis review: ${problem}\n`)
  return 2
}

/** A question, and where it comes from. */
interface Item {
  readonly file: string
  readonly line: number
  readonly object: string
  readonly question: Question
}

async function run(options: ReviewOptions, files: readonly string[], io: Io): Promise<number> {
  const read = await readCertificates(options.certs)
  if (!read.ok) return fail(io, [read.problem])
  const problems: string[] = []
  const items = await readItems(options, files, io, problems)
  if (items.length === 0 && problems.length === 0) problems.push('there is no Kubernetes object in these files')
  const client = new GatewayClient(new URL(options.server), read.certificates, options.timeout)
  const reviews: Reviewed[] = []
  for (const { file, line, object, question } of items) {
    const asked = await judge(client, question)
    if (asked.ok) reviews.push({ file, line, object, ...asked.verdict })
    else problems.push(`${file}:${line}: ${object}: ${asked.problem}`)
  }
  client.close()
  io.stdout(formatReviews(reviews, options.output))
  if (problems.length > 0) return fail(io, problems)
  return reviews.every(({ allowed }) => allowed) ? 0 : 1
}

async function readItems(
  options: ReviewOptions,
  files: readonly string[],
  io: Io,
  problems: string[],
): Promise<readonly Item[]> {
  const oldObjects = options.old === undefined ? [] : await readObjects(options.old, io, problems)
  const items: Item[] = []
  for (const file of files) {
    if (options.replay) items.push(...(await readRecorded(file, io, problems)))
    else
      for (const found of await readObjects(file, io, problems))
        items.push(...itemOf(found, options, oldObjects, problems))
  }
  return items
}

/** An object of a manifest file and the line it begins on. */
interface FoundObject {
  readonly file: string
  readonly line: number
  readonly value: JsonObject
}

async function readObjects(file: string, io: Io, problems: string[]): Promise<readonly FoundObject[]> {
  const bytes = await readBytes(file, io, problems)
  if (bytes === undefined) return []
  const parsed = parseYaml(bytes.toString('utf8'))
  problems.push(
    ...parsed.problems.map(({ message, position }) => `${file}:${position.line}:${position.column}: ${message}`),
  )
  return parsed.documents.flatMap(document => {
    const lineOf = (pointer: string) => document.locate(pointer).start.line
    const { objects, problems: faults } = objectsOf(document.value)
    if (objects.length + faults.length === 0)
      problems.push(`${file}:${lineOf('')}: is no Kubernetes object: it has no apiVersion and kind`)
    problems.push(...faults.map(({ pointer, message }) => `${file}:${lineOf(pointer)}: ${message}`))
    return objects.map(({ pointer, value }) => ({ file, line: lineOf(pointer), value }))
  })
}

async function readBytes(file: string, io: Io, problems: string[]): Promise<Buffer | undefined> {
  try {
    return file === '-' ? await buffer(io.stdin) : await readFile(file)
  } catch (error) {
    problems.push(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

function itemOf(
  { file, line, value }: FoundObject,
  options: ReviewOptions,
  oldObjects: readonly FoundObject[],
  problems: string[],
): readonly Item[] {
  const { operation, namespace, subresource, user, group } = options
  const identity = identityOf(value, namespace)
  const oldObject = oldObjects.find(old => identityOf(old.value, namespace) === identity)?.value ?? null
  if (operation === 'UPDATE' && oldObject === null) {
    problems.push(`${file}:${line}: an UPDATE needs the object as it was: --old names no file that holds it`)
    return []
  }
  const requestOptions: RequestOptions = {
    uid: randomUUID(),
    operation,
    defaultNamespace: namespace,
    subResource: subresource,
    userInfo: { username: user, uid: '', groups: group },
    dryRun: options['dry-run'],
    oldObject: operation === 'UPDATE' ? oldObject : null,
  }
  const request = requestOfManifest(value, requestOptions)
  if (request === undefined) {
    problems.push(`${file}:${line}: is no Kubernetes object: it lacks apiVersion or kind`)
    return []
  }
  return [{ file, line, object: describeObject(request), question: questionOf(request) }]
}

function questionOf(request: AdmissionRequest): Question {
  const { uid, object } = request
  const encode = (changed: Json) =>
    encodeReview(isObject(changed) && object !== null ? { ...request, object: changed } : request)
  return { uid, object, encode }
}

function identityOf(object: JsonObject, defaultNamespace: string): string {
  const metadata = dig(object, 'metadata')
  const namespace = getString(metadata, 'namespace') || defaultNamespace
  return JSON.stringify([getString(object, 'kind'), namespace, getString(metadata, 'name')])
}

async function readRecorded(file: string, io: Io, problems: string[]): Promise<readonly Item[]> {
  const bytes = await readBytes(file, io, problems)
  if (bytes === undefined) return []
  const parsed = decodeReview(bytes)
  if (parsed.kind === 'unanswerable') {
    problems.push(`${file}: ${parsed.reason}`)
    return []
  }
  const object = parsed.kind === 'request' ? describeObject(parsed.request) : parsed.identity.apiVersion
  const recorded = parsed.kind === 'request' ? parsed.request.object : null
  return [{ file, line: 1, object, question: { uid: parsed.identity.uid, object: recorded, encode: () => bytes } }]
}
