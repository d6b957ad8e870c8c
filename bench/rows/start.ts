import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Certificates, median, startPeer } from '../pairs.ts'
import type { Row } from '../run.ts'

const ROUNDS = 5
const PORTCULLIS = fileURLToPath(new URL('../../dist/main/portcullis.js', import.meta.url))

/** From nothing to a listening gateway, as it is installed; against the echo server, and against Node alone. */
export async function benchStart(certificates: Certificates): Promise<readonly Row[]> {
  const times: { gateway: number[]; echo: number[]; node: number[] } = { gateway: [], echo: [], node: [] }
  const memory: { gateway: number[]; echo: number[] } = { gateway: [], echo: [] }
  for (let round = 0; round < ROUNDS; round++) {
    const started = await startGateway(certificates)
    times.gateway.push(started.milliseconds)
    memory.gateway.push(started.rssBytes)
    const begin = performance.now()
    const peer = await startPeer('servers/echo.ts', certificates)
    times.echo.push(performance.now() - begin)
    memory.echo.push((await peer.usage()).rssBytes)
    peer.stop()
    const alone = performance.now()
    spawnSync(process.execPath, ['-e', '0'])
    times.node.push(performance.now() - alone)
  }
  const [gateway = 0, echo = 0, node = 0] = [times.gateway, times.echo, times.node].map(median)
  const [ours = 0, theirs = 0] = [memory.gateway, memory.echo].map(median)
  return [
    {
      name: 'start to first listen',
      ours: `${gateway.toFixed(0)} ms`,
      yardstick: `node -e 0 ${node.toFixed(0)} ms (echo ${echo.toFixed(0)} ms)`,
      ratio: gateway / node,
      aim: '-',
    },
    {
      name: 'RSS after start',
      ours: `${(ours / 1e6).toFixed(0)} MB`,
      yardstick: `150 MB (echo ${(theirs / 1e6).toFixed(0)} MB)`,
      ratio: ours / 150e6,
      aim: '≤ 1',
    },
  ]
}

async function startGateway({
  ca,
  cert,
  key,
}: Certificates): Promise<{ readonly milliseconds: number; readonly rssBytes: number }> {
  const begin = performance.now()
  const listen = ['--listen', '127.0.0.1:0', '--health-listen', '127.0.0.1:0', '--drain', '0s']
  const child = spawn(
    process.execPath,
    [PORTCULLIS, 'serve', ...listen, '--tls-cert', cert, '--tls-key', key, '--client-ca', ca],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  try {
    for await (const line of createInterface({ input: child.stderr })) if (line.includes('"msg":"serving"')) break
    const milliseconds = performance.now() - begin
    const [, kilobytes = 'NaN'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
    return { milliseconds, rssBytes: Number(kilobytes) * 1024 }
  } finally {
    child.kill('SIGKILL')
  }
}
