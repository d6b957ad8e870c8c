import { dig, getString, isList, isObject, type Json, type JsonObject } from '../../src/json/value.ts'
import { objectsOf } from '../../src/lint/objects.ts'
import { decodeText } from '../../src/lint/read.ts'
import { holdsNoObject } from '../../src/lint/run.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import type { Sent } from './kubectl.ts'

/** What `policy-lint` makes of a text: the objects that it judges, and why the run is red, if it is. */
export interface Judged {
  readonly objects: readonly JsonObject[]
  readonly problems: readonly string[]
  /** Passed over as a file of another purpose if a walk met it. */
  readonly isPassedOver: boolean
}

/** Reads a text as a run does. */
export function judged(bytes: Uint8Array): Judged {
  const read = decodeText(bytes)
  if ('problem' in read) return { objects: [], problems: [read.problem], isPassedOver: false }
  const { documents, problems } = parseYaml(read.text)
  const contents = documents.map(({ value }) => objectsOf(value))
  return {
    objects: contents.flatMap(({ objects }) => objects.map(({ value }) => value)),
    problems: [...problems, ...contents.flatMap(content => content.problems)].map(({ message }) => message),
    isPassedOver: holdsNoObject(read.text),
  }
}

/** The first object that kubectl would send and that the run neither judges nor is red about. */
export function hidden(sent: Sent, { objects, problems, isPassedOver }: Judged): JsonObject | undefined {
  const wanted = sent.objects.filter(isSendable)
  if (isPassedOver && wanted.length > 0) return wanted[0]
  if (problems.length > 0) return undefined
  return wanted.find(object => !objects.some(other => isSame(object, withoutNullNamespace(other))))
}

/** kubectl leaves out a namespace that is null; it is the default one for both. */
function withoutNullNamespace(object: JsonObject): JsonObject {
  const metadata = dig(object, 'metadata')
  if (!isObject(metadata) || metadata['namespace'] !== null) return object
  const { namespace: _, ...rest } = metadata
  return { ...object, metadata: rest }
}

/** An object without a name is refused by kubectl itself before anything is sent. */
function isSendable(object: JsonObject): boolean {
  const metadata = dig(object, 'metadata')
  return (getString(metadata, 'name') ?? '') !== '' || (getString(metadata, 'generateName') ?? '') !== ''
}

/** Equal as JSON: numbers by their value, members in any order. */
function isSame(a: Json | undefined, b: Json | undefined): boolean {
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => isSame(item, b[index]))
  if (!isObject(a)) return a === b
  if (!isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && isSame(a[key], b[key]))
}
