import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { withoutProxy } from './processes.ts'

/** What a call of kubectl printed. */
export interface Kubectl {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs kubectl; `input` is its standard input, a value is sent as JSON. */
export type RunKubectl = (args: readonly string[], options?: { readonly input?: unknown }) => Promise<Kubectl>

const TIMEOUT_MS = 120_000

/** kubectl of the built binaries, with a kubeconfig and a cache of its own. */
export function kubectlWith(assets: string, kubeconfig: string, cacheDirectory: string): RunKubectl {
  const options = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${cacheDirectory}`]
  return (args, { input } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(join(assets, 'kubectl'), [...options, ...args], {
        env: withoutProxy(),
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
      })
      const output = { stdout: '', stderr: '' }
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output.stdout += text
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        output.stderr += text
      })
      child.on('error', reject)
      child.on('close', code => resolve({ code, ...output }))
      // kubectl may end before it has read everything.
      child.stdin.on('error', () => {})
      child.stdin.end(input === undefined ? '' : typeof input === 'string' ? input : JSON.stringify(input))
    })
}
