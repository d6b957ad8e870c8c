import { Writable } from 'node:stream'
import pino from 'pino'
import type { ClusterClient } from '../cluster/client.ts'
import { clusterClock } from '../cluster/clock.ts'
import { loadClient } from '../cluster/load-client.ts'
import type { ControllerContext } from '../controller/task.ts'
import { uninstall } from '../controller/uninstall.ts'
import { readCommandLine, refuse } from './command-line.ts'
import { type ControllerOptions, controllerOptions } from './controller/options.ts'
import { LEASE, runController } from './controller/run.ts'
import { injectionUsage, unknownExceptions } from './documents.ts'
import type { Command, Io } from './io.ts'

const HELP_HEAD = `portcullis controller: registers the gateway in its cluster and looks after it.

Makes certificates, writes the webhook configurations, proves every minute that what must be refused is refused, and audits
what is there already. Run two or three; one leads. It begins in mode observe, which refuses nothing.

Every option can be set by its environment variable, shown in brackets.

Options:
`

/** `portcullis controller`. */
export const controller: Command = {
  async run(argv, io) {
    const line = readCommandLine('controller', HELP_HEAD, controllerOptions(io.env), argv, io)
    if (!line.ok) return line.code
    const { values } = line
    const wrong = [...usage(values), ...(await unknownExceptions(values['enable-exception']))]
    if (wrong.length > 0) return fail(io, wrong)
    const loaded = await loadClient(values.kubeconfig, io.env)
    if (!loaded.ok) return fail(io, [`--kubeconfig: ${loaded.problem}`])
    if (loaded.client === undefined) return fail(io, ['it needs a way to the API: --kubeconfig, or a service account'])
    return values.uninstall ? remove(loaded.client, values, io) : start(loaded.client, values, io)
  },
}

function usage(values: ControllerOptions): readonly string[] {
  const wrong = [...injectionUsage(values)]
  if (values.certificates === 'files' && values['ca-file'] === undefined) {
    wrong.push('--certificates files needs --ca-file: the CA that signed the serving certificate')
  }
  const url = values['registration-url']
  if (url !== undefined && !/^https:\/\/[^/?#]+\/?$/.test(url)) {
    wrong.push(`--registration-url must be like https://gateway.example.com:8443, but is "${url}"`)
  }
  return wrong
}

function fail(io: Io, problems: readonly string[]): number {
  return refuse('controller', io, problems)
}

function contextOf(client: ClusterClient, log: pino.Logger, io: Io): ControllerContext {
  return { client, namespace: io.env['POD_NAMESPACE'] || 'portcullis-system', now: clusterClock(client), log }
}

async function start(client: ClusterClient, values: ControllerOptions, io: Io): Promise<number> {
  const logger = pino({ level: values['log-level'] }, pino.destination({ fd: 2, sync: false }))
  const started = await runController(contextOf(client, logger, io), values, io, logger)
  return started.ok ? 0 : fail(io, started.problems)
}

async function remove(client: ClusterClient, values: ControllerOptions, io: Io): Promise<number> {
  const logger = pino({ level: 'silent' }, new Writable({ write: (_chunk, _encoding, done) => done() }))
  try {
    const removed = await uninstall(contextOf(client, logger, io), {
      lease: LEASE,
      secrets: values.certificates === 'own' ? [values['ca-secret'], values['tls-secret']] : [],
    })
    for (const object of removed) io.stdout(`${object} removed\n`)
    return 0
  } catch (error) {
    return fail(io, [error instanceof Error ? error.message : String(error)])
  }
}
