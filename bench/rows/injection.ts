import { fileURLToPath } from 'node:url'
import fastJsonPatch from 'fast-json-patch'
import { parseReview } from '../../src/admission/parse.ts'
import type { AdmissionRequest } from '../../src/admission/request.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { digest, documentSources, readDocuments } from '../../src/cli/documents.ts'
import { planInjections } from '../../src/injection/plan.ts'
import { loadInjections } from '../../src/injection/set.ts'
import { applyPatch } from '../../src/json/patch.ts'
import type { Json, JsonObject } from '../../src/json/value.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { loadSet } from '../../src/policy/set.ts'
import { inject } from '../../src/review/inject.ts'
import { timePair } from '../pairs.ts'
import { NOTHING_KNOWN, podReview, TRIGGERED } from '../reviews.ts'
import type { Row } from '../run.ts'

const INJECTION = fileURLToPath(new URL('../../examples/injections/log-tailer.yaml', import.meta.url))

/** The pod of a review that asks for the injection. */
function requestOf(text: string): AdmissionRequest & { readonly object: JsonObject } {
  const triggered = text.replace('"annotations":{', '"annotations":{"logs.example.com/inject":"true",')
  const parsed = parseReview(JSON.parse(triggered) as Json)
  if (parsed.kind !== 'request' || parsed.request.object === null) throw new Error('no review of a pod')
  return { ...parsed.request, object: parsed.request.object }
}

/**
 * Making a patch, without and with its proof, against what most webhooks do: clone the pod, change the clone, compare
 * the two.
 */
export async function benchInjection(): Promise<readonly Row[]> {
  const folder = await readDocuments([{ path: INJECTION, kinds: ['SidecarInjection'] }])
  const { set: injections } = loadInjections(folder, { excludedNamespaces: [], digest })
  const sources = documentSources({ policies: undefined, exceptions: undefined, 'enable-exception': [] })
  const { set } = loadSet(await readDocuments(sources), { checks: CHECKS, excludedNamespaces: [], digest })
  const context = { injections, set, namespaceLabels: NO_NAMESPACE_LABELS, facts: NOTHING_KNOWN }
  const shapes = [
    { name: 'a typical pod', text: TRIGGERED, calls: 2000 },
    { name: 'a pod of 1.5 MB', text: podReview({ containers: 1, variables: 0, argument: 1_500_000 }), calls: 20 },
    {
      name: '10 containers of 1,000 variables',
      text: podReview({ containers: 10, variables: 1000, argument: 0 }),
      calls: 5,
    },
  ]
  return shapes.flatMap(({ name, text, calls }) => {
    const request = requestOf(text)
    const pod = request.object
    const plan = () => planInjections({ pod, namespace: request.namespace }, injections, context)
    const patched = applyPatch(pod, plan().operations)
    if (!patched.ok || plan().operations.length === 0) throw new Error(`${name}: nothing is injected`)
    const proven = () => inject(request, context)
    if (proven().answer.kind !== 'patched') throw new Error(`${name}: the patch is withheld`)
    // The change itself is given away: theirs pays for the clone and the comparison alone.
    const compared = () => fastJsonPatch.compare(fastJsonPatch.deepClone(pod), patched.document as object)
    const json = JSON.stringify(pod)
    const row = (what: string, yardstick: string, ours: () => unknown, theirs: () => unknown, aim: string): Row => {
      const times = timePair(ours, theirs, 10, calls)
      const shown = (nanoseconds: number) => `${(nanoseconds / 1000).toFixed(1)} µs`
      const ratio = times.a / times.b
      return { name: `${name}, ${what}`, ours: shown(times.a), yardstick: `${yardstick} ${shown(times.b)}`, ratio, aim }
    }
    return [
      row('plan and patch', 'clone and compare', plan, compared, '≤ 0.2'),
      row('plan, patch and proof', 'clone and compare', proven, compared, '≤ 1'),
      row('plan, patch and proof', 'JSON.parse', proven, () => JSON.parse(json), '< 20 ms'),
    ]
  })
}
