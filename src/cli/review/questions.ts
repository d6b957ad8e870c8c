import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { type RequestOptions, requestOfManifest } from '../../admission/manifest.ts'
import { describeObject, REVIEW_VERSION } from '../../admission/parse.ts'
import type { AdmissionRequest } from '../../admission/request.ts'
import { quote } from '../../admission/text.ts'
import { dig, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { objectsOf } from '../../lint/objects.ts'
import { describeFileError, readInput } from '../../lint/read.ts'
import { decodeReview } from '../../review/decode.ts'
import { parseYaml } from '../../yaml/parse.ts'
import type { Io } from '../io.ts'
import { encodeReview } from './encode.ts'
import { isOfPodsAlone } from './subresources.ts'
import type { Question } from './verdict.ts'

/** A question, and where it comes from. */
export interface Item {
  readonly file: string
  readonly line: number
  readonly object: string
  readonly question: Question
}

/** What manifests do not say about the requests that bring them. */
export interface QuestionOptions extends Omit<RequestOptions, 'uid' | 'oldObject'> {
  /** A file of the objects before an UPDATE. */
  readonly old: string | undefined
}

/** What was read, and what was not: each problem is one text that begins with its file. */
export interface Items {
  readonly items: readonly Item[]
  readonly problems: readonly string[]
}

/** The questions about every object of these manifest files; `-` is the standard input. */
export async function readManifests(files: readonly string[], options: QuestionOptions, io: Io): Promise<Items> {
  const problems: string[] = []
  const oldObjects = options.old === undefined ? [] : await readObjects(options.old, io, problems)
  const items: Item[] = []
  for (const file of files) {
    for (const found of await readObjects(file, io, problems)) {
      const item = itemOf(found, options, oldObjects)
      if (typeof item === 'string') problems.push(`${file}:${found.line}: ${item}`)
      else items.push(item)
    }
  }
  return { items, problems }
}

/** The questions that are recorded AdmissionReviews, one in each file. */
export async function readRecorded(files: readonly string[], io: Io): Promise<Items> {
  const problems: string[] = []
  const items: Item[] = []
  for (const file of files) {
    const bytes = await readBytes(file, io)
    const parsed = typeof bytes === 'string' ? undefined : decodeReview(bytes)
    if (typeof bytes === 'string' || parsed === undefined) problems.push(`${file}: ${bytes}`)
    else if (parsed.kind === 'unanswerable')
      problems.push(
        `${file}: ${parsed.reason}; --replay takes recorded AdmissionReviews in JSON: leave it out for manifests`,
      )
    else {
      const request = parsed.kind === 'request' ? parsed.request : undefined
      const object = request === undefined ? parsed.identity.apiVersion : describeObject(request)
      const question = { identity: parsed.identity, object: request?.object ?? null, encode: () => bytes }
      items.push({ file, line: 1, object, question })
    }
  }
  return { items, problems }
}

/** An object of a manifest file and the line it begins on. */
interface FoundObject {
  readonly file: string
  readonly line: number
  readonly value: JsonObject
}

async function readObjects(file: string, io: Io, problems: string[]): Promise<readonly FoundObject[]> {
  const read = await readInput({ file, path: file === '-' ? undefined : file, isNamed: true }, io.stdin)
  if (!('text' in read)) {
    problems.push(`${file}: ${read.problem}`)
    return []
  }
  const parsed = parseYaml(read.text)
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

/** The bytes of a file, or a text that says why there are none. */
async function readBytes(file: string, io: Io): Promise<Buffer | string> {
  try {
    return file === '-' ? await buffer(io.stdin) : await readFile(file)
  } catch (error) {
    return describeFileError(error)
  }
}

/** The question about an object, or why it cannot be asked. */
function itemOf(
  { file, line, value }: FoundObject,
  { old, ...options }: QuestionOptions,
  oldObjects: readonly FoundObject[],
): Item | string {
  const identity = identityOf(value, options.defaultNamespace)
  const isUpdate = options.operation === 'UPDATE'
  const before = isUpdate
    ? oldObjects.find(other => identityOf(other.value, options.defaultNamespace) === identity)
    : undefined
  if (isUpdate && before === undefined)
    return `an UPDATE needs the object as it was: ${old === undefined ? 'name its file with --old' : `${old} does not hold it`}`
  const { subResource } = options
  const kind = getString(value, 'kind') ?? ''
  if (isOfPodsAlone(subResource) && !(kind === 'Pod' && getString(value, 'apiVersion') === 'v1'))
    return `"${subResource}" is a subresource of pods alone, not of a ${quote(kind)}`
  const request = requestOfManifest(value, { ...options, uid: randomUUID(), oldObject: before?.value ?? null })
  if (request === undefined) return 'is no Kubernetes object: it lacks apiVersion or kind'
  return { file, line, object: describeObject(request), question: questionOf(request) }
}

function questionOf(request: AdmissionRequest): Question {
  const { uid, object } = request
  const encode = (changed: Json) =>
    encodeReview(isObject(changed) && object !== null ? { ...request, object: changed } : request)
  return { identity: { uid, apiVersion: REVIEW_VERSION, kind: 'AdmissionReview' }, object, encode }
}

/** What makes two manifests the same object: not the apiVersion, since one object is served in several. */
function identityOf(object: JsonObject, defaultNamespace: string): string {
  const metadata = dig(object, 'metadata')
  const namespace = getString(metadata, 'namespace') || defaultNamespace
  return JSON.stringify([getString(object, 'kind'), namespace, getString(metadata, 'name')])
}
