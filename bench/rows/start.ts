import { spawnSync } from 'node:child_process'
import { type Certificates, median, startPeer } from '../pairs.ts'
import type { Row } from '../run.ts'

const ROUNDS = 5

/** From nothing to a listening gateway, against Node alone and against the echo server. */
export async function benchStart(certificates: Certificates): Promise<readonly Row[]> {
  const times: { gateway: number[]; echo: number[]; node: number[] } = { gateway: [], echo: [], node: [] }
  const memory: { gateway: number[]; echo: number[] } = { gateway: [], echo: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const program of ['echo', 'gateway'] as const) {
      const begin = performance.now()
      const peer = await startPeer(program, certificates)
      times[program].push(performance.now() - begin)
      memory[program].push((await peer.usage()).rssBytes)
      peer.stop()
    }
    const begin = performance.now()
    spawnSync(process.execPath, ['-e', '0'])
    times.node.push(performance.now() - begin)
  }
  const [gateway, echo, node] = [times.gateway, times.echo, times.node].map(median)
  const [ours, theirs] = [memory.gateway, memory.echo].map(median)
  return [
    {
      name: 'start to first listen',
      ours: `${(gateway ?? 0).toFixed(0)} ms`,
      yardstick: `echo ${(echo ?? 0).toFixed(0)} ms, node -e 0 ${(node ?? 0).toFixed(0)} ms`,
      ratio: (gateway ?? 0) / (echo ?? 1),
      aim: '-',
    },
    {
      name: 'RSS after start',
      ours: `${((ours ?? 0) / 1e6).toFixed(0)} MB`,
      yardstick: `echo ${((theirs ?? 0) / 1e6).toFixed(0)} MB`,
      ratio: (ours ?? 0) / (theirs ?? 1),
      aim: '-',
    },
  ]
}
