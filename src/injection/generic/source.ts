import { quote } from '../../admission/text.ts'
import type { Pointer } from '../../json/pointer.ts'
import { get, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import type { Problem, ValueProblem } from '../../policy/problems.ts'
import type { YamlDocument } from '../../yaml/document.ts'
import { positionsIn } from '../../yaml/lines.ts'
import { parseNumber } from '../../yaml/number.ts'
import { parseYaml } from '../../yaml/parse.ts'
import { plainScalar } from '../../yaml/scalar.ts'
import { spelling } from '../pod-types/conform.ts'
import type { Assembled } from './assembled.ts'

/** A file as it was written; it puts problems where they stand. */
export class SourceFile {
  readonly name: string
  readonly #positionOf: ReturnType<typeof positionsIn>

  constructor(name: string, text: string) {
    this.name = name
    this.#positionOf = positionsIn(text)
  }

  problem(message: string, offset: number, pointer: Pointer = ''): Problem {
    return { file: this.name, ...this.#positionOf(offset), pointer, message }
  }

  /** `sidecars.yaml:3:7`. */
  place(offset: number): string {
    const { line, column } = this.#positionOf(offset)
    return `${this.name}:${line}:${column}`
  }
}

/** A file's one document, read from a text that was put together from it. */
export class SourceValue {
  readonly root: JsonObject
  readonly #document: YamlDocument
  readonly #file: SourceFile
  readonly #assembled: Assembled

  constructor(root: JsonObject, document: YamlDocument, file: SourceFile, assembled: Assembled) {
    this.root = root
    this.#document = document
    this.#file = file
    this.#assembled = assembled
  }

  locate({ pointer, part, message }: ValueProblem): Problem {
    const { start } = this.#document.locate(pointer, part)
    return this.#file.problem(message, this.#assembled.sourceOffset(start), pointer)
  }

  /** What stands at `pointer`, as it is written. */
  textAt(pointer: Pointer): string {
    const { start, end } = this.#document.locate(pointer)
    return this.#assembled.text.slice(this.#assembled.offsetOf(start), this.#assembled.offsetOf(end))
  }

  /** As ghodss/yaml writes a scalar into a string, from how it is spelt: `1e6` is `1e+06`, `1000000` is not. */
  spell(value: number | boolean, pointer: Pointer): string {
    const written = this.textAt(pointer)
    const scalar = plainScalar(written)
    if (scalar.value !== value) return spelling(value)
    return scalar.key ?? parseNumber(written)?.digits ?? spelling(value)
  }
}

/** Reads the one document of a file, which must be an object. */
export function readValue(file: SourceFile, assembled: Assembled): SourceValue | Problem {
  const { documents, problems } = parseYaml(assembled.text, { documents: 2 })
  const [problem] = problems
  if (problem !== undefined) return file.problem(problem.message, assembled.sourceOffset(problem.position))
  const [document, second] = documents
  if (document === undefined) return file.problem('the file is empty', 0)
  if (second !== undefined) {
    return file.problem('the file has a second document', assembled.sourceOffset(second.locate('').start))
  }
  if (isConfigMap(document.value)) return file.problem(configMapMessage(document.value), 0)
  if (isObject(document.value)) return new SourceValue(document.value, document, file, assembled)
  const start = assembled.sourceOffset(document.locate('').start)
  return file.problem(document.value === null ? 'the file is empty' : 'the file must hold an object', start)
}

function isConfigMap(value: Json): value is JsonObject {
  return getString(value, 'kind') === 'ConfigMap' && get(value, 'data') !== undefined
}

/** What to do about a file that is still wrapped. */
function configMapMessage(value: JsonObject): string {
  const data = get(value, 'data')
  const keys = isObject(data) ? Object.keys(data) : []
  const metadata = get(value, 'metadata')
  const [name, namespace] = ['name', 'namespace'].map(key => getString(metadata, key))
  const from = `kubectl get configmap ${name ?? 'NAME'}${namespace === undefined ? '' : ` -n ${namespace}`}`
  const key = (keys[0] ?? 'KEY').replaceAll('.', '\\.')
  return (
    `this is a ConfigMap, which holds the file as a text under data (${keys.map(quote).join(', ')}): mount it as a volume ` +
    `and name the file in it, or write the text into a file of its own: ${from} -o jsonpath='{.data.${key}}'`
  )
}
