import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ReviewResponse, startTestGateway, type TestGateway } from './support/gateway.ts'
import { sample } from './support/wire.ts'

// What a real API server sent, byte for byte, and what the gateway answers on each of its paths. After a change that
// means other answers, `UPDATE_GOLDEN=1 npx vitest run --project unit test/recorded-reviews.test.ts` writes them anew;
// every difference is then to be read.
const REVIEWS = fileURLToPath(new URL('./data/admission-reviews', import.meta.url))
const POLICIES = fileURLToPath(new URL('./data/policies', import.meta.url))
const GOLDEN = fileURLToPath(new URL('./golden/recorded', import.meta.url))
const PATHS = ['validate', 'observe', 'mutate'] as const
const names = readdirSync(REVIEWS).filter(name => name.endsWith('.json'))

let gateway: TestGateway
let agent: Agent
beforeAll(async () => {
  gateway = await startTestGateway({ policies: POLICIES })
  agent = new Agent({ keepAlive: true, maxSockets: 4 })
})
afterAll(async () => {
  agent.destroy()
  await gateway.stop()
})

describe('what a real API server sent', () => {
  test('is all there', () => {
    const listed = readFileSync(join(REVIEWS, 'index.tsv'), 'utf8').trim().split('\n').slice(1)
    expect(names.length).toBe(109)
    expect(listed.map(line => line.split('\t')[0]).sort()).toEqual([...names].sort())
    if (process.env['UPDATE_GOLDEN'] === undefined) expect(readdirSync(GOLDEN).sort()).toEqual([...names].sort())
  })

  for (const name of names) {
    test(`${basename(name, '.json')} is answered as before`, async () => {
      const review = readFileSync(join(REVIEWS, name))
      const { uid } = (JSON.parse(review.toString()) as { request: { uid: string } }).request
      const answers: Record<string, unknown> = {}
      for (const path of PATHS) {
        const before = sample(await gateway.metrics(), 'portcullis_review_errors_total')
        const { status, body } = await gateway.send(`/${path}?timeout=10s`, review, { agent })
        expect(status).toBe(200)
        const answer = JSON.parse(body) as { response: ReviewResponse }
        expect(answer.response.uid).toBe(uid)
        answers[path] = answer
        // Nothing of what an API server sends is beyond the gateway, but the version that it does not speak.
        const errors = sample(await gateway.metrics(), 'portcullis_review_errors_total') - before
        expect(errors).toBe(name === 'pod-create-review-v1beta1.validating.json' ? 1 : 0)
      }
      const text = `${JSON.stringify(answers, null, 2)}\n`
      if (process.env['UPDATE_GOLDEN'] !== undefined) {
        mkdirSync(GOLDEN, { recursive: true })
        writeFileSync(join(GOLDEN, name), text)
      }
      expect(text).toBe(readFileSync(join(GOLDEN, name), 'utf8'))
    })
  }
})

interface Spliced {
  readonly kind: string
  readonly apiVersion: string
  readonly request: {
    readonly resource: { readonly resource: string }
    readonly subResource?: string
    readonly userInfo: { readonly username: string }
    readonly object: Pod | null
  }
}

interface Pod {
  readonly kind: string
  readonly metadata: { readonly deletionTimestamp?: string }
  readonly spec: {
    readonly containers?: readonly { readonly volumeMounts?: readonly unknown[] }[]
    readonly volumes?: readonly unknown[]
  }
}

/** The review with a volume of the node's root, and a mount of it, in its object alone. */
function withRoot(review: Spliced, pod: Pod): Spliced {
  const [first, ...rest] = pod.spec.containers ?? []
  const container = {
    name: 'app',
    ...first,
    volumeMounts: [...(first?.volumeMounts ?? []), { name: 'spliced', mountPath: '/host' }],
  }
  const volumes = [...(pod.spec.volumes ?? []), { name: 'spliced', hostPath: { path: '/', type: '' } }]
  const object = { ...pod, spec: { ...pod.spec, containers: [container, ...rest], volumes } }
  return { ...review, request: { ...review.request, object } }
}

describe('a hostPath volume of / spliced into what a real API server sent', () => {
  const reviews = names.map(name => ({
    name,
    review: JSON.parse(readFileSync(join(REVIEWS, name), 'utf8')) as Spliced,
  }))
  const pods = reviews.filter(({ review: { request } }) => {
    const { resource, subResource = '', object } = request
    const isWhole = subResource === '' || subResource === 'ephemeralcontainers'
    return resource.resource === 'pods' && isWhole && object?.kind === 'Pod'
  })

  const ask = async (review: Spliced) =>
    (await gateway.ask('/validate?timeout=10s', JSON.stringify(review), { agent })).response

  test('there are pods to splice', () => {
    expect(pods.length).toBeGreaterThan(35)
  })
  for (const { name, review } of pods) {
    const spliced = withRoot(review, review.request.object as Pod)
    if (name === 'pod-create-mirror.mutating.json') {
      test(`${basename(name, '.json')}: a kubelet reports its own pod, and nobody else does`, async () => {
        expect(await ask(spliced)).toMatchObject({ allowed: true })
        const userInfo = { ...spliced.request.userInfo, username: 'system:node:worker-2' }
        const other = await ask({ ...spliced, request: { ...spliced.request, userInfo } })
        expect(other).toMatchObject({ allowed: false, status: { code: 403 } })
      })
      continue
    }
    if (review.apiVersion !== 'admission.k8s.io/v1') {
      test(`${basename(name, '.json')}: refused`, async () => {
        expect(await ask(spliced)).toMatchObject({ allowed: false, status: { code: 400 } })
      })
      continue
    }
    test(`${basename(name, '.json')}: denied`, async () => {
      const response = await ask(spliced)
      expect(response).toMatchObject({ allowed: false, status: { code: 403 } })
      expect(response.status?.message).toContain('volume "spliced" mounts hostPath "/"')
    })
  }
})
