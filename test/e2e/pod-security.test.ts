import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deepEqual, type JsonObject } from '../../src/json/value.ts'
import { boundaryPods, podSecurityPod } from '../support/pod-security-pods.ts'
import { ourReasons, type Question } from '../support/pod-security-verdicts.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { askKubernetes, createQuestionNamespaces, MODES, QUESTIONS } from './support/pod-security.ts'

/** `POD_SECURITY_SEED=1 npm run test:e2e -- test/e2e/pod-security.test.ts` repeats a run. */
const SEED = Number(process.env['POD_SECURITY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
/** `POD_SECURITY_RECORD=1` asks more, and writes down what Kubernetes said. */
const IS_RECORDING = process.env['POD_SECURITY_RECORD'] === '1'
const FRESH = 2000
const RECORDED = 3000
const AT_ONCE = 16
const FILE = fileURLToPath(new URL('../data/pod-security/verdicts.ndjson', import.meta.url))

let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane()
  await createQuestionNamespaces(plane)
})

afterAll(() => plane?.stop())

/** One pod, or a Deployment of it, and what is asked about it. */
interface Asked {
  readonly object: JsonObject
  readonly questions: readonly Question[]
}

/** A line of the record. */
interface Recorded {
  readonly object: JsonObject
  readonly reasons: Readonly<Record<string, readonly string[]>>
}

/** Asks in random modes; gives the record of what the plugin saw, and where we see it otherwise. */
async function ask(asked: readonly Asked[]): Promise<{ records: Recorded[]; differences: string[]; answers: number }> {
  const records: (Recorded | undefined)[] = asked.map(() => undefined)
  const differences: string[] = []
  let answers = 0
  const waiting = [...asked.entries()]
  const one = async (index: number, { object, questions }: Asked) => {
    const reasons: Record<string, readonly string[]> = {}
    for (const [at, question] of questions.entries()) {
      // A template is not refused, but warned of.
      const mode = object['kind'] === 'Pod' ? (MODES[(index + at) % 2] ?? 'warn') : 'warn'
      const theirs = await askKubernetes(plane, object, question, mode)
      if (theirs === undefined) return
      answers++
      reasons[`${question.level}@${question.version}`] = theirs
      const ours = ourReasons(object, question)
      if (!deepEqual(ours, theirs))
        differences.push(
          `${mode} ${JSON.stringify(question)}: ours ${ours}, theirs ${theirs}: ${JSON.stringify(object)}`,
        )
    }
    records[index] = { object, reasons }
  }
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await one(...next)
    }),
  )
  return { records: records.filter(record => record !== undefined), differences, answers }
}

/** Random pods, each with some questions; every fifth is the template of a Deployment. */
function randomPods(count: number, questions: number): readonly Asked[] {
  const sample = fc.sample(
    fc.tuple(podSecurityPod, fc.shuffledSubarray([...QUESTIONS], { minLength: questions, maxLength: questions })),
    {
      seed: SEED,
      numRuns: count,
    },
  )
  return sample.map(([pod, asked], index) => ({ object: index % 5 === 0 ? deploymentOf(pod) : pod, questions: asked }))
}

function deploymentOf({ metadata, spec }: JsonObject): JsonObject {
  const labels = { app: 'a' }
  const template = { metadata: { ...(metadata as JsonObject), labels }, spec: spec ?? {} }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {},
    spec: { selector: { matchLabels: labels }, template },
  }
}

/** How often the plugin found something. */
const refusals = (records: readonly Recorded[]) =>
  records.flatMap(({ reasons }) => Object.values(reasons)).filter(found => found.length > 0).length

const summary = ({ records, differences, answers }: Awaited<ReturnType<typeof ask>>) =>
  process.stdout.write(
    `${records.length} objects, ${answers} answers, ${refusals(records)} with findings, ${differences.length} differences\n`,
  )

// No test but the recorder: it is there only where it is asked for.
if (IS_RECORDING)
  test('what Kubernetes says is written down', async () => {
    process.stdout.write(`Pod Security: POD_SECURITY_SEED=${SEED}\n`)
    const boundary = boundaryPods().map(object => ({ object, questions: QUESTIONS }))
    const result = await ask([...boundary, ...randomPods(RECORDED, 4)])
    summary(result)
    writeFileSync(FILE, result.records.map(record => `${JSON.stringify(record)}\n`).join(''))
    expect(result.differences.slice(0, 10).join('\n')).toBe('')
  }, 900_000)

test(`about ${FRESH} random pods we and the PodSecurity plugin of a real API server agree, at every level and version`, async () => {
  process.stdout.write(`Pod Security: POD_SECURITY_SEED=${SEED}\n`)
  // Some are refused for other reasons before the plugin sees them.
  const result = await ask(randomPods(Math.ceil(FRESH * 1.6), 2))
  summary(result)
  expect(result.differences.slice(0, 10).join('\n')).toBe('')
  expect(result.records.length).toBeGreaterThanOrEqual(FRESH)
  expect(refusals(result.records)).toBeGreaterThan(FRESH / 2)
})
