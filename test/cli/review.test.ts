import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { review } from '../../src/cli/review.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { testIo } from '../support/io.ts'

let gateway: TestGateway
let directory = ''
let certs = ''
let server = ''
beforeAll(async () => {
  gateway = await startTestGateway()
  directory = await mkdtemp(join(tmpdir(), 'portcullis-review-'))
  certs = join(gateway.directory, 'certs')
  server = `https://127.0.0.1:${gateway.gateway.address.port}`
})
afterAll(async () => {
  await gateway.stop()
  await rm(directory, { recursive: true, force: true })
})

async function ask(argv: readonly string[], stdin = '') {
  const test = testIo({ stdin })
  const code = await review.run(['--server', server, '--certs', certs, ...argv], test.io)
  return { code, out: test.out(), err: test.err() }
}

const pod = (path: string, name = 'p') => `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  containers: [{name: c, image: i}]
  volumes: [{name: v, hostPath: {path: ${path}}}]
`

describe('portcullis review', () => {
  it('says for each object whether it is allowed, and why not', async () => {
    const { code, out, err } = await ask(['-'], `${pod('/data', 'good')}---\n${pod('/etc', 'bad')}`)
    expect({ code, err }).toEqual({ code: 1, err: '' })
    expect(out).toContain('-:1: Pod "default/good": allowed\n')
    expect(out).toContain(
      '-:8: Pod "default/bad": denied (403 Forbidden)\n  Pod "default/bad" is refused by policy host-path:\n',
    )
    expect(out).toContain('volume "v" mounts hostPath "/etc"')
  })

  it('exits with 0 when all are allowed', async () => {
    expect(await ask(['-'], pod('/data'))).toMatchObject({ code: 0, err: '' })
  })

  it('prints JSON and YAML of the same verdicts', async () => {
    const { out } = await ask(['-', '-o', 'json'], pod('/etc'))
    expect(JSON.parse(out)).toMatchObject([
      { file: '-', line: 1, object: 'Pod "default/p"', allowed: false, code: 403, reason: 'Forbidden' },
    ])
    expect((await ask(['-', '-o', 'yaml'], pod('/etc'))).out).toContain('allowed: false')
  })

  it('takes a List apart and tells the line of each item', async () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${pod('/etc', 'a').trimEnd().replaceAll('\n', '\n  ')}\n- ${pod('/data', 'b').trimEnd().replaceAll('\n', '\n  ')}\n`
    const { code, out } = await ask(['-'], list)
    expect(code).toBe(1)
    expect(out).toContain('-:4: Pod "default/a": denied')
    expect(out).toContain('-:10: Pod "default/b": allowed')
  })

  it('sends an UPDATE with the object as it was', async () => {
    const old = join(directory, 'old.yaml')
    await writeFile(old, pod('/etc'))
    const { code, out } = await ask(['-', '--operation', 'UPDATE', '--old', old], pod('/etc'))
    expect(code).toBe(0)
    expect(out).toContain(
      'Warning: host-path: a new Pod like this one will be refused, and only this change is let through: volume "v" mounts hostPath "/etc"',
    )
    const missing = await ask(['-', '--operation', 'UPDATE', '--old', old], pod('/etc', 'other'))
    expect(missing.err).toContain('an UPDATE needs the object as it was')
  })

  it('goes on after a document that cannot be read, and exits with 2', async () => {
    const { code, out, err } = await ask(['-'], `a: [\n---\n${pod('/etc')}---\nhello: world\n`)
    expect(code).toBe(2)
    expect(out).toContain('Pod "default/p": denied')
    expect(err).toMatch(/-:\d+:\d+: /)
    expect(err).toContain('is no Kubernetes object')
  })

  it('reads UTF-16 as kubectl does, and refuses half a character', async () => {
    const file = join(directory, 'utf16.yaml')
    const bytes = Buffer.from(`\ufeff${pod('/data')}`, 'utf16le')
    await writeFile(file, bytes)
    expect(await ask([file])).toMatchObject({ code: 0, err: '' })
    await writeFile(file, bytes.subarray(0, -1))
    const { code, err } = await ask([file])
    expect(code).toBe(2)
    expect(err).toContain(`${file}: this is not UTF-16 text; save it as UTF-8`)
  })

  it('replays a recorded review unchanged', async () => {
    const file = join(directory, 'recorded.json')
    const request = {
      uid: 'recorded-1',
      operation: 'CREATE',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'shop',
      name: 'p',
      object: { spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] } },
      oldObject: null,
    }
    await writeFile(file, JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }))
    const { code, out } = await ask(['--replay', file])
    expect(code).toBe(1)
    expect(out).toContain('Pod "shop/p": denied')
  })

  it('prints what a manifest holds without letting it reach the terminal', async () => {
    const { out } = await ask(['-'], pod('"/etc/\\e[31m\\a"'))
    expect(out).toContain('\\u001b[31m\\u0007')
    expect(out).not.toMatch(/[\u0007\u001b]/)
  })

  it.each([
    { argv: [], err: 'name a file, or - for standard input' },
    { argv: ['/nowhere.yaml'], err: '/nowhere.yaml: there is no such file\n' },
    { argv: ['/'], err: '/: this is a folder: name its files\n' },
    { argv: ['--replay', '/nowhere.json'], err: '/nowhere.json: there is no such file\n' },
    { argv: ['--replay', '/'], err: '/: this is a folder: name its files\n' },
    { argv: ['-'], err: 'there is no Kubernetes object in these files' },
    { argv: ['-', '--server', 'http://x'], err: '--server is given twice' },
    { argv: ['-', '-n', 'Foo Bar'], err: '--namespace must be the name of a namespace, not "Foo Bar"\n' },
    { argv: ['-', '--user', ''], err: '--user must not be empty\n' },
    { argv: ['-', '--group', ''], err: '--group must not be empty\n' },
    {
      argv: ['-', '--subresource', 'ephemeralcontainer'],
      err: '--subresource knows no "ephemeralcontainer" (did you mean "ephemeralcontainers"?); allowed: attach, ',
    },
    { argv: ['-', '--timeout', '0s'], err: '--timeout must be more than 0s and at most 30s' },
    { argv: ['-', '--timeout', '31s'], err: '--timeout must be more than 0s and at most 30s' },
    { argv: ['-', '--old', 'x.yaml'], err: '--old goes with --operation UPDATE alone' },
    { argv: ['/no\u001b[31m\n.yaml'], err: '/no\\u001b[31m\nportcullis review: .yaml: there is no such file' },
  ])('refuses $argv with a reason and exit code 2', async ({ argv, err }) => {
    const result = await ask(argv)
    expect(result.code).toBe(2)
    expect(result.err).toContain(err)
  })

  it.each([
    { server: 'https://x/with/path', err: '--server takes no path: https://x, not "https://x/with/path"\n' },
    { server: 'https://x/?y', err: '--server takes no path: https://x, not "https://x/?y"\n' },
    { server: 'http://x', err: '--server must be a URL such as https://127.0.0.1:8443, not "http://x"\n' },
  ])('refuses $server before it asks', async ({ server: url, err }) => {
    const test = testIo({ stdin: pod('/data') })
    expect(await review.run(['-', '--server', url, '--certs', certs], test.io)).toBe(2)
    expect(test.err()).toBe(`portcullis review: ${err}`)
  })

  it('asks for no subresource of pods on other kinds', async () => {
    const deployment = pod('/data').replace('v1\nkind: Pod', 'apps/v1\nkind: Deployment')
    const { code, out, err } = await ask(['-', '--subresource', 'resize'], `${deployment}---\n${pod('/data')}`)
    expect({ code, err }).toEqual({
      code: 2,
      err: 'portcullis review: -:1: "resize" is a subresource of pods alone, not of a "Deployment"\n',
    })
    expect(out).toContain('Pod "default/p": allowed')
  })

  it('says what --replay takes', async () => {
    const { code, err } = await ask(['--replay', '-'], pod('/data'))
    expect(code).toBe(2)
    expect(err).toMatch(
      /^portcullis review: -: the body is not one JSON value: .*; --replay takes recorded AdmissionReviews in JSON: leave it out for manifests\n$/,
    )
  })

  it('says that a port without TLS is not the one', async () => {
    const test = testIo({ stdin: pod('/data') })
    const url = `https://127.0.0.1:${gateway.gateway.healthAddress.port}`
    expect(await review.run(['-', '--server', url, '--certs', certs], test.io)).toBe(2)
    expect(test.err()).toBe(
      `portcullis review: -:1: Pod "default/p": ${url} could not be asked: there is no TLS. Reviews come in on --listen of the gateway (default :8443); :8080 is the health port\n`,
    )
  })

  it('says what to do when there is no gateway, and when there are no certificates', async () => {
    const test = testIo({ stdin: pod('/data') })
    expect(await review.run(['-', '--server', 'https://127.0.0.1:1', '--certs', certs], test.io)).toBe(2)
    expect(test.err()).toContain('"portcullis serve --dev" starts one; --server names another')
    const other = testIo({ stdin: pod('/data') })
    expect(await review.run(['-', '--certs', '/nowhere'], other.io)).toBe(2)
    expect(other.err()).toContain('/nowhere/ca.crt cannot be read (ENOENT): start "portcullis serve --dev" here first')
  })
})

describe('portcullis review, in front of a server that answers wrongly', () => {
  let wrong: Server
  let answer: (uid: string, url: string) => { readonly status: number; readonly body: string }
  beforeAll(async () => {
    const read = (name: string) => readFile(join(certs, name))
    const [cert, key, ca] = await Promise.all([read('tls.crt'), read('tls.key'), read('ca.crt')])
    wrong = createServer({ cert, key, ca, requestCert: true }, (request, response) => {
      let text = ''
      request.on('data', chunk => {
        text += chunk
      })
      request.on('end', () => {
        const { status, body } = answer(
          (JSON.parse(text) as { request: { uid: string } }).request.uid,
          request.url ?? '',
        )
        response.writeHead(status).end(body)
      })
    })
    await new Promise<void>(resolve => wrong.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    wrong.close()
  })

  const reviewOf = (response: object) =>
    JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response })
  const patchOf = (patch: unknown) => Buffer.from(JSON.stringify(patch)).toString('base64')

  it.each([
    { name: 'another uid', body: () => reviewOf({ uid: 'x', allowed: true }), err: 'it is about uid "x"' },
    { name: 'no JSON', body: () => 'hello', err: '/mutate gave no usable answer: it is no JSON' },
    {
      name: 'another version',
      body: (uid: string) => reviewOf({ uid, allowed: true }).replace('k8s.io/v1', 'k8s.io/v1beta1'),
      err: 'it is "AdmissionReview" of "admission.k8s.io/v1beta1", not "AdmissionReview" of "admission.k8s.io/v1"',
    },
    { name: 'no response', body: () => reviewOf([]), err: 'it has no response' },
    {
      name: 'an answer that nests too deep',
      body: () => `{"response":${'['.repeat(9999)}${']'.repeat(9999)}}`,
      err: 'it nests deeper than 200 levels',
    },
    {
      name: 'a status that is none',
      body: (uid: string) => reviewOf({ uid, allowed: false, status: { message: 7 } }),
      err: 'its status is not as it should be',
    },
    {
      name: 'warnings that are none',
      body: (uid: string) => reviewOf({ uid, allowed: true, warnings: 'x' }),
      err: 'its warnings are no list of texts',
    },
    {
      name: 'audit annotations that are none',
      body: (uid: string) => reviewOf({ uid, allowed: true, auditAnnotations: { a: 1 } }),
      err: 'its auditAnnotations are no texts by name',
    },
    { name: 'neither yes nor no', body: (uid: string) => reviewOf({ uid }), err: 'it says neither yes nor no' },
    { name: 'HTTP 500', status: 500, body: () => 'boom', err: 'answered HTTP 500: boom' },
    {
      name: 'a patch without its type',
      body: (uid: string) => reviewOf({ uid, allowed: true, patch: patchOf([]) }),
      err: 'its patchType is undefined',
    },
    {
      name: 'a type without its patch',
      body: (uid: string) => reviewOf({ uid, allowed: true, patchType: 'JSONPatch' }),
      err: 'it has a patchType, but no patch',
    },
    {
      name: 'a patch that is no base64',
      body: (uid: string) => reviewOf({ uid, allowed: true, patchType: 'JSONPatch', patch: '[]==' }),
      err: '/mutate gave no usable patch: it is no base64',
    },
    {
      name: 'a patch that leaves no object',
      body: (uid: string) =>
        reviewOf({
          uid,
          allowed: true,
          patchType: 'JSONPatch',
          patch: patchOf([{ op: 'replace', path: '', value: 'x' }]),
        }),
      err: '/mutate gave no usable patch: what it leads to is no object',
    },
    {
      name: 'a patch that does not apply',
      body: (uid: string) =>
        reviewOf({ uid, allowed: true, patchType: 'JSONPatch', patch: patchOf([{ op: 'remove', path: '/nope' }]) }),
      err: '/mutate gave no usable patch: remove "/nope"',
    },
  ])('exits with 2 for $name', async ({ status, body, err }) => {
    answer = uid => ({ status: status ?? 200, body: body(uid) })
    const test = testIo({ stdin: pod('/data') })
    const { port } = wrong.address() as AddressInfo
    expect(await review.run(['-', '--server', `https://127.0.0.1:${port}`, '--certs', certs], test.io)).toBe(2)
    expect(test.err()).toContain(err)
  })

  it('takes no patch from a path that must not change anything', async () => {
    answer = (uid, url) => ({
      status: 200,
      body: reviewOf({
        uid,
        allowed: true,
        ...(url.startsWith('/observe') && { patchType: 'JSONPatch', patch: patchOf([]) }),
      }),
    })
    const test = testIo({ stdin: pod('/data') })
    const { port } = wrong.address() as AddressInfo
    expect(await review.run(['-', '--server', `https://127.0.0.1:${port}`, '--certs', certs], test.io)).toBe(2)
    expect(test.err()).toContain('/observe gave no usable answer: it has a patch, which only /mutate may answer with')
  })

  it('applies a patch before it asks whether the result is allowed, and shows both', async () => {
    const patch = [{ op: 'add', path: '/metadata/labels', value: { injected: 'yes' } }]
    answer = (uid, url) => ({
      status: 200,
      body: reviewOf({
        uid,
        allowed: true,
        ...(url.startsWith('/mutate') && { patchType: 'JSONPatch', patch: patchOf(patch) }),
      }),
    })
    const test = testIo({ stdin: pod('/data') })
    const { port } = wrong.address() as AddressInfo
    expect(await review.run(['-', '--server', `https://127.0.0.1:${port}`, '--certs', certs], test.io)).toBe(0)
    expect(test.out()).toContain('Pod "default/p": patched\n')
    expect(test.out()).toContain('    {"op":"add","path":"/metadata/labels","value":{"injected":"yes"}}\n')
    expect(test.out()).toContain("injected: 'yes'")
  })
})
