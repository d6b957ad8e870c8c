import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Certificates, type Load, load, median, startPeer } from '../pairs.ts'
import { TYPICAL } from '../reviews.ts'
import type { Row } from '../run.ts'

const ROUNDS = 6
const CONNECTIONS = 16

/** A typical review over mutual TLS, against a server that only parses and echoes. */
export async function benchWire(
  certificates: Certificates,
  directory: string,
  seconds: number,
): Promise<readonly Row[]> {
  const bodyFile = join(directory, 'typical.json')
  await writeFile(bodyFile, `${TYPICAL}\n`)
  const echo = await startPeer('echo', certificates)
  const gateway = await startPeer('gateway', certificates)
  const runs: { echo: Load[]; gateway: Load[] } = { echo: [], gateway: [] }
  try {
    for (let round = -3; round < ROUNDS; round++) {
      const order = round % 2 === 0 ? (['echo', 'gateway'] as const) : (['gateway', 'echo'] as const)
      for (const side of order) {
        const result = await load(side === 'echo' ? echo : gateway, certificates, bodyFile, CONNECTIONS, seconds)
        if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
        // The first rounds warm up: V8 goes on optimising for some fifty thousand requests.
        if (round >= 0) runs[side].push(result)
      }
    }
    const rss = (await gateway.usage()).rssBytes
    const of = (side: 'echo' | 'gateway', what: keyof Load) => median(runs[side].map(run => run[what]))
    const row = (name: string, what: keyof Load, unit: string, aim: string): Row => {
      const ratios = runs.gateway.map((run, i) => run[what] / (runs.echo[i]?.[what] ?? Number.NaN))
      return {
        name,
        ours: `${of('gateway', what).toFixed(2)} ${unit}`,
        yardstick: `${of('echo', what).toFixed(2)} ${unit}`,
        ratio: median(ratios),
        aim,
      }
    }
    const weight = `${(TYPICAL.length / 1024).toFixed(1)} KiB review, ${CONNECTIONS} connections`
    return [
      row(`validate over mTLS, ${weight}`, 'perSecond', 'requests/s', '≥ 0.8'),
      row('  CPU of the server', 'cpuPerRequest', 'µs/request', '≤ 1.25'),
      row('  p99', 'p99', 'ms', '≤ 1.5'),
      {
        name: '  RSS of the gateway after the load',
        ours: `${(rss / 1e6).toFixed(0)} MB`,
        yardstick: '150 MB',
        ratio: rss / 150e6,
        aim: '≤ 1',
      },
    ]
  } finally {
    echo.stop()
    gateway.stop()
  }
}
