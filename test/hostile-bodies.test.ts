import { readdirSync, readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ReviewResponse, type Sent, startTestGateway, type TestGateway } from './support/gateway.ts'
import { hostPathPod, reviewOf } from './support/reviews.ts'
import { sample } from './support/wire.ts'

/** How many bodies are sent, and the seed that makes them: `HOSTILE_SEED=1 npx vitest run …` repeats a run. */
const COUNT = Number(process.env['HOSTILE_COUNT'] ?? 10_000)
const SEED = Number(process.env['HOSTILE_SEED'] ?? Date.now() % 2 ** 31)

/** Mulberry32: small, seeded, good enough to spread over a few thousand choices. */
function generator(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
  return { below, pick }
}

type Random = ReturnType<typeof generator>

const FOLDER = fileURLToPath(new URL('./data/admission-reviews', import.meta.url))
const POLICIES = fileURLToPath(new URL('./data/policies', import.meta.url))
/** Recorded reviews of moderate size, and the same with the node's root in them wherever that fits. */
const recorded = readdirSync(FOLDER)
  .filter(name => name.endsWith('.json'))
  .map(name => readFileSync(join(FOLDER, name)))
  .filter(body => body.length < 20_000)
const dangerous = recorded.flatMap(body => {
  const review = JSON.parse(body.toString())
  const { object } = review.request
  if (object?.kind !== 'Pod' || object.spec?.containers?.[0] === undefined) return []
  object.spec.volumes = [...(object.spec.volumes ?? []), { name: 'root', hostPath: { path: '/' } }]
  object.spec.containers[0].volumeMounts = [{ name: 'root', mountPath: '/host' }]
  return [Buffer.from(JSON.stringify(review)), Buffer.from(JSON.stringify(reviewOf(hostPathPod())))]
})

const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  'a/b~1c',
  '\u0000',
  '\ud800',
  'length',
  '0',
]
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  1e308,
  2 ** 53,
  '',
  'x',
  [],
  {},
  [[]],
  { a: {} },
  ['/'],
  '../..',
  '\u001b[2J',
  '\ud800',
  '/\u0000',
]

/** Every object and list in `value`, itself included. */
function containersIn(value: unknown, found: object[] = []): readonly object[] {
  if (typeof value !== 'object' || value === null) return found
  found.push(value)
  for (const item of Object.values(value)) containersIn(item, found)
  return found
}

function edited(
  body: Buffer,
  edit: (target: Record<string, unknown>, key: string) => void,
  { pick, below }: Random,
): Buffer {
  const review = JSON.parse(body.toString())
  for (let i = 1 + below(3); i > 0; i--) {
    const target = pick(containersIn(review)) as Record<string, unknown>
    edit(target, pick([...Object.keys(target), 'extra']))
  }
  return Buffer.from(JSON.stringify(review))
}

/** Sets any key, `__proto__` too; a list's length stays what it is. */
function set(target: object, key: string, value: unknown): void {
  if (Array.isArray(target) && key === 'length') return
  const own = structuredClone(value)
  Object.defineProperty(target, key, { value: own, enumerable: true, configurable: true, writable: true })
}

/** The ways in which a body is spoiled. Each gets a good one and gives back what is sent. */
const SPOILERS: Readonly<Record<string, (body: Buffer, random: Random) => Buffer>> = {
  untouched: body => body,
  truncated: (body, { below }) => body.subarray(0, below(body.length)),
  'with flipped bits': (body, { below }) => {
    const copy = Buffer.from(body)
    for (let i = 1 + below(4); i > 0; i--) {
      const at = below(copy.length)
      copy[at] = (copy[at] ?? 0) ^ (1 << below(8))
    }
    return copy
  },
  'with a byte that is anything': (body, { below }) => {
    const at = below(body.length)
    return Buffer.concat([body.subarray(0, at), Buffer.from([below(256)]), body.subarray(at + below(2))])
  },
  'with a piece cut out': (body, { below }) => {
    const at = below(body.length)
    return Buffer.concat([body.subarray(0, at), body.subarray(at + below(60))])
  },
  'with a piece twice': (body, { below }) => {
    const at = below(body.length)
    const piece = body.subarray(at, at + below(200))
    return Buffer.concat([body.subarray(0, at), piece, body.subarray(at)])
  },
  'with values of other types': (body, random) =>
    edited(body, (target, key) => set(target, key, random.pick(VALUES)), random),
  'with keys of the prototype': (body, random) =>
    edited(body, target => set(target, random.pick(KEYS), random.pick([...VALUES, { x: 'polluted' }])), random),
  'without keys': (body, random) => edited(body, (target, key) => void Reflect.deleteProperty(target, key), random),
  'with its own parts in other places': (body, random) =>
    edited(body, (target, key) => set(target, key, random.pick(containersIn(JSON.parse(body.toString())))), random),
  deep: (body, { below, pick }) => {
    const levels = pick([10, 100, 199, 200, 500, 20_000])
    const [open, close] = pick([
      ['[', ']'],
      ['{"a":', '}'],
    ] as const)
    const filler = open.repeat(levels) + (open === '[' ? '' : '0') + close.repeat(below(20) === 0 ? 0 : levels)
    return Buffer.from(body.toString().replace('"object":{', `"object":{"deep":${filler},`))
  },
  huge: (body, { pick, below }) => {
    const filler = pick(['"', '\\u003c', '{},', '[],', '0,', ' ', '\u20ac'])
    const size = below(60) === 0 ? 1_500_000 : 40_000
    const text =
      filler === '"'
        ? '"x"'
        : filler.endsWith(',')
          ? `[${filler.repeat(size / filler.length)}0]`
          : `"${filler.repeat(size / 6)}"`
    return Buffer.from(body.toString().replace('"object":{', `"object":{"huge":${text},`))
  },
  'with keys twice': (body, { pick }) =>
    Buffer.from(
      body
        .toString()
        .replace(/"(object|spec|volumes|request|uid)":/, `"$1":${pick(['null', '{}', '[]', '"x"', '{"x":1}'])},"$1":`),
    ),
  'of noise': (_body, { below }) => Buffer.from(Array.from({ length: below(300) }, () => below(256))),
  'of two': (body, { pick }) => Buffer.concat([body, Buffer.from(pick([' ', ',', '\n', '\u0000'])), body]),
}

/**
 * Whether the body, as any JSON parser reads it, is the CREATE of a pod with the node's root among its volumes that
 * somebody uses, outside the namespaces that are left alone.
 */
function mustBeDenied(body: Buffer): boolean {
  let review: { request?: Record<string, unknown> }
  try {
    review = JSON.parse(body.toString())
  } catch {
    return false
  }
  const request = review?.request as
    | {
        operation?: unknown
        subResource?: unknown
        kind?: Record<string, unknown>
        resource?: Record<string, unknown>
        object?: { kind?: unknown; metadata?: Record<string, unknown>; spec?: { volumes?: unknown } }
        namespace?: unknown
      }
    | undefined
  const { operation, kind, resource, object, namespace } = request ?? {}
  if (operation !== 'CREATE' || kind?.['kind'] !== 'Pod' || kind['group'] !== '') return false
  if (resource?.['resource'] !== 'pods' || resource['group'] !== '' || (request?.subResource ?? '') !== '') return false
  if (['kube-system', 'kube-public', 'kube-node-lease', 'portcullis-system'].includes(String(namespace))) return false
  // Mirror pods of a kubelet are its own report of what runs already.
  const annotations = object?.metadata?.['annotations'] as Record<string, unknown> | undefined
  if (annotations?.['kubernetes.io/config.mirror'] !== undefined) return false
  const volumes = object?.spec?.volumes
  if (!Array.isArray(volumes)) return false
  return volumes.some(volume => volume?.hostPath?.path === '/')
}

function judgeAnswer(body: Buffer, { status, body: text }: Sent): string | undefined {
  if (status === 400) return /^[^\n]+\n$/.test(text) ? undefined : 'an HTTP 400 without its line of text'
  if (status !== 200) return `HTTP ${status}`
  const { kind, response } = JSON.parse(text) as { kind: unknown; response: ReviewResponse }
  if (typeof kind !== 'string' || typeof response.uid !== 'string' || typeof response.allowed !== 'boolean')
    return 'an answer that is none'
  if (!response.allowed && !((response.status?.code ?? 0) >= 400 && response.status?.message))
    return 'a denial without a reason'
  if (response.status?.code === 500 && response.status.message.startsWith('internal error')) return 'an exception'
  if (response.patch !== undefined) return 'a patch'
  // What was no JSON is refused; what was is judged.
  return response.allowed && mustBeDenied(body) ? 'a dangerous pod is allowed' : undefined
}

let gateway: TestGateway
let agent: Agent
beforeAll(async () => {
  gateway = await startTestGateway({ policies: POLICIES })
  agent = new Agent({ keepAlive: true, maxSockets: 8 })
})
afterAll(async () => {
  agent.destroy()
  await gateway.stop()
})

// Vitest's workers take no flags of ours; this exposes the collector to code that is made afterwards.
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** The bytes on the heap after everything that nobody needs is gone. */
function heapAfterCollection(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

test(
  `${COUNT} hostile bodies: each answer is well formed, none lets a dangerous pod through, nothing is left behind`,
  async () => {
    process.stdout.write(`hostile bodies: HOSTILE_SEED=${SEED}\n`)
    const random = generator(SEED)
    const spoilers = Object.keys(SPOILERS)
    const failures: string[] = []
    let [sent, denied, allowed, refused, mustDeny] = [0, 0, 0, 0, 0]
    const one = async () => {
      const kind = random.pick(spoilers)
      const base = random.pick(random.below(3) === 0 ? recorded : dangerous)
      const body = SPOILERS[kind]?.(base, random) ?? base
      const path = random.below(4) === 0 ? random.pick(['/observe', '/mutate']) : '/validate'
      sent++
      const answer = await gateway.send(path, body, { agent })
      if (answer.status === 400) refused++
      else if (answer.body.includes('"allowed":true')) allowed++
      else denied++
      if (answer.body.includes('internal error')) failures.push(`${kind}: ${answer.body}`)
      if (path !== '/validate') {
        if (answer.status === 200 && !answer.body.includes('"allowed":true')) failures.push(`${kind}: ${path} blocks`)
        return
      }
      if (mustBeDenied(body)) mustDeny++
      const fault = judgeAnswer(body, answer)
      if (fault !== undefined && failures.length < 5)
        failures.push(`${kind}: ${fault}\n${body.toString().slice(0, 2000)}\n${answer.body}`)
    }
    const round = async (count: number) => {
      const end = sent + count
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          while (sent < end) await one()
        }),
      )
    }
    await round(COUNT * 0.4)
    const heaps = [heapAfterCollection()]
    for (let part = 0; part < 3; part++) {
      await round(COUNT * 0.2)
      heaps.push(heapAfterCollection())
    }
    expect(failures).toEqual([])
    // Each kind of answer occurred often enough to mean something.
    expect(Math.min(denied, allowed, refused, mustDeny)).toBeGreaterThan(COUNT / 50)
    // Nothing of a request stays: what grows with every one grows in each part, and a cache fills but once.
    const growth = heaps.slice(1).map((heap, part) => (heap - (heaps[part] ?? 0)) / (COUNT * 0.2))
    expect(Math.min(...growth)).toBeLessThan(500)
    expect(process.memoryUsage.rss() / 1024 / 1024).toBeLessThan(1024)
    expect(({} as { x?: unknown }).x).toBe(undefined)
    expect(Object.keys(Object.prototype)).toEqual([])
    const metrics = await gateway.metrics()
    expect(sample(metrics, 'portcullis_in_flight_requests')).toBe(0)
    expect(sample(metrics, 'portcullis_worker_failures_total')).toBe(0)
  },
  60_000 + COUNT * 10,
)
