import { Agent } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeReview } from '../../src/cli/review/encode.ts'
import { requestFor } from '../support/engine.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { HOST_PATH_CASES, persistentVolume, specWithHostPath, WORKLOADS } from '../support/host-path-cases.ts'

/** Every case of the acceptance table, over mutual TLS, as it would come from an API server. */
describe('the acceptance table over the wire', () => {
  let gateway: TestGateway
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  beforeAll(async () => {
    gateway = await startTestGateway()
  })
  afterAll(async () => {
    agent.destroy()
    await gateway.stop()
  })

  /** The verdicts on every path of the table, in its order, and those that the table wants. */
  async function verdicts(manifestOf: (path: string) => unknown) {
    const given = await Promise.all(
      HOST_PATH_CASES.map(async ({ id, path }) => {
        const request = requestFor(manifestOf(path), { uid: `${id} ${path}` })
        const { response } = await gateway.ask('/validate', encodeReview(request), { agent })
        expect(response.uid).toBe(`${id} ${path}`)
        if (!response.allowed) expect(response.status?.code).toBe(403)
        return `${id} ${JSON.stringify(path)}: ${response.allowed ? 'allow' : 'deny'}`
      }),
    )
    const wanted = HOST_PATH_CASES.map(({ id, path, verdict }) => `${id} ${JSON.stringify(path)}: ${verdict}`)
    return { given, wanted }
  }

  it.each(Object.entries(WORKLOADS))('%s, mounted and unmounted', async (_kind, around) => {
    for (const use of ['mounted', 'unmounted'] as const) {
      const { given, wanted } = await verdicts(path => around(specWithHostPath(path, use)))
      expect(given).toEqual(wanted)
    }
  })

  it.each(['hostPath', 'local'] as const)('PersistentVolume spec.%s', async source => {
    const { given, wanted } = await verdicts(path => persistentVolume(source, path))
    expect(given).toEqual(wanted)
  })
})
