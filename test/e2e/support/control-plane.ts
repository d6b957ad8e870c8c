import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Authority, KeyPairPem } from '../../../src/certs/issue.ts'
import { writeAuditPolicy } from './api-audit.ts'
import {
  issueClient,
  SERVICE_ACCOUNT_KEY,
  writeAdmissionConfig,
  writeIdentities,
  writeKubeconfig,
} from './control-plane-files.ts'
import { kubectlWith, type RunKubectl } from './kubectl.ts'
import { type BackgroundProcess, freePort, startProcess, waitUntil } from './processes.ts'
import { removeAtEnd } from './reaper.ts'

/** An answer of the API server. */
export interface ApiAnswer {
  readonly status: number
  readonly body: string
  /** The header of that name: warnings as `299 - "text"`, separated by commas; `''` without any. */
  readonly warning: string
}

/** One API server, and two ways to ask it as administrator. */
export interface ApiServer {
  /** Where it serves, on the loopback. */
  readonly port: number
  readonly kubectl: RunKubectl
  /** A request without kubectl, over connections that are kept; `Content-Type` is JSON unless given. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiAnswer>
}

/** etcd, one or more API servers and, if asked for, the controller manager, all on the loopback. */
export interface ControlPlane extends ApiServer {
  readonly directory: string
  /** The authority of what the API server shows to webhooks. */
  readonly webhookCa: Authority
  /** A client certificate of that authority under any name. */
  issueWebhookClient(name: string): Promise<KeyPairPem>
  /** One more API server on the same etcd, which shows webhooks a certificate with another name, or none. */
  addApiServer(options: ApiServerOptions): Promise<ApiServer>
  /** Kills one of its programs, and starts it again on what it left, at the same address. */
  crash(program: 'etcd' | 'kube-apiserver'): Promise<{ restart(): Promise<void> }>
  stop(): Promise<void>
}

/** How an API server differs from the first. */
export interface ApiServerOptions {
  /** The name in the certificate that it shows to webhooks; undefined: it has none. */
  readonly webhookClient: string | undefined
  /** The file of its service-account key, in the folder of the control plane. */
  readonly serviceAccountKey?: string
}

/** Options of a control plane. */
export interface ControlPlaneOptions {
  /** Runs deployments, replica sets, jobs, service accounts, namespaces and garbage collection. Off unless asked for. */
  readonly controllerManager?: boolean
  /** Records what the service accounts of this namespace ask for; `accessOf` reads it. */
  readonly auditNamespace?: string
}

const CONTROLLERS = 'deployment,replicaset,job,cronjob,serviceaccount,namespace,garbage-collector'

/** Starts a control plane in a folder of its own; what it left behind is gone when the process ends. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const assets = assetsFolder()
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-e2e-'))
  removeAtEnd(directory)
  const processes: BackgroundProcess[] = []
  const stop = async (): Promise<void> => {
    // SIGKILL, because nothing here is kept: an API server whose etcd is gone would linger for a minute and a half.
    for (const running of processes.toReversed()) await running.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const audit = options.auditNamespace === undefined ? [] : await writeAuditPolicy(directory, options.auditNamespace)
    const parts = new Parts(assets, directory, processes, audit)
    const authorities = await writeIdentities(directory)
    await parts.startEtcd()
    const issueWebhookClient = (name: string) => issueClient(authorities.webhooks, name)
    const addApiServer = async ({ webhookClient, serviceAccountKey = SERVICE_ACCOUNT_KEY }: ApiServerOptions) =>
      parts.startApiServer(
        webhookClient === undefined ? undefined : await issueWebhookClient(webhookClient),
        serviceAccountKey,
      )
    const first = await addApiServer({ webhookClient: 'kube-apiserver' })
    if (options.controllerManager === true) await parts.startControllerManager()
    await prepareNamespace(first, 'default')
    const crash = async (program: 'etcd' | 'kube-apiserver') => {
      const again = await parts.crash(program)
      return {
        restart: async () => {
          again()
          await waitUntil('the API server is ready', async () => (await first.request('GET', '/readyz')).status === 200)
        },
      }
    }
    return { ...first, directory, webhookCa: authorities.webhooks, issueWebhookClient, addApiServer, crash, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Makes a namespace in which pods can be created; without a controller manager nobody else makes its account. */
export async function createNamespace(plane: ApiServer, name: string): Promise<void> {
  const made = await plane.request('POST', '/api/v1/namespaces', { metadata: { name } })
  if (made.status !== 201) throw new Error(`namespace ${name}: ${made.body}`)
  await prepareNamespace(plane, name)
}

async function prepareNamespace(server: ApiServer, name: string): Promise<void> {
  const accounts = `/api/v1/namespaces/${name}/serviceaccounts`
  await waitUntil(`namespace ${name} has its service account`, async () =>
    [201, 409].includes((await server.request('POST', accounts, { metadata: { name: 'default' } })).status),
  )
}

function assetsFolder(): string {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets === undefined) throw new Error('KUBEBUILDER_ASSETS is not set: run the suite with `npm run test:e2e`')
  return assets
}

/** The processes of a control plane, each started and awaited. */
class Parts {
  readonly #assets: string
  readonly #directory: string
  readonly #processes: BackgroundProcess[]
  /** Arguments of every API server. */
  readonly #audit: readonly string[]
  /** The first process of each program, and how it was started. */
  readonly #known = new Map<
    string,
    { readonly running: BackgroundProcess; readonly args: readonly string[]; readonly name: string }
  >()
  #etcdPort = 0
  #apiServers = 0

  constructor(assets: string, directory: string, processes: BackgroundProcess[], audit: readonly string[]) {
    this.#assets = assets
    this.#directory = directory
    this.#processes = processes
    this.#audit = audit
  }

  async startEtcd(): Promise<void> {
    const port = await freePort()
    this.#etcdPort = port
    const etcd = this.#start('etcd', [
      '--data-dir=etcd',
      '--unsafe-no-fsync',
      '--log-level=warn',
      '--listen-peer-urls=http://127.0.0.1:0',
      `--listen-client-urls=http://127.0.0.1:${port}`,
      `--advertise-client-urls=http://127.0.0.1:${port}`,
    ])
    const isReady = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok
    await waitUntil('etcd is ready', isReady, { process: etcd })
  }

  async startApiServer(client: KeyPairPem | undefined, serviceAccountKey: string): Promise<ApiServer> {
    const name = `kube-apiserver-${++this.#apiServers}`
    const folder = join(this.#directory, name)
    await mkdir(folder)
    const port = await freePort()
    const running = this.#start(
      'kube-apiserver',
      [
        `--etcd-servers=http://127.0.0.1:${this.#etcdPort}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
        `--cert-dir=${name}`,
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${serviceAccountKey}`,
        `--service-account-signing-key-file=${serviceAccountKey}`,
        '--client-ca-file=client-ca.crt',
        '--authorization-mode=RBAC',
        '--allow-privileged=true',
        // Without it the machine's outer address would be published as the endpoint of service kubernetes.
        '--endpoint-reconciler-type=none',
        `--admission-control-config-file=${await writeAdmissionConfig(folder, client)}`,
        ...this.#audit,
      ],
      name,
    )
    const certificate = join(name, 'apiserver.crt')
    const server = { port, certificate }
    const kubeconfig = this.#apiServers === 1 ? 'admin.kubeconfig' : `${name}.admin.kubeconfig`
    await writeKubeconfig(this.#directory, kubeconfig, 'admin', server)
    if (this.#apiServers === 1) {
      await writeKubeconfig(this.#directory, 'controller-manager.kubeconfig', 'controller-manager', server)
    }
    const request = await this.#requester(port, join(this.#directory, certificate), running)
    const isReady = async () => (await request('GET', '/readyz')).status === 200
    await waitUntil('the API server is ready', isReady, { process: running })
    const kubectl = kubectlWith(this.#assets, join(this.#directory, kubeconfig), join(folder, 'cache'))
    return { port, kubectl, request }
  }

  async startControllerManager(): Promise<void> {
    this.#start('kube-controller-manager', [
      '--kubeconfig=controller-manager.kubeconfig',
      '--leader-elect=false',
      '--secure-port=0',
      '--use-service-account-credentials',
      `--service-account-private-key-file=${SERVICE_ACCOUNT_KEY}`,
      `--root-ca-file=${join('kube-apiserver-1', 'apiserver.crt')}`,
      `--controllers=${CONTROLLERS.split(',')
        .map(name => `${name}-controller`)
        .join(',')}`,
    ])
  }

  async #requester(port: number, certificate: string, running: BackgroundProcess): Promise<ApiServer['request']> {
    const read = (file: string) => readFile(join(this.#directory, file))
    const [cert, key] = [await read('admin.crt'), await read('admin.key')]
    await waitUntil('the API server has a certificate', async () => (await readFile(certificate)).length > 0, {
      process: running,
    })
    // A connection that rests is closed here, before the API server does it (after 90 s) at the moment at which it is taken up.
    const agent = new Agent({ keepAlive: true, timeout: 60_000, ca: await readFile(certificate), cert, key })
    return (method, path, body, contentType = 'application/json') =>
      new Promise((resolve, reject) => {
        const headers = body === undefined ? {} : { 'content-type': contentType }
        const options = { host: '127.0.0.1', port, path, method, agent, headers, timeout: 30_000 }
        const outgoing = httpsRequest(options, incoming => {
          let text = ''
          incoming.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          incoming.on('end', () => {
            const { warning = '' } = incoming.headers
            resolve({ status: incoming.statusCode ?? 0, body: text, warning })
          })
          incoming.on('error', reject)
        })
        outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer within 30 s`)))
        outgoing.on('error', reject)
        outgoing.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
      })
  }

  /** Kills the first process of a program; what is returned starts it again with the same arguments. */
  async crash(program: string): Promise<() => void> {
    const known = this.#known.get(program)
    if (known === undefined) throw new TypeError(`${program} was never started`)
    await known.running.stop('SIGKILL')
    this.#known.delete(program)
    return () => void this.#start(program, known.args, known.name)
  }

  #start(program: string, args: readonly string[], name = program): BackgroundProcess {
    mkdirSync(join(this.#directory, 'logs'), { recursive: true })
    const logFile = join(this.#directory, 'logs', `${name}.log`)
    const running = startProcess(name, join(this.#assets, program), args, { logFile, cwd: this.#directory })
    this.#processes.push(running)
    if (!this.#known.has(program)) this.#known.set(program, { running, args, name })
    return running
  }
}
