import { readFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { join } from 'node:path'

/** The certificates with which the command shows itself as an API server. */
export interface ClientCertificates {
  readonly ca: Buffer
  readonly cert: Buffer
  readonly key: Buffer
}

/** An answer, or why there is none and what to do about it. */
export type Reply = { readonly ok: true; readonly body: string } | { readonly ok: false; readonly problem: string }

/** Reads `ca.crt`, `client.crt` and `client.key` of a folder. */
export async function readCertificates(
  directory: string,
): Promise<
  { readonly ok: true; readonly certificates: ClientCertificates } | { readonly ok: false; readonly problem: string }
> {
  const buffers: Buffer[] = []
  for (const name of ['ca.crt', 'client.crt', 'client.key']) {
    const file = join(directory, name)
    const content = await readFile(file).catch((error: NodeJS.ErrnoException) => error)
    if (content instanceof Error) {
      const hint =
        'start "portcullis serve --dev" here first, or run "portcullis certs dev", or name another folder with --certs'
      return { ok: false, problem: `${file} cannot be read (${content.code ?? content.message}): ${hint}` }
    }
    buffers.push(content)
  }
  const [ca = Buffer.alloc(0), cert = Buffer.alloc(0), key = Buffer.alloc(0)] = buffers
  return { ok: true, certificates: { ca, cert, key } }
}

/** Asks one gateway over kept-alive connections, with the headers of kube-apiserver. */
export class GatewayClient {
  readonly #server: URL
  readonly #agent: Agent
  readonly #timeoutMs: number

  constructor(server: URL, certificates: ClientCertificates, timeoutMs: number) {
    this.#server = server
    this.#timeoutMs = timeoutMs
    this.#agent = new Agent({ keepAlive: true, ...certificates })
  }

  /** Sends a review to a path of the gateway. Never rejects. */
  send(path: string, body: string | Buffer): Promise<Reply> {
    const url = new URL(
      `${this.#server.pathname.replace(/\/$/, '')}/${path}?timeout=${Math.ceil(this.#timeoutMs / 1000)}s`,
      this.#server,
    )
    const bytes = Buffer.from(body)
    return new Promise(resolve => {
      const fail = (problem: string) => resolve({ ok: false, problem })
      const outgoing = httpsRequest(
        url,
        {
          method: 'POST',
          agent: this.#agent,
          // The machine may be slower than the gateway: its own answer "deadline" should arrive.
          timeout: this.#timeoutMs + 5000,
          headers: {
            'user-agent': 'portcullis-review',
            'content-length': bytes.length,
            accept: 'application/json, */*',
            'content-type': 'application/json',
          },
        },
        incoming => {
          const chunks: Buffer[] = []
          incoming.on('data', chunk => chunks.push(chunk))
          incoming.on('error', error => fail(`the answer of ${url.origin} broke off: ${error.message}`))
          incoming.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8')
            if (incoming.statusCode === 200) resolve({ ok: true, body: text })
            else fail(`${url.origin} answered HTTP ${incoming.statusCode}: ${text.trim()}`)
          })
        },
      )
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
      outgoing.on('error', (error: NodeJS.ErrnoException) => fail(describe(url, error)))
      outgoing.end(bytes)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

function describe(url: URL, error: NodeJS.ErrnoException): string {
  const said = `${url.origin} could not be asked: ${error.message || error.code}`
  if (error.code === 'ECONNREFUSED')
    return `${said}. Is the gateway running there? "portcullis serve --dev" starts one; --server names another`
  if (/certificate|alert|SSL|TLS/i.test(error.message))
    return `${said}. The certificates of --certs do not fit this gateway`
  return said
}
