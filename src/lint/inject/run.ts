import type { Readable } from 'node:stream'
import type { LintInputs } from '../inputs.ts'
import { readInputs } from '../read.ts'
import type { LintError } from '../report.ts'
import { isOfOtherPurpose, nothingFound } from '../run.ts'
import type { InjectContext } from './inject-object.ts'
import { type InjectedFile, injectText } from './inject-text.ts'
import { withDemands } from './resource-demands.ts'

/** What a run came to. */
export interface InjectResult {
  readonly files: readonly InjectedFile[]
  /** Of no file that was read: a path that matches nothing, no object anywhere. */
  readonly errors: readonly LintError[]
}

/** Injects into every input. Where there was not one Kubernetes object, that is an error. */
export async function injectInputs(found: LintInputs, context: InjectContext, stdin: Readable): Promise<InjectResult> {
  const files: InjectedFile[] = []
  for await (const { input, read } of readInputs(found.inputs, stdin)) {
    const { file, isNamed } = input
    const fail = (message: string) => ({
      file,
      documents: [],
      objects: [],
      errors: [{ file, line: 1, column: 1, message }],
    })
    if (!isNamed && isOfOtherPurpose(file, read)) continue
    if ('problem' in read) files.push(fail(read.problem))
    else {
      const injected = injectText(file, read.text, context)
      // What a walk meets and holds no object, such as a values file, is no part of the manifests.
      if (injected.objects.length > 0 || injected.errors.length > 0) files.push(injected)
      else if (isNamed) files.push(fail('there is no Kubernetes object here: nothing was injected'))
    }
  }
  const isEmpty = files.length === 0 && found.errors.length === 0
  return { files: withDemands(files, context.defaultNamespace), errors: isEmpty ? [nothingFound(found)] : found.errors }
}
