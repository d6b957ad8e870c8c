import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import { dump } from 'js-yaml'
import { oneLine } from '../../admission/text.ts'
import { INJECTION_RESULTS, REQUEST_REASONS } from '../../injection/outcome.ts'
import { deepEqual, type Json } from '../../json/value.ts'
import { parseYaml } from '../../yaml/parse.ts'
import { describeReference } from '../report.ts'
import type { InjectedPod } from './inject-object.ts'
import type { InjectedFile, InjectedObject } from './inject-text.ts'

const MEANINGS: Readonly<Record<string, string>> = { ...INJECTION_RESULTS, ...REQUEST_REASONS }

/** Writes what became of files, when all of them were read. */
export type InjectFormat = (files: readonly InjectedFile[]) => string

/** Every document of every file, as `kubectl apply -f -` takes it: what nothing is injected into comes out as it came. */
export const yamlFormat: InjectFormat = files => documentsOf(files).map(toYaml).join('---\n')

/** The one object, or a List of all. */
export const jsonFormat: InjectFormat = files => {
  const documents = documentsOf(files)
  const [only] = documents
  const value = documents.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: documents }
  return `${JSON.stringify(value, null, 2)}\n`
}

function documentsOf(files: readonly InjectedFile[]): readonly Json[] {
  return files.flatMap(({ documents }) => documents.map(({ after }) => after))
}

/** What is injected, line by line. Both sides are written anew, so that only the injection differs. */
export const diffFormat: InjectFormat = files =>
  files
    .filter(({ documents }) => documents.some(({ before, after }) => before !== after))
    .map(({ file, documents }) => {
      const text = (side: 'before' | 'after') => documents.map(document => toYaml(document[side])).join('---\n')
      const name = oneLine(file)
      const options = { context: 3, headerOptions: FILE_HEADERS_ONLY }
      return createTwoFilesPatch(name, name, text('before'), text('after'), undefined, 'injected', options)
    })
    .join('')

/** The JSON Patches, one for each object that gets one. Pointers lead into the object. */
export const patchFormat: InjectFormat = files => {
  const patches = files.flatMap(({ file, objects }) =>
    objects.flatMap(({ line, reference, pods }) => {
      const patch = pods.flatMap(pod => pod.patch)
      return patch.length === 0 ? [] : [{ file, line, object: reference, patch }]
    }),
  )
  return `${JSON.stringify(patches, null, 2)}\n`
}

/** What became of each injection for each pod, as a table for people. */
export const explainFormat: InjectFormat = files =>
  files
    .flatMap(({ file, objects }) =>
      objects.flatMap(object => object.pods.map(pod => `${explain(file, object, pod).join('\n')}\n`)),
    )
    .join('\n')

/** The same for programs. */
export const explainJsonFormat: InjectFormat = files => {
  const pods = files.flatMap(({ file, objects }) =>
    objects.flatMap(({ line, reference, pods }) =>
      pods.map(({ pointer, outcomes, warnings, patch, denial, proofFailures }) => ({
        file,
        line,
        object: reference,
        pointer,
        injections: outcomes.map(({ injection, result, why }) => {
          return { injection, result, meaning: MEANINGS[result], ...(why !== undefined && { why }) }
        }),
        additions: patch.length,
        warnings,
        ...(denial !== undefined && { denial }),
        ...(proofFailures.length > 0 && { proofFailures }),
      })),
    ),
  )
  return `${JSON.stringify(pods, null, 2)}\n`
}

function explain(file: string, { line, reference }: InjectedObject, pod: InjectedPod): readonly string[] {
  const { pointer, outcomes, patch, warnings, denial, proofFailures } = pod
  const names = Math.max(...outcomes.map(({ injection }) => injection.length))
  const results = Math.max(...outcomes.map(({ result }) => result.length))
  return [
    `${oneLine(file)}:${line}: ${describeReference(reference)}${pointer === '' ? '' : `, pods of ${oneLine(pointer)}`}`,
    ...outcomes.map(
      ({ injection, result, why }) =>
        `  ${injection.padEnd(names)}  ${result.padEnd(results)}  ${why === undefined ? MEANINGS[result] : oneLine(why)}`,
    ),
    ...(patch.length > 0 ? [`  ${additions(patch.length)}, proven to change nothing that is there`] : []),
    ...proofFailures.map(({ injection, message }) => `  not proven: ${injection}: ${oneLine(message)}`),
    ...(denial === undefined ? [] : [`  refused: ${oneLine(denial)}`]),
    ...warnings.map(warning => `  warning: ${oneLine(warning)}`),
  ]
}

function additions(count: number): string {
  return count === 1 ? '1 addition' : `${count} additions`
}

/** A document as YAML that Kubernetes reads as the same value; where the writer would not manage that, as JSON. */
function toYaml(value: Json): string {
  const text = dump(value, { lineWidth: -1, noRefs: true })
  const { documents, problems } = parseYaml(text)
  const isSame = problems.length === 0 && documents.length === 1 && deepEqual(documents[0]?.value, value)
  return isSame ? text : `${JSON.stringify(value, null, 2)}\n`
}
