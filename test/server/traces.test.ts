import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startTraces } from '../../src/server/traces.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { hostPathPod, plainPod, reviewOf } from '../support/reviews.ts'

interface Span {
  readonly name: string
  readonly traceId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
  readonly events: readonly { readonly attributes: Span['attributes'] }[]
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const TRACED = `00-${TRACE}-00f067aa0ba902b7-01`
const NOT_TRACED = `00-${TRACE}-00f067aa0ba902b7-00`

let collector: Server | undefined
let gateway: TestGateway | undefined
afterEach(async () => {
  await gateway?.stop()
  gateway = undefined
  await new Promise(resolve => (collector === undefined ? resolve(undefined) : collector.close(resolve)))
  collector = undefined
})

/** A collector, and a gateway that sends its spans there. */
async function start(ratio: number) {
  const bodies: string[] = []
  collector = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      bodies.push(body)
      response.setHeader('content-type', 'application/json')
      response.end('{}')
    })
  })
  await new Promise<void>(resolve => collector?.listen(0, '127.0.0.1', resolve))
  const { port } = collector.address() as AddressInfo
  const errors: string[] = []
  const traces = startTraces({
    endpoint: `http://127.0.0.1:${port}/v1/traces`,
    ratio,
    version: '1.2.3',
    onError: message => void errors.push(message),
    now: () => Date.now(),
  })
  gateway = await startTestGateway({ traces })
  const { ask } = gateway
  /** The spans that have arrived once the gateway has stopped. */
  const spans = async (): Promise<readonly Span[]> => {
    await gateway?.stop()
    gateway = undefined
    expect(errors).toEqual([])
    return bodies.flatMap(body => {
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }
      return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(scope => scope.spans))
    })
  }
  return { ask, spans, bodies }
}

const plain = (attributes: Span['attributes']) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

describe('traces', () => {
  it('hold a span of each review that the API server traces, as a child of its own', async () => {
    const { ask, spans, bodies } = await start(0)
    await ask('/validate', reviewOf(hostPathPod()), { headers: { traceparent: TRACED } })
    const [span, ...more] = await spans()
    expect(more).toEqual([])
    expect(span).toMatchObject({ name: 'review validate', traceId: TRACE, parentSpanId: '00f067aa0ba902b7' })
    expect(plain(span?.attributes ?? [])).toMatchObject({
      'portcullis.result': 'denied',
      'portcullis.code': 403,
      'portcullis.operation': 'CREATE',
      'portcullis.resource': 'pods',
      'k8s.namespace.name': 'shop',
    })
    expect(span?.events.map(({ attributes }) => plain(attributes))).toContainEqual({
      policy: 'host-path',
      action: 'Deny',
    })
    expect(BigInt(span?.endTimeUnixNano ?? 0)).toBeGreaterThan(BigInt(span?.startTimeUnixNano ?? 0))
    // Names and verdicts, nothing of the object.
    expect(bodies.join('')).not.toContain('registry.example')
  })

  it('leave out what the API server does not trace, and what nobody asked for', async () => {
    const { ask, spans } = await start(0)
    await ask('/validate', reviewOf(plainPod()), { headers: { traceparent: NOT_TRACED } })
    await ask('/validate', reviewOf(plainPod()))
    expect(await spans()).toEqual([])
  })

  it('hold as many as was wanted of those whose API server does not say', async () => {
    const { ask, spans } = await start(1)
    for (const path of ['/validate', '/observe', '/mutate']) await ask(path, reviewOf(plainPod()))
    await ask('/validate', reviewOf(plainPod()), { headers: { traceparent: 'nonsense' } })
    expect((await spans()).map(({ name }) => name)).toEqual([
      'review validate',
      'review observe',
      'review mutate',
      'review validate',
    ])
  })

  it('cost no review anything where no collector answers, and hold up no end', async () => {
    const errors: string[] = []
    const traces = startTraces({
      endpoint: 'http://127.0.0.1:1/v1/traces',
      ratio: 1,
      version: '1.2.3',
      onError: message => void errors.push(message),
      now: () => Date.now(),
    })
    gateway = await startTestGateway({ traces })
    const { response } = await gateway.ask('/validate', reviewOf(hostPathPod()))
    expect(response.allowed).toBe(false)
    const started = performance.now()
    await gateway.stop()
    gateway = undefined
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})
