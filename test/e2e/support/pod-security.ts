import type { JsonObject } from '../../../src/json/value.ts'
import { VERSIONS } from '../../support/pod-security-pods.ts'
import { type Question, theirReasons } from '../../support/pod-security-verdicts.ts'
import { type ApiServer, createNamespace } from './control-plane.ts'

/** The ways in which a namespace may ask for a level: by refusal, or by a warning. */
export const MODES = ['enforce', 'warn'] as const
export type Mode = (typeof MODES)[number]

/** Every level at every version. */
export const QUESTIONS: readonly Question[] = (['baseline', 'restricted'] as const).flatMap(level =>
  VERSIONS.map(version => ({ level, version })),
)

function namespaceOf({ level, version }: Question, mode: Mode): string {
  return `${mode}-${level}-${version.replace('.', '-')}`
}

/** Makes a namespace for every question in every mode. */
export async function createQuestionNamespaces(server: ApiServer): Promise<void> {
  await Promise.all(
    MODES.flatMap(mode =>
      QUESTIONS.map(async question => {
        const name = namespaceOf(question, mode)
        await createNamespace(server, name)
        const label = `pod-security.kubernetes.io/${mode}`
        const labels = { [label]: question.level, [`${label}-version`]: question.version }
        const path = `/api/v1/namespaces/${name}`
        const { status, body } = await server.request(
          'PATCH',
          path,
          { metadata: { labels } },
          'application/merge-patch+json',
        )
        if (status !== 200) throw new Error(body)
      }),
    ),
  )
}

/**
 * Asks the real plugin by a dry run. Its reasons, sorted, none where it is content; undefined where the API server
 * refuses the object for what is no matter of Pod Security, before the plugin sees it.
 */
export async function askKubernetes(
  server: ApiServer,
  object: JsonObject,
  question: Question,
  mode: Mode,
): Promise<readonly string[] | undefined> {
  const namespace = namespaceOf(question, mode)
  const [group, plural] = object['kind'] === 'Pod' ? ['/api/v1', 'pods'] : ['/apis/apps/v1', 'deployments']
  const path = `${group}/namespaces/${namespace}/${plural}?dryRun=All`
  const named = { ...object, metadata: { ...(object['metadata'] as JsonObject), generateName: 'p-' } }
  const { status, body, warning } = await server.request('POST', path, named)
  if (status === 201) return theirReasons(unquoted(warning)) ?? []
  const { message = '' } = JSON.parse(body) as { message?: string }
  if (status === 403 && mode === 'enforce') return theirReasons(message)
  if (status === 422 || status === 400) return undefined
  throw new Error(`${status}: ${body}`)
}

/** The text of warnings in a header; of several the one about Pod Security. */
function unquoted(header: string): string {
  const texts = [...header.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replaceAll(/\\(.)/g, '$1'),
  )
  return texts.find(text => text.includes('PodSecurity')) ?? ''
}
