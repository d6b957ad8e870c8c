import { expect, it } from 'vitest'
import { clientOf } from '../../src/cluster/client.ts'
import { clusterClock } from '../../src/cluster/clock.ts'

const YEAR = 365 * 24 * 60 * 60 * 1000

it("goes by the machine's clock, and by the API server's where they differ by more than a moment", async () => {
  let own = 10 * YEAR
  let theirs: number | undefined
  const client = clientOf(
    'https://fake',
    async () => ({ body: {}, warnings: [], date: theirs }),
    () => () => () => {},
    () => own,
  )
  const now = clusterClock(client, () => own)
  expect(now()).toBe(own)
  for (const [skew, expected] of [
    [20_000, 0],
    [-29_000, 0],
    [31_000, 31_000],
    [-YEAR, -YEAR],
    [YEAR, YEAR],
  ] as const) {
    theirs = own + skew
    await client.send({ method: 'GET', path: '/version' })
    own += 5000
    expect(now() - own).toBe(expected)
  }
  // One that says no time changes nothing.
  theirs = undefined
  await client.send({ method: 'GET', path: '/version' })
  expect(now() - own).toBe(YEAR)
})
