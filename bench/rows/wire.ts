import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Certificates, type Load, load, median, type Peer, startPeer } from '../pairs.ts'
import { TRIGGERED, TYPICAL } from '../reviews.ts'
import type { Row } from '../run.ts'

const ROUNDS = 6
const CONNECTIONS = 16
const INJECTION = fileURLToPath(new URL('../../examples/injections/log-tailer.yaml', import.meta.url))
const PEPR = 'peers/pepr.mjs'

/** One server under load. */
interface Side {
  readonly peer: Peer
  /** Where it takes reviews: the part behind `/validate` or `/mutate`. */
  readonly suffix: string
  readonly runs: Load[]
}

/** What a path is asked, and what is expected of us there. */
interface Exercise {
  readonly path: 'validate' | 'mutate'
  readonly review: string
  readonly timesPepr: string
}

const EXERCISES: readonly Exercise[] = [
  { path: 'validate', review: TYPICAL, timesPepr: '≥ 5' },
  { path: 'mutate', review: TRIGGERED, timesPepr: '≥ 9' },
]

/**
 * A typical review over mutual TLS, on `/validate` by the shipped policies and on `/mutate` with one injection, against
 * a server that only parses and echoes, and against Pepr where it is installed.
 */
export async function benchWire(
  certificates: Certificates,
  directory: string,
  seconds: number,
  withPepr: boolean,
): Promise<readonly Row[]> {
  const peers = {
    echo: await startPeer('servers/echo.ts', certificates),
    gateway: await startPeer('servers/gateway.ts', certificates, '', INJECTION),
    ...(withPepr && { pepr: await startPeer(PEPR, certificates) }),
  }
  try {
    const rows: Row[] = []
    for (const exercise of EXERCISES) {
      const bodyFile = join(directory, `${exercise.path}.json`)
      await writeFile(bodyFile, `${exercise.review}\n`)
      const sides = Object.entries(peers).map(([name, peer]): [string, Side] => [
        name,
        { peer, suffix: name === 'pepr' ? '/bench' : '', runs: [] },
      ])
      await exert(exercise, new Map(sides), certificates, bodyFile, seconds)
      rows.push(...rowsOf(exercise, new Map(sides)))
    }
    const rss = (await peers.gateway.usage()).rssBytes
    return [...rows, rssRow(rss)]
  } finally {
    for (const peer of Object.values(peers)) peer.stop()
  }
}

/** Loads all sides in turn, in both orders. */
async function exert(
  { path }: Exercise,
  sides: ReadonlyMap<string, Side>,
  certificates: Certificates,
  bodyFile: string,
  seconds: number,
): Promise<void> {
  for (let round = -3; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? [...sides.values()] : [...sides.values()].reverse()
    for (const { peer, suffix, runs } of order) {
      const result = await load(peer, certificates, bodyFile, CONNECTIONS, seconds, `/${path}${suffix}`)
      if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
      // The first rounds warm up: V8 goes on optimising for some fifty thousand requests.
      if (round >= 0) runs.push(result)
    }
  }
}

function rowsOf({ path, review, timesPepr }: Exercise, sides: ReadonlyMap<string, Side>): readonly Row[] {
  const runsOf = (side: string) => sides.get(side)?.runs ?? []
  const row = (name: string, yardstick: string, what: keyof Load, unit: string, aim: string): Row => {
    const ratios = runsOf('gateway').map((run, i) => run[what] / (runsOf(yardstick)[i]?.[what] ?? Number.NaN))
    const middle = (side: string) => `${median(runsOf(side).map(run => run[what])).toFixed(2)} ${unit}`
    return { name, ours: middle('gateway'), yardstick: middle(yardstick), ratio: median(ratios), aim }
  }
  const weight = `${(review.length / 1024).toFixed(1)} KiB review, ${CONNECTIONS} connections`
  return [
    row(`${path} over mTLS, ${weight}`, 'echo', 'perSecond', 'requests/s', '≥ 0.8'),
    row('  CPU of the server', 'echo', 'cpuPerRequest', 'µs/request', '≤ 1.25'),
    row('  p99', 'echo', 'p99', 'ms', '≤ 1.5'),
    ...(sides.has('pepr')
      ? [
          row('  against Pepr', 'pepr', 'perSecond', 'requests/s', timesPepr),
          row('  CPU against Pepr', 'pepr', 'cpuPerRequest', 'µs/request', '≤ 0.2'),
        ]
      : []),
  ]
}

function rssRow(bytes: number): Row {
  return {
    name: 'RSS of the gateway after the load',
    ours: `${(bytes / 1e6).toFixed(0)} MB`,
    yardstick: '150 MB',
    ratio: bytes / 150e6,
    aim: '≤ 1',
  }
}
