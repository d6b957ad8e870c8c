import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { hostPathPod, policyFolder, reviewOf } from '../support/reviews.ts'
import { sample } from '../support/wire.ts'

const KEY = 'portcullis.dev/break-glass-reason'
const EXCEPTIONS = `
apiVersion: portcullis.dev/v1alpha1
kind: PolicyException
metadata: {name: emergency, namespace: portcullis-system}
spec:
  policies: [host-path]
  breakGlass: {groups: [sre]}
  reason: for emergencies
  expires: 2999-01-01T00:00:00Z
---
apiVersion: portcullis.dev/v1alpha1
kind: PolicyException
metadata: {name: old, namespace: portcullis-system}
spec:
  policies: [host-path]
  match: {namespaces: [legacy]}
  reason: once
  expires: 2020-01-01T00:00:00Z
`

let gateway: TestGateway
let folder: string
const lines: string[] = []
const logged = () => lines.map(line => JSON.parse(line) as Record<string, unknown>)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-exceptions-'))
  writeFileSync(join(folder, 'exceptions.yaml'), EXCEPTIONS)
  gateway = await startTestGateway({
    policies: policyFolder({ name: 'host-path' }),
    exceptions: folder,
    logger: pino({ level: 'info' }, { write: line => void lines.push(line) }),
  })
})
afterAll(async () => {
  await gateway.stop()
  rmSync(folder, { recursive: true, force: true })
})

const ask = (reason: string | undefined, fields: object = {}) =>
  gateway.ask(
    '/validate',
    reviewOf(hostPathPod('/etc', reason === undefined ? {} : { annotations: { [KEY]: reason } }), {
      groups: ['system:authenticated', 'sre'],
      user: 'ann',
      ...fields,
    }),
  )
const broken = async () =>
  sample(await gateway.metrics(), 'portcullis_break_glass_total', { policy: 'host-path', exception: 'emergency' })

describe('a break-glass exception', () => {
  it('is counted from the start, at 0: an alert sees the first time', async () => {
    expect(await broken()).toBe(0)
  })

  it('lets pass what it covers, and says so to the user, the audit log, the log and the metrics', async () => {
    const { response } = await ask('INC-1; the node\u001b is "on fire"')
    const said = 'host-path by emergency, as a member of sre: "INC-1; the node\\u001b is \\"on fire\\""'
    expect(response).toMatchObject({
      allowed: true,
      warnings: [`break-glass, audited and alerted: ${said}`],
      auditAnnotations: {
        'break-glass': `${said}, for host-path/host-path at /spec/volumes/0/hostPath/path`,
        exempt: 'host-path/host-path at /spec/volumes/0/hostPath/path by emergency: for emergencies',
      },
    })
    expect(await broken()).toBe(1)
    const entry = logged().find(({ msg }) => msg === 'a break-glass exception was used')
    expect(entry).toMatchObject({
      level: 40,
      result: 'allowed',
      user: 'ann',
      name: 'checkout',
      namespace: 'shop',
      breakGlass: [
        {
          policy: 'host-path',
          exception: 'emergency',
          group: 'sre',
          reason: 'INC-1; the node\\u001b is "on fire"',
        },
      ],
    })
  })

  it('stays shut without the group or without the reason, and then counts nothing', async () => {
    const before = await broken()
    const stranger = await ask('INC-1', { groups: ['system:authenticated'] })
    expect(stranger.response.allowed).toBe(false)
    expect(stranger.response.status?.message).not.toContain('emergency')
    const { response } = await ask(undefined)
    expect(response.allowed).toBe(false)
    expect(response.status?.message).toContain(`give a reason in the annotation ${KEY}`)
    expect(response.auditAnnotations).not.toHaveProperty('break-glass')
    expect(await broken()).toBe(before)
  })
})

describe('the dates of exceptions', () => {
  it('are a metric', async () => {
    const metrics = await gateway.metrics()
    const ends = (exception: string) => sample(metrics, 'portcullis_exception_expiry_timestamp_seconds', { exception })
    expect(ends('emergency')).toBe(Date.UTC(2999, 0, 1) / 1000)
    expect(ends('old')).toBe(Date.UTC(2020, 0, 1) / 1000)
    expect(metrics).not.toContain('exception="k3s-local-path"')
  })

  it('are said, annotated and counted once they are past and something hangs on them', async () => {
    const count = async () =>
      sample(await gateway.metrics(), 'portcullis_expired_exceptions_total', { exception: 'old' })
    expect(await count()).toBe(0)
    const { response } = await ask(undefined, { namespace: 'legacy', groups: [] })
    expect(response).toMatchObject({
      allowed: false,
      warnings: ['exception old expired on 2020-01-01 and no longer counts'],
      auditAnnotations: { expired: 'old' },
    })
    expect(await count()).toBe(1)
  })
})
