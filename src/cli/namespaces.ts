import { readFile } from 'node:fs/promises'
import { quote } from '../admission/text.ts'
import { append, type Pointer } from '../json/pointer.ts'
import { dig, get, getString, isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import { decodeText } from '../lint/read.ts'
import type { NamespaceTable } from '../policy/match.ts'
import type { Problem } from '../policy/problems.ts'
import type { YamlDocument } from '../yaml/document.ts'
import { parseYaml } from '../yaml/parse.ts'
import { unreadable } from './documents.ts'

/** The labels of namespaces by their names, and what is wrong with the file. */
export interface ReadNamespaces {
  readonly table: NamespaceTable
  readonly problems: readonly Problem[]
}

/**
 * Reads a file of Namespace manifests, as `kubectl get namespaces -o yaml` writes it too.
 *
 * @param file undefined: nobody knows any namespace.
 */
export async function readNamespaces(file: string | undefined): Promise<ReadNamespaces> {
  if (file === undefined) return { table: {}, problems: [] }
  try {
    const read = decodeText(await readFile(file))
    if ('text' in read) return parseNamespaces(file, read.text)
    return { table: {}, problems: [{ file, line: 1, column: 1, pointer: '', message: read.problem }] }
  } catch (error) {
    return { table: {}, problems: [unreadable(file, error, '--namespaces')] }
  }
}

/** The same for a text that was read already; `file` is what problems call it. */
export function parseNamespaces(file: string, text: string): ReadNamespaces {
  const { documents, problems } = parseYaml(text)
  const reader = new NamespaceReader(file)
  for (const { message, position } of problems) reader.problems.push({ file, ...position, pointer: '', message })
  for (const document of documents) reader.add(document, document.value, '')
  if (reader.table.size === 0 && reader.problems.length === 0) {
    reader.problems.push({ file, line: 1, column: 1, pointer: '', message: 'holds no Namespace' })
  }
  // Made of entries, so that a namespace called `__proto__` is a key like any other.
  return { table: Object.fromEntries(reader.table), problems: reader.problems }
}

class NamespaceReader {
  readonly table = new Map<string, Readonly<Record<string, string>>>()
  readonly problems: Problem[] = []
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  add(document: YamlDocument, value: Json, at: Pointer): void {
    const kind = getString(value, 'kind')
    const items = get(value, 'items')
    const isNamespaceList = kind === 'NamespaceList'
    if ((isNamespaceList || kind === 'List') && isList(items)) {
      for (const [index, item] of items.entries()) {
        // The items of a NamespaceList need not say what they are.
        const isNamespace = isNamespaceList && isObject(item) && get(item, 'kind') === undefined
        this.add(
          document,
          isNamespace ? { ...item, kind: 'Namespace', apiVersion: 'v1' } : item,
          append(at, 'items', index),
        )
      }
    } else if (!isObject(value) || kind !== 'Namespace' || getString(value, 'apiVersion') !== 'v1') {
      const found = kind === undefined ? '' : `, not ${quote(kind)}`
      this.#report(
        document,
        kind === undefined ? at : append(at, 'kind'),
        `must be a Namespace of v1, or a List of them${found}`,
      )
    } else this.#addNamespace(document, value, at)
  }

  #addNamespace(document: YamlDocument, value: JsonObject, at: Pointer): void {
    const metadata = append(at, 'metadata')
    const name = getString(dig(value, 'metadata'), 'name') ?? ''
    const labels = dig(value, 'metadata', 'labels') ?? {}
    if (name === '') this.#report(document, metadata, 'required field "name" is missing: text')
    else if (this.table.has(name)) {
      this.#report(document, append(metadata, 'name'), `the namespace ${quote(name)} is described twice`)
    } else if (!isObject(labels)) this.#report(document, append(metadata, 'labels'), 'must be an object of texts')
    else this.table.set(name, this.#textsOf(document, labels, append(metadata, 'labels')))
  }

  #textsOf(document: YamlDocument, labels: JsonObject, at: Pointer): Readonly<Record<string, string>> {
    const texts: [string, string][] = []
    for (const [key, label] of Object.entries(labels)) {
      if (typeof label === 'string') texts.push([key, label])
      else this.#report(document, append(at, key), 'must be text: write it in quotes')
    }
    return Object.fromEntries(texts)
  }

  #report(document: YamlDocument, pointer: Pointer, message: string): void {
    const { start } = document.locate(pointer)
    this.problems.push({ file: this.#file, line: start.line, column: start.column, pointer, message })
  }
}
