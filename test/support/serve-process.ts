import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/main/portcullis.ts', import.meta.url))

/** `portcullis serve` as a process. */
export interface ServeProcess {
  readonly child: ChildProcess
  /** Everything on standard error so far. */
  stderr(): string
  /** The ports, once it serves; rejects when it ends before. */
  readonly ports: Promise<{ readonly admission: number; readonly health: number }>
  readonly exitCode: Promise<number | null>
}

/** Starts `portcullis serve` on free ports of the loopback; ended with the test. */
export function spawnServe(args: readonly string[]): ServeProcess {
  const listen = ['--listen', '127.0.0.1:0', '--health-listen', '127.0.0.1:0']
  const child = spawn(process.execPath, [MAIN, 'serve', ...listen, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  // Not when it has ended, but when all that it said is read, too.
  const exitCode = once(child, 'close').then(([code]) => code as number | null)
  const ports = new Promise<{ admission: number; health: number }>((resolve, reject) => {
    child.stderr.on('data', chunk => {
      text += chunk
      for (const line of text.split('\n')) {
        if (!line.includes('"msg":"serving"')) continue
        const { admission, health } = JSON.parse(line) as { admission: { port: number }; health: { port: number } }
        resolve({ admission: admission.port, health: health.port })
      }
    })
    void exitCode.then(() => reject(new Error(`serve ended before it served:\n${text}`)))
  })
  ports.catch(() => {})
  return { child, stderr: () => text, ports, exitCode }
}
