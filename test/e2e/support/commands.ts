import { spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { withoutProxy } from './processes.ts'

/** What a command that ended has said. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Its standard input. */
  readonly input?: string
}

/** Runs a built command to its end. */
export function runCommand(
  command: 'policy-lint' | 'portcullis',
  args: readonly string[],
  cwd: string,
  options: Omit<RunOptions, 'cwd'> = {},
): Promise<Ended> {
  const main = fileURLToPath(new URL(`../../../dist/main/${command}.js`, import.meta.url))
  return run(process.execPath, [main, ...args], { ...options, cwd })
}

/** Runs one of the tools of `test/tools` to its end. */
export function runTool(
  tool: 'helm3' | 'helm4' | 'promtool' | 'kwok' | 'gotemplate' | 'kubectl-reader',
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  return run(join(toolsFolder(), tool), args, { env: withoutProxy(), ...options })
}

/** Where the tools are. */
export function toolsFolder(): string {
  const tools = process.env['PORTCULLIS_TEST_TOOLS']
  if (tools === undefined) throw new Error('PORTCULLIS_TEST_TOOLS is not set: run the suite with `npm run test:e2e`')
  return tools
}

function run(
  file: string,
  args: readonly string[],
  { cwd, env = process.env, input = '' }: RunOptions,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code, ...output }))
    // It may end before it has read everything.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
