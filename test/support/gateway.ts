import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino, { type Logger } from 'pino'
import { ensureDevelopmentCertificates } from '../../src/certs/development.ts'
import type { RegisteredCheck } from '../../src/checks/check.ts'
import { CHECKS } from '../../src/checks/index.ts'
import {
  digest,
  documentSignature,
  documentSources,
  injectionPaths,
  readDocuments,
  readInjections,
} from '../../src/cli/documents.ts'
import { loadInjections } from '../../src/injection/set.ts'
import type { NamespaceTable } from '../../src/policy/match.ts'
import { loadSet } from '../../src/policy/set.ts'
import { type Gateway, type GatewayConfig, startGateway } from '../../src/server/gateway.ts'

/** A gateway in this process, and how to talk to it as an API server does. */
export interface TestGateway {
  readonly gateway: Gateway
  readonly directory: string
  readonly certificates: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer }
  /** Sends bytes; a connection of its own unless an agent is given. */
  send(path: string, body: Buffer | string, options?: SendOptions): Promise<Sent>
  /** Sends a review and reads the answer. */
  ask(
    path: string,
    review: unknown,
    options?: SendOptions,
  ): Promise<{ readonly sent: Sent; readonly response: ReviewResponse }>
  metrics(): Promise<string>
  stop(): Promise<void>
}

export interface SendOptions {
  readonly agent?: Agent
  readonly headers?: Readonly<Record<string, string>>
}

export interface Sent {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface ReviewResponse {
  readonly uid: string
  readonly allowed: boolean
  readonly status?: {
    readonly code: number
    readonly reason: string
    readonly message: string
    readonly details?: { readonly retryAfterSeconds: number }
  }
  readonly warnings?: readonly string[]
  readonly auditAnnotations?: Readonly<Record<string, string>>
  readonly patch?: string
  readonly patchType?: string
}

export interface TestGatewayOptions extends Partial<Omit<GatewayConfig, 'documents'>> {
  /** A folder of policies; the shipped ones unless given. */
  readonly policies?: string
  readonly exceptions?: string
  /** A folder of injections; none unless given. */
  readonly injections?: string
  /** The two files of the generic-sidecar-injector. */
  readonly sidecarConfigFile?: string
  readonly mutationConfigFile?: string
  readonly checks?: readonly RegisteredCheck[]
  readonly namespaces?: NamespaceTable
  readonly excludedNamespaces?: readonly string[]
  readonly logger?: Logger
  /** Why the emergency brake is on. */
  readonly brake?: () => string | undefined
}

/** Starts a gateway on free ports with certificates of its own. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-test-'))
  const made = await ensureDevelopmentCertificates(join(directory, 'certs'), new Date())
  if (!made.ok) throw new Error(made.problems.map(problem => problem.message).join('; '))
  const { certFile, keyFile, caFile, clientCertFile, clientKeyFile } = made.value.files
  const sources = documentSources({
    policies: options.policies,
    exceptions: options.exceptions,
    'enable-exception': ['k3s-local-path'],
  })
  const { sidecarConfigFile, mutationConfigFile } = options
  const injected = {
    injections: options.injections,
    'sidecar-config-file': sidecarConfigFile,
    'mutation-config-file': mutationConfigFile,
  }
  const started = await startGateway({
    listen: { host: '127.0.0.1', port: 0 },
    healthListen: { host: '127.0.0.1', port: 0 },
    tls: { certFile, keyFile, clientCaFile: caFile },
    clientAuth: 'require',
    clientNames: ['kube-apiserver'],
    maxBody: 40 * 1024 * 1024,
    drainMs: 0,
    maxConnectionAgeMs: 300_000,
    pollMs: 50,
    logger: pino({ level: 'silent' }),
    version: 'test',
    countsAsGeneric: mutationConfigFile !== undefined,
    ...options,
    // Tests look before and after each request.
    limits: { scrapesPerSecond: Number.POSITIVE_INFINITY, ...options.limits },
    documents: {
      load: async previous =>
        loadSet(await readDocuments(sources), {
          checks: options.checks ?? CHECKS,
          excludedNamespaces: options.excludedNamespaces ?? [
            'kube-system',
            'kube-public',
            'kube-node-lease',
            'portcullis-system',
          ],
          digest,
          ...(previous && { previous }),
        }),
      loadInjections: async previous =>
        loadInjections(await readInjections(injected), {
          excludedNamespaces: ['kube-system', 'kube-public', 'kube-node-lease', 'portcullis-system'],
          digest,
          ...(previous && { previous }),
        }),
      loadNamespaces: async () => ({ table: options.namespaces ?? {}, problems: [] }),
      brake: () => options.brake?.(),
      signature: async () =>
        `${await documentSignature([...sources.map(({ path }) => path), ...injectionPaths(injected)])}\n${options.brake?.() ?? ''}`,
    },
  })
  if (!started.ok) throw new Error(started.problems.join('\n'))
  const { gateway } = started
  const certificates = {
    ca: await readFile(caFile),
    cert: await readFile(clientCertFile),
    key: await readFile(clientKeyFile),
  }
  const send: TestGateway['send'] = (path, body, { agent, headers } = {}) =>
    new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        {
          host: '127.0.0.1',
          port: gateway.address.port,
          path,
          method: 'POST',
          agent: agent ?? false,
          ...certificates,
          headers: { 'content-type': 'application/json', ...headers },
        },
        incoming => {
          const chunks: Buffer[] = []
          incoming.on('data', chunk => chunks.push(chunk))
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          )
          incoming.on('error', reject)
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  return {
    gateway,
    directory,
    certificates,
    send,
    ask: async (path, review, sendOptions) => {
      const sent = await send(path, typeof review === 'string' ? review : JSON.stringify(review), sendOptions)
      const parsed = JSON.parse(sent.body) as { response: ReviewResponse }
      return { sent, response: parsed.response }
    },
    metrics: async () => (await fetch(`http://127.0.0.1:${gateway.healthAddress.port}/metrics`)).text(),
    stop: async () => {
      await gateway.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Writes policies into a folder of a gateway. */
export async function writePolicy(directory: string, name: string, text: string): Promise<void> {
  await writeFile(join(directory, name), text)
}
