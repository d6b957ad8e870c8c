import { applyPatch, type PatchOperation } from '../../json/patch.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { isList, isObject, type Json } from '../../json/value.ts'
import type { ProofFailure } from '../../review/facts.ts'
import type { YamlDocument } from '../../yaml/document.ts'
import { parseYaml } from '../../yaml/parse.ts'
import { yamlErrors } from '../lint-text.ts'
import { type ManifestObject, objectsOf } from '../objects.ts'
import type { LintError, ObjectReference } from '../report.ts'
import { type InjectContext, type InjectedPod, injectObject, referenceTo } from './inject-object.ts'

/** One document as it came, and with what is injected into its objects. */
export interface InjectedDocument {
  readonly before: Json
  /** The same value where nothing is injected. */
  readonly after: Json
}

/** What became of the pods of one object. */
export interface InjectedObject {
  readonly line: number
  readonly reference: ObjectReference
  /** Empty where the object has no pod. */
  readonly pods: readonly InjectedPod[]
}

/** What was injected into one text. */
export interface InjectedFile {
  readonly file: string
  readonly documents: readonly InjectedDocument[]
  readonly objects: readonly InjectedObject[]
  readonly errors: readonly LintError[]
}

/** Injects into every object of one text. What cannot be read is an error with its place, and the rest is injected. */
export function injectText(file: string, text: string, context: InjectContext): InjectedFile {
  const parsed = parseYaml(text)
  const errors: LintError[] = [...yamlErrors(file, text, parsed)]
  const objects: InjectedObject[] = []
  const documents = parsed.documents.map(document => {
    const found = objectsOf(document.value)
    const fail = (pointer: Pointer, message: string) =>
      void errors.push({ file, ...document.locate(pointer).start, message })
    for (const { pointer, message } of found.problems) fail(pointer, message)
    const inexact = inexactNumber(document.value)
    if (inexact !== undefined) fail(inexact, 'this number has more digits than can be written again exactly')
    const injected = found.objects.map(object => injectOne(object, document, context))
    objects.push(...injected)
    for (const [index, { pods }] of injected.entries()) {
      for (const { proofFailures, pointer } of pods) {
        const at = (found.objects[index]?.pointer ?? '') + pointer
        for (const failure of proofFailures) fail(at, describeFailure(failure))
      }
    }
    const operations = injected.flatMap(({ pods }, index) => patchOf(found.objects[index]?.pointer ?? '', pods))
    return { before: document.value, after: patched(document.value, operations) }
  })
  return { file, documents, objects, errors }
}

/** `injection a was left out: its patch was not proven harmless: overwrites: /metadata/labels/x exists already` */
function describeFailure({ injection, invariant, message }: ProofFailure): string {
  return `injection ${injection} was left out: its patch was not proven harmless: ${invariant}: ${message}`
}

function injectOne({ value, pointer }: ManifestObject, document: YamlDocument, context: InjectContext): InjectedObject {
  const { line } = document.locate(pointer).start
  return { line, reference: referenceTo(value, context), pods: injectObject(value, context) }
}

function patchOf(pointer: Pointer, pods: readonly InjectedPod[]): readonly PatchOperation[] {
  return pods.flatMap(({ patch }) => patch.map(operation => ({ ...operation, path: pointer + operation.path })))
}

function patched(document: Json, operations: readonly PatchOperation[]): Json {
  if (operations.length === 0) return document
  const result = applyPatch(document, operations)
  if (!result.ok) throw new Error(`a patch that was proven does not apply: ${result.message}`)
  return result.document
}

/** Where an integer stands that JavaScript's numbers cannot hold: written again, it would be another one. */
function inexactNumber(value: Json, at: Pointer = ''): Pointer | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? at : undefined
  if (!isList(value) && !isObject(value)) return undefined
  for (const [key, item] of isList(value) ? value.entries() : Object.entries(value)) {
    const found = inexactNumber(item, append(at, key))
    if (found !== undefined) return found
  }
  return undefined
}
