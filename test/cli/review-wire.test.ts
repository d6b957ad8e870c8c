import { once } from 'node:events'
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureDevelopmentCertificates } from '../../src/certs/development.ts'
import { createAuthority, issueCertificate, type KeyPairPem } from '../../src/certs/issue.ts'
import { review } from '../../src/cli/review.ts'
import { startTestGateway } from '../support/gateway.ts'
import { testIo } from '../support/io.ts'

/** One request as it arrived. */
interface Arrived {
  readonly line: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly request: Readonly<Record<string, unknown>> & { readonly uid: string }
}

type Respond = (arrived: Arrived, response: ServerResponse) => void

const allow: Respond = ({ request: { uid } }, response) => {
  response.end(reviewOf({ uid, allowed: true }))
}
const reviewOf = (response: object) =>
  JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response })

let directory = ''
let certs = ''
let server: Server
let respond: Respond = allow
let arrived: Arrived[] = []
let connections = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-review-wire-'))
  certs = join(directory, 'certs')
  await ensureDevelopmentCertificates(certs, new Date())
  const [cert, key, ca] = await Promise.all(['tls.crt', 'tls.key', 'ca.crt'].map(name => readFile(join(certs, name))))
  server = createServer({ cert, key, ca, requestCert: true }, (request, response) => void take(request, response))
  server.on('secureConnection', () => {
    connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  respond = allow
  arrived = []
  connections = 0
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(directory, { recursive: true, force: true })
})

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(request)
  const { request: asked } = JSON.parse(body.toString()) as Pick<Arrived, 'request'>
  const found = {
    line: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
    headers: request.headers,
    body,
    request: asked,
  }
  arrived.push(found)
  respond(found, response)
}

async function ask(argv: readonly string[], stdin = '', folder = certs, port = (server.address() as AddressInfo).port) {
  const test = testIo({ stdin })
  const code = await review.run(['--server', `https://127.0.0.1:${port}`, '--certs', folder, ...argv], test.io)
  return { code, out: test.out(), err: test.err() }
}

const pod = (name = 'p') => `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {image: "<&>"}}\n`

describe('what portcullis review sends', () => {
  it('has the request line and the headers of kube-apiserver', async () => {
    expect(await ask(['-', '--timeout', '2500ms'], pod())).toMatchObject({ code: 0, err: '' })
    expect(arrived.map(({ line }) => line).sort()).toEqual([
      'POST /mutate?timeout=3s HTTP/1.1',
      'POST /observe?timeout=3s HTTP/1.1',
      'POST /validate?timeout=3s HTTP/1.1',
    ])
    for (const { headers, body } of arrived) {
      const { host: _host, connection, ...others } = headers
      expect(connection).toBe('keep-alive')
      expect(others).toEqual({
        'user-agent': 'kube-apiserver-admission',
        'content-length': String(body.length),
        accept: 'application/json, */*',
        'content-type': 'application/json',
        'accept-encoding': 'gzip',
      })
      expect(body.toString()).toMatch(/"\\u003c\\u0026\\u003e".*\n$/)
    }
  })

  it('keeps its connections over many objects: one for each question at once', async () => {
    const manifests = Array.from({ length: 20 }, (_, index) => pod(`p${index}`)).join('---\n')
    expect(await ask(['-'], manifests)).toMatchObject({ code: 0 })
    expect(arrived.length).toBe(60)
    expect(connections).toBe(2)
  })

  it('is what the options say', async () => {
    await ask(
      ['-', '--user', 'jane', '--group', 'a', '--group', 'b', '-n', 'shop', '--subresource', 'resize', '--dry-run'],
      pod(),
    )
    expect(arrived[0]?.request).toMatchObject({
      namespace: 'shop',
      name: 'p',
      operation: 'CREATE',
      subResource: 'resize',
      requestSubResource: 'resize',
      userInfo: { username: 'jane', groups: ['a', 'b'] },
      oldObject: null,
      dryRun: true,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    })
  })

  it('has the object at the place of its operation', async () => {
    const old = join(directory, 'old.yaml')
    await writeFile(old, `${pod('other')}---\n${pod().replace('<&>', 'before')}`)
    await ask(['-', '--operation', 'DELETE'], pod())
    await ask(['-', '--operation', 'CONNECT'], pod())
    await ask(['-', '--operation', 'UPDATE', '--old', old], pod())
    const [deleted, connected, updated] = [0, 3, 6].map(index => arrived[index]?.request)
    expect(deleted).toMatchObject({ object: null, oldObject: { kind: 'Pod' }, options: { kind: 'DeleteOptions' } })
    expect(connected).toMatchObject({ object: { kind: 'Pod' }, oldObject: null, options: null })
    expect(updated).toMatchObject({ object: { spec: { image: '<&>' } }, oldObject: { spec: { image: 'before' } } })
  })

  it('is the patched object, once it is patched', async () => {
    const patch = Buffer.from('[{"op":"add","path":"/spec/x","value":"<"}]').toString('base64')
    respond = ({ line, request: { uid } }, response) => {
      const patched = line.includes('/mutate') ? { patch, patchType: 'JSONPatch' } : {}
      response.end(reviewOf({ uid, allowed: true, ...patched }))
    }
    expect((await ask(['-'], pod())).code).toBe(0)
    const [first, ...later] = arrived
    expect(first?.line).toContain('/mutate')
    expect(first?.request).toMatchObject({ object: { spec: { image: '<&>' } } })
    expect(later.map(({ request }) => request['object'])).toEqual(
      [1, 2].map(() => expect.objectContaining({ spec: { image: '<&>', x: '<' } })),
    )
  })

  it('asks nothing more once /mutate has denied', async () => {
    respond = ({ request: { uid } }, response) => {
      response.end(reviewOf({ uid, allowed: false, status: { code: 403, message: 'no' } }))
    }
    expect(await ask(['-'], pod())).toMatchObject({ code: 1, out: '-:1: Pod "default/p": denied (403)\n  no\n' })
    expect(arrived.length).toBe(1)
  })

  it('is the recorded review byte for byte, on every path', async () => {
    const file = join(import.meta.dirname, '../data/admission-reviews/pod-create-int64.validating.json')
    const recorded = await readFile(file)
    expect(recorded.toString()).toContain('9007199254740993')
    expect((await ask(['--replay', file])).code).toBe(0)
    expect(arrived.map(({ line }) => line.slice(5, 9)).sort()).toEqual(['/mut', '/obs', '/val'])
    for (const { body } of arrived) expect(body.equals(recorded)).toBe(true)
  })
})

describe('what portcullis review takes for an answer', () => {
  it('may be compressed', async () => {
    respond = ({ request: { uid } }, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(reviewOf({ uid, allowed: true, warnings: ['zipped'] })))
    }
    expect(await ask(['-'], pod())).toMatchObject({ code: 0, out: expect.stringContaining('Warning: zipped') })
  })

  it('has a limit, unpacked too', async () => {
    respond = (_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(Buffer.alloc(65 * 1024 * 1024)))
    }
    const { code, err } = await ask(['-'], pod())
    expect(code).toBe(2)
    expect(err).toContain('could not be asked: Cannot create a Buffer larger than 67108864 bytes')
  })

  it('must be whole within the timeout, however steadily it trickles', async () => {
    respond = (_, response) => {
      const timer = setInterval(() => response.write(' '), 100)
      response.on('close', () => clearInterval(timer))
    }
    const start = performance.now()
    const { code, err } = await ask(['-', '--timeout', '100ms'], pod())
    expect(code).toBe(2)
    expect(err).toContain(
      'gave no answer within 0.1 s (--timeout), nor in the 2 s after them. Is something else listening there, or is the gateway overloaded?',
    )
    expect(performance.now() - start).toBeLessThan(6000)
  })

  it('reaches the terminal as text, whatever is in it', async () => {
    respond = (_, response) => {
      response.writeHead(500).end(`\u001b[31mboom\nportcullis review: all allowed${'x'.repeat(9999)}`)
    }
    const { code, err } = await ask(['-'], pod())
    expect(code).toBe(2)
    expect(err).toContain(
      'answered HTTP 500: \\u001b[31mboom\\nportcullis review: all allowedxxx'.replace('\\n', '\\u000a'),
    )
    expect(err.split('\n').length).toBe(2)
    expect(err.length).toBeLessThan(900)
  })

  it.each(['text', 'json', 'yaml'])('steers no terminal, printed as %s', async format => {
    const hostile = '\u009b31m\u202e\u001b[31m\u007f'
    const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/spec/x', value: hostile }])).toString('base64')
    respond = ({ line, request: { uid } }, response) => {
      const patched = line.includes('/mutate') ? { patch, patchType: 'JSONPatch' } : {}
      response.end(
        reviewOf({ uid, allowed: true, warnings: [hostile], auditAnnotations: { [hostile]: 'x' }, ...patched }),
      )
    }
    const { code, out } = await ask(['-', '-o', format], pod())
    expect(code).toBe(0)
    expect(out).toContain('31m')
    expect(out).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    if (format === 'json')
      expect(JSON.parse(out)).toMatchObject([{ warnings: [hostile], patched: { spec: { x: hostile } } }])
  })

  it('may be missing for one object: the others are asked, and 2 wins over 1', async () => {
    respond = ({ request: { uid, name } }, response) => {
      if (name === 'broken') response.destroy()
      else response.end(reviewOf({ uid, allowed: name !== 'bad' }))
    }
    const { code, out, err } = await ask(['-'], `${pod('broken')}---\n${pod('bad')}---\n${pod('good')}`)
    expect(code).toBe(2)
    expect(out).toBe('-:3: Pod "default/bad": denied\n\n-:5: Pod "default/good": allowed\n')
    expect(err).toContain('-:1: Pod "default/broken": https://127.0.0.1:')
  })
})

describe('the certificates of portcullis review', () => {
  /** A folder like that of --certs, changed. */
  async function folder(name: string, change: (path: (file: string) => string) => Promise<unknown>): Promise<string> {
    const path = join(directory, name)
    await cp(certs, path, { recursive: true })
    await change(file => join(path, file))
    return path
  }

  const writePairTo = (path: (file: string) => string, pair: KeyPairPem) =>
    Promise.all([writeFile(path('client.crt'), pair.certificatePem), writeFile(path('client.key'), pair.privateKeyPem)])

  it.each([
    { name: 'no CA', change: { 'ca.crt': 'hello' }, err: 'ca.crt: holds no certificate' },
    { name: 'no certificate', change: { 'client.crt': '' }, err: 'client.crt: holds no certificate' },
    { name: 'no key', change: { 'client.key': 'hello' }, err: 'client.key: holds no private key' },
  ])('are refused before anybody is asked: $name', async ({ name, change, err }) => {
    const path = await folder(name.replaceAll(' ', '-'), async at => {
      for (const [file, text] of Object.entries(change)) await writeFile(at(file), text)
    })
    const result = await ask(['-'], pod(), path)
    expect(result.code).toBe(2)
    expect(result.err).toContain(`portcullis review: ${path}/${err}`)
    expect(connections).toBe(0)
  })

  it('are refused before anybody is asked: a key of another certificate', async () => {
    const path = await folder('swapped', at => copyFile(at('tls.key'), at('client.key')))
    const { code, err } = await ask(['-'], pod(), path)
    expect(code).toBe(2)
    expect(err).toContain(`${path}/client.key does not belong to ${path}/client.crt: start "portcullis serve --dev"`)
  })

  it.each([
    { name: 'has ended', days: 1, notBefore: '2020-01-01', span: 'from 2020-01-01T00:00:00.000Z to 2020-01-02' },
    { name: 'has not begun', days: 1, notBefore: '2999-01-01', span: 'from 2999-01-01T00:00:00.000Z to 2999-01-02' },
  ])('are refused before anybody is asked: one that $name', async ({ name, days, notBefore, span }) => {
    const authority = { commonName: 'x', days: 999_999, notBefore: new Date('2000-01-01') }
    const path = await folder(name.replaceAll(' ', '-'), async at => {
      const request = { commonName: 'x', dnsNames: [], ipAddresses: [], usage: 'client', days } as const
      const pair = await issueCertificate(await createAuthority(authority), {
        ...request,
        notBefore: new Date(notBefore),
      })
      await writePairTo(at, pair)
    })
    const { code, err } = await ask(['-'], pod(), path)
    expect(code).toBe(2)
    expect(err).toBe(
      `portcullis review: ${path}/client.crt is valid ${span}T00:00:00.000Z only: run "portcullis certs dev" for one of its own, or issue one with "portcullis certs issue --usage client --name <name> --prefix client --force"\n`,
    )
    expect(connections).toBe(0)
  })

  it('are named when the gateway refuses them, with what to do', async () => {
    const gateway = await startTestGateway()
    const { port } = gateway.gateway.address
    try {
      const own = join(gateway.directory, 'certs')
      const read = (file: string) => readFile(join(own, file), 'utf8')
      const authority = { certificatePem: await read('ca.crt'), privateKeyPem: await read('ca.key') }
      const request = { commonName: 'kubelet', dnsNames: [], ipAddresses: [], usage: 'client', days: 1 } as const
      const path = await folder('kubelet', async at => {
        await copyFile(join(own, 'ca.crt'), at('ca.crt'))
        await writePairTo(at, await issueCertificate(authority, request))
      })
      const named = await ask(['-'], pod(), path, port)
      expect(named.code).toBe(2)
      expect(named.err).toContain(
        'answered HTTP 403: the client certificate of "kubelet" is not among the names that may ask (--client-name). The certificate in --certs is named "kubelet": issue one for a name that may ask ("portcullis certs issue --usage client --name <name> --prefix client"), or add this one to --client-name of the gateway\n',
      )

      await writePairTo(
        file => join(path, file),
        await issueCertificate(await createAuthority({ commonName: 'x', days: 1 }), request),
      )
      const stranger = await ask(['-'], pod(), path, port)
      expect(stranger.code).toBe(2)
      expect(stranger.err).toMatch(
        /could not be asked: (?!.*SSL routines).*(the CA of the certificate in --certs, "kubelet"|do not fit this gateway)/,
      )

      const foreign = await ask(['-'], pod(), certs, port)
      expect(foreign.code).toBe(2)
      expect(foreign.err).toMatch(
        /could not be asked: .*certificate.*\. The certificates of --certs do not fit this gateway/,
      )
    } finally {
      await gateway.stop()
    }
  })
})
