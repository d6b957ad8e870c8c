import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { tellReaper } from './reaper.ts'

const STOP_TIMEOUT_MS = 60_000

/** A program that runs beside the test, its output in a file. */
export interface BackgroundProcess {
  readonly name: string
  readonly logFile: string
  isRunning(): boolean
  /** Sends a signal and waits for nothing. */
  signal(signal: NodeJS.Signals): void
  /** Sends a signal and waits for the end, a minute at most; returns the exit code, null after a signal. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a program; its standard output and error go to the file. It does not outlive this process. */
export function startProcess(
  name: string,
  command: string,
  args: readonly string[],
  options: { readonly logFile: string; readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): BackgroundProcess {
  const { logFile } = options
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? withoutProxy(),
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const { pid } = child
  if (pid !== undefined) tellReaper('started', pid)
  const ended = once(child, 'exit').then(([code]) => {
    if (pid !== undefined) tellReaper('ended', pid)
    return code as number | null
  })
  // A program that could not be started is noticed by whoever waits for it.
  ended.catch(() => {})
  const isRunning = () => child.exitCode === null && child.signalCode === null && child.pid !== undefined
  return {
    name,
    logFile,
    isRunning,
    signal: signal => void child.kill(signal),
    stop: async (signal = 'SIGKILL') => {
      if (isRunning()) child.kill(signal)
      const code = await Promise.race([ended, sleep(STOP_TIMEOUT_MS, 'late' as const, { ref: false })])
      if (code !== 'late') return code
      child.kill('SIGKILL')
      throw new Error(`${name} did not end within ${STOP_TIMEOUT_MS / 1000} s of ${signal}${tailOf({ name, logFile })}`)
    },
  }
}

/** A proxy between the API server and its webhooks breaks service webhooks: the environment must not name one. */
export function withoutProxy(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)))
}

/** Waits until the probe says yes. Fails with the end of the log when the process ends or the time is up. */
export async function waitUntil(
  what: string,
  probe: () => Promise<boolean>,
  options: { readonly process?: BackgroundProcess; readonly milliseconds?: number } = {},
): Promise<void> {
  const { process: watched, milliseconds = 120_000 } = options
  const deadline = performance.now() + milliseconds
  // A probe that never answers, as of a server that is stopped in the middle, is a probe that says no.
  const answer = (): Promise<boolean> => {
    const rest = sleep(Math.max(0, deadline - performance.now()), false, { ref: false })
    return Promise.race([probe().catch(() => false), rest])
  }
  while (!(await answer())) {
    if (watched !== undefined && !watched.isRunning())
      throw new Error(`${watched.name} ended before: ${what}${tailOf(watched)}`)
    if (performance.now() > deadline)
      throw new Error(`not within ${milliseconds / 1000} s: ${what}${watched === undefined ? '' : tailOf(watched)}`)
    await sleep(50)
  }
}

/** The last 30 lines of a log, as the end of an error message. */
export function tailOf({ name, logFile }: Pick<BackgroundProcess, 'name' | 'logFile'>): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n')
  return `\nthe end of the log of ${name}:\n${lines.slice(-30).join('\n')}`
}

const given = new Set<number>()

/**
 * A free port of the loopback, below those that the kernel hands out by itself (32768 and up): nobody's outgoing
 * connection takes it while a server restarts. No two calls get the same one: its server may not have begun to listen.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

/** Has a server of this process listen on the loopback, on a port that the kernel chooses: none is free and taken by then. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const isListening = await new Promise<boolean>(resolve => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (isListening) await new Promise(resolve => server.close(resolve))
  return isListening
}
