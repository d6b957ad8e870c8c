import { mkdtempSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { type Authority, issueCertificate } from '../../../src/certs/issue.ts'
import { type BackgroundProcess, freePort, startProcess, waitUntil } from './processes.ts'

const MAIN = fileURLToPath(new URL('../../../dist/main/portcullis.js', import.meta.url))

/** The built gateway as a process of its own. */
export interface GatewayProcess {
  readonly port: number
  readonly healthPort: number
  readonly process: BackgroundProcess
  isReady(): Promise<boolean>
  metrics(): Promise<string>
  /** Everything logged so far. */
  log(): string
  /** Sends the signal, waits for the end and returns the exit code; null when the signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Where a gateway listens and what it reads. */
export interface GatewayOptions {
  /** A folder for the gateway's own files. */
  readonly directory: string
  /** Signs the serving certificate and the clients. */
  readonly authority: Authority
  /** A free one unless given. */
  readonly port?: number
  /** A folder with tls.crt and tls.key, as a kubelet mounts a Secret; a certificate of the authority unless given. */
  readonly servingFolder?: string
  /** How long it goes on serving after SIGTERM. */
  readonly drain?: string
  /** More arguments of `portcullis serve`. */
  readonly args?: readonly string[]
}

let started = 0

/** Starts `portcullis serve` and waits until it is ready. */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const directory = mkdtempSync(join(options.directory, `gateway-${++started}-`))
  const [port, healthPort] = [options.port ?? (await freePort()), await freePort()]
  const { servingFolder = '.' } = options
  if (options.servingFolder === undefined) await writeServingCertificate(directory, options.authority)
  await writeFile(join(directory, 'client-ca.crt'), options.authority.certificatePem)
  const args = [
    ...['--listen', `127.0.0.1:${port}`, '--health-listen', `127.0.0.1:${healthPort}`],
    ...['--tls-cert', join(servingFolder, 'tls.crt'), '--tls-key', join(servingFolder, 'tls.key')],
    ...['--client-ca', 'client-ca.crt'],
    ...['--client-name', 'kube-apiserver', '--drain', options.drain ?? '1s', '--reload-interval', '200ms'],
    ...(options.args ?? []),
  ]
  const running = startProcess(`gateway-${started}`, process.execPath, [MAIN, 'serve', ...args], {
    logFile: join(directory, 'gateway.log'),
    cwd: directory,
  })
  const url = `http://127.0.0.1:${healthPort}`
  const isReady = async () => (await fetch(`${url}/readyz`)).status === 200
  const gateway: GatewayProcess = {
    port,
    healthPort,
    process: running,
    isReady,
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    log: () => readFileSync(running.logFile, 'utf8'),
    stop: signal => running.stop(signal),
  }
  folders.set(gateway, directory)
  await waitUntil('the gateway is ready', isReady, { process: running })
  return gateway
}

const folders = new WeakMap<GatewayProcess, string>()

/** Puts another serving certificate and key in place of a running gateway's, and returns the certificate. */
export async function rotateServingCertificate(gateway: GatewayProcess, authority: Authority): Promise<string> {
  const directory = folders.get(gateway)
  if (directory === undefined) throw new TypeError('not a gateway of this process')
  return writeServingCertificate(directory, authority)
}

/** The certificate that a gateway shows to a new connection, as PEM. */
export function servedCertificate({ port }: Pick<GatewayProcess, 'port'>): Promise<string> {
  return new Promise((resolve, reject) => {
    // Whoever shows none is refused afterwards.
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.toString() ?? '')
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

/** Writes each file under another name and renames it, as anyone should who replaces what is being read. */
async function writeServingCertificate(directory: string, authority: Authority): Promise<string> {
  const pair = await issueCertificate(authority, {
    commonName: 'portcullis',
    dnsNames: ['portcullis.portcullis-system.svc'],
    ipAddresses: ['127.0.0.1'],
    usage: 'server',
    days: 2,
  })
  for (const [name, text] of [
    ['tls.crt', pair.certificatePem],
    ['tls.key', pair.privateKeyPem],
  ] as const) {
    await writeFile(join(directory, `${name}.new`), text, { mode: 0o600 })
    await rename(join(directory, `${name}.new`), join(directory, name))
  }
  return pair.certificatePem
}
