import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { oneLine, quote, shorten } from '../../admission/text.ts'
import type { ClientCertificates } from './certificates.ts'

/** An answer, or why there is none and what to do about it. */
export type Reply = { readonly ok: true; readonly body: string } | { readonly ok: false; readonly problem: string }

/** The gateway's own answer "deadline" should arrive, even on a busy machine. */
const GRACE_MS = 2000
/** A patch is at most about as large as the largest review that a gateway takes. */
const MAX_ANSWER = 64 * 1024 * 1024
/** What is shown of an answer that is none. */
const SHOWN = 500

const unzip = promisify(gunzip)

/** Asks one gateway over kept-alive connections, with the headers of kube-apiserver. */
export class GatewayClient {
  readonly #server: URL
  readonly #agent: Agent
  readonly #name: string
  readonly #timeoutMs: number

  constructor(server: URL, { name, ...pems }: ClientCertificates, timeoutMs: number) {
    this.#server = server
    this.#name = name
    this.#timeoutMs = timeoutMs
    this.#agent = new Agent({ keepAlive: true, ...pems })
  }

  /** Sends a review to a path of the gateway. Never rejects. */
  async send(path: string, body: string | Buffer): Promise<Reply> {
    const url = new URL(`/${path}?timeout=${Math.ceil(this.#timeoutMs / 1000)}s`, this.#server)
    const signal = AbortSignal.timeout(this.#timeoutMs + GRACE_MS)
    try {
      const incoming = await this.#post(url, Buffer.from(body), signal)
      const text = (await readBody(incoming)).toString('utf8')
      if (incoming.statusCode === 200) return { ok: true, body: text }
      return { ok: false, problem: this.#describeStatus(url, incoming.statusCode ?? 0, text) }
    } catch (error) {
      return { ok: false, problem: this.#describeFailure(url, error, signal.aborted) }
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #post(url: URL, body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
    const headers = {
      'user-agent': 'kube-apiserver-admission',
      'content-length': body.length,
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'accept-encoding': 'gzip',
    }
    return new Promise((resolve, reject) => {
      httpsRequest(url, { method: 'POST', agent: this.#agent, signal, headers }, resolve).on('error', reject).end(body)
    })
  }

  #describeStatus({ origin }: URL, status: number, text: string): string {
    const said = `${origin} answered HTTP ${status}: ${shorten(oneLine(text.trim()), SHOWN) || '(nothing)'}`
    if (status === 403) {
      return `${said}. The certificate in --certs is named ${quote(this.#name)}: issue one for a name that may ask ("portcullis certs issue --usage client --name <name> --prefix client"), or add this one to --client-name of the gateway`
    }
    return `${said}. Is this the admission address of a gateway? --server names another; the gateway's log says more`
  }

  #describeFailure({ origin }: URL, error: unknown, isTooLate: boolean): string {
    if (isTooLate) {
      const [given, grace] = [this.#timeoutMs / 1000, GRACE_MS / 1000]
      return `${origin} gave no answer within ${given} s (--timeout), nor in the ${grace} s after them. Is something else listening there, or is the gateway overloaded?`
    }
    const { code = '', message = String(error) } = error as NodeJS.ErrnoException
    const said = `${origin} could not be asked: ${oneLine(reasonIn(message) || code)}`
    if (/wrong version number|packet length too long/.test(message))
      return `${origin} could not be asked: there is no TLS. Reviews come in on --listen of the gateway (default :8443); :8080 is the health port`
    if (code === 'ECONNREFUSED')
      return `${said}. Is the gateway running there? "portcullis serve --dev" starts one; --server names another`
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
      return `${said}. The gateway's certificate is not for this host: name it in --server as the certificate does`
    if (/certificate|alert|SSL|TLS/i.test(`${code} ${message}`))
      return `${said}. The certificates of --certs do not fit this gateway: name the folder whose CA it trusts`
    // With TLS 1.3 a client's certificate is refused after the client's handshake is done: the reason often goes lost.
    if (code === 'ECONNRESET' || code === 'EPIPE')
      return `${said}. So does a gateway that does not trust the CA of the certificate in --certs, ${quote(this.#name)}; its log says more`
    return `${said}. Check --server; the gateway's log may say more`
  }
}

/** OpenSSL's messages are lines of its source code, with one part that says something: `tlsv1 alert unknown ca`. */
function reasonIn(message: string): string {
  const [, reason] = /:SSL routines:[^:]*:([^:]+):/.exec(message) ?? []
  return reason ?? message.trim()
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_ANSWER) throw new Error(`its answer is larger than ${MAX_ANSWER / 1024 ** 2} MiB`)
  }
  const bytes = Buffer.concat(chunks)
  return incoming.headers['content-encoding'] === 'gzip' ? unzip(bytes, { maxOutputLength: MAX_ANSWER }) : bytes
}
