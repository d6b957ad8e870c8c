// `npm run demo`: starts a real gateway over mutual TLS, on free ports of this machine and without a cluster, sends it
// the manifests of this folder as an API server would, and shows what came back. Exits 0 only if all came out as told.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { load } from 'js-yaml'

const here = fileURLToPath(new URL('.', import.meta.url))
const injections = join(here, 'injections')
const portcullis = fileURLToPath(new URL('../dist/main/portcullis.js', import.meta.url))
const isColoured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
const paint = (code: number) => (text: string) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text)
const [bold, red, green, dim] = [paint(1), paint(31), paint(32), paint(2)]
const say = (text = '') => process.stdout.write(`${text}\n`)

interface Verdict {
  readonly allowed: boolean
  readonly message?: string
}

/** Runs a command of the gateway to its end. */
function run(
  args: readonly string[],
  cwd: string,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [portcullis, ...args], { cwd })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => (stdout += chunk))
    child.stderr.on('data', chunk => (stderr += chunk))
    child.on('error', reject)
    child.on('close', code => resolve({ code: code ?? -1, stdout, stderr }))
  })
}

/** Starts a gateway and reads from its log where it listens. */
function startGateway(cwd: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(
    process.execPath,
    [
      ...[portcullis, 'serve', '--dev', '--listen', '127.0.0.1:0', '--health-listen', '127.0.0.1:0', '--drain', '0s'],
      ...['--injections', injections, '--namespaces', join(injections, 'pods', 'namespaces.yaml')],
    ],
    { cwd, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  return new Promise((resolve, reject) => {
    const log: string[] = []
    createInterface({ input: child.stderr }).on('line', line => {
      log.push(line)
      if (!line.includes('"msg":"serving"')) return
      const { admission } = JSON.parse(line) as { admission: { port: number } }
      resolve({ child, port: admission.port })
    })
    child.on('close', () => reject(new Error(`the gateway did not start:\n${log.join('\n')}`)))
  })
}

/** Asks the gateway with a certificate, or without one; says what happened in a few words. */
function knock(
  port: number,
  certificates: { readonly ca: Buffer; readonly cert?: Buffer; readonly key?: Buffer },
): Promise<string> {
  return new Promise(resolve => {
    const outgoing = request(
      { host: '127.0.0.1', port, path: '/validate', method: 'POST', agent: false, ...certificates },
      incoming => {
        incoming.resume()
        incoming.on('end', () => resolve(`HTTP ${incoming.statusCode}`))
      },
    )
    outgoing.on('error', () => resolve('no connection'))
    outgoing.end('{}')
  })
}

function show(title: string, isAsExpected: boolean, detail: string): void {
  say(`${isAsExpected ? green('✔') : red('✘ UNEXPECTED')} ${bold(title)}`)
  for (const line of detail.trimEnd().split('\n')) say(`    ${line}`)
  say()
}

async function judgeExamples(cwd: string, server: string): Promise<number> {
  const files = (await readdir(here)).filter(file => file.endsWith('.yaml')).sort()
  let unexpected = 0
  for (const file of files) {
    const path = join(here, file)
    const expected = file.endsWith('-safe.yaml')
    const { code, stdout, stderr } = await run(['review', path, '--server', server, '-o', 'json'], cwd)
    const [verdict] = code === 2 ? [] : (JSON.parse(stdout) as Verdict[])
    const isAsExpected = verdict?.allowed === expected
    if (!isAsExpected) unexpected += 1
    const said = verdict?.allowed ? dim('allowed') : (verdict?.message ?? stderr)
    show(`${relative(process.cwd(), path)} is ${verdict?.allowed ? 'allowed' : 'denied'}`, isAsExpected, said)
  }
  return unexpected
}

interface Patched extends Verdict {
  readonly patch?: readonly { readonly op: string; readonly path: string }[]
  readonly patched?: unknown
}

/** Each pod of injections/pods has beside it what it is to become. */
async function injectExamples(cwd: string, server: string): Promise<number> {
  const files = (await readdir(join(injections, 'pods'))).filter(file => file.endsWith('.injected.yaml')).sort()
  let unexpected = 0
  for (const file of files) {
    const path = join(injections, 'pods', file.replace('.injected', ''))
    const { code, stdout, stderr } = await run(['review', path, '--server', server, '-o', 'json'], cwd)
    const [verdict] = code === 2 ? [] : (JSON.parse(stdout) as Patched[])
    const expected: unknown = load(await readFile(join(injections, 'pods', file), 'utf8'))
    const isAsExpected = isDeepStrictEqual(verdict?.patched, expected)
    if (!isAsExpected) unexpected += 1
    const operations = (verdict?.patch ?? []).map(({ op, path: pointer }) => `${op} ${pointer}`)
    const title = `${relative(process.cwd(), path)} gets ${operations.length} additions and keeps all that it has`
    show(title, isAsExpected, [...operations, stderr].join('\n'))
  }
  return unexpected
}

async function judgeStrangers(cwd: string, port: number): Promise<number> {
  const dev = join(cwd, 'certs', 'dev')
  const issued = await run(
    [
      'certs',
      'issue',
      '--ca',
      dev,
      '--usage',
      'client',
      '--name',
      'system:node:node-1',
      '--out',
      cwd,
      '--prefix',
      'kubelet',
    ],
    cwd,
  )
  if (issued.code !== 0) throw new Error(issued.stderr)
  const ca = await readFile(join(dev, 'ca.crt'))
  const read = async (name: string) => ({ ca, cert: await readFile(`${name}.crt`), key: await readFile(`${name}.key`) })
  const strangers = [
    { who: 'a client without a certificate', expected: 'no connection', got: await knock(port, { ca }) },
    {
      who: 'a kubelet, with a certificate of the same CA',
      expected: 'HTTP 403',
      got: await knock(port, await read(join(cwd, 'kubelet'))),
    },
    {
      who: 'the API server (whose empty review is refused as such)',
      expected: 'HTTP 400',
      got: await knock(port, await read(join(dev, 'client'))),
    },
  ]
  for (const { who, expected, got } of strangers) show(`${who}: ${got}`, got === expected, dim(`expected: ${expected}`))
  return strangers.filter(({ expected, got }) => expected !== got).length
}

const cwd = await mkdtemp(join(tmpdir(), 'portcullis-demo-'))
const { child, port } = await startGateway(cwd)
try {
  say(
    bold(`\nA gateway serves on https://127.0.0.1:${port}. Each manifest goes to it as an API server would send it.\n`),
  )
  const server = `https://127.0.0.1:${port}`
  const unexpected =
    (await judgeExamples(cwd, server)) + (await injectExamples(cwd, server)) + (await judgeStrangers(cwd, port))
  say(
    unexpected === 0
      ? green('All of it came out as it should.')
      : red(`${unexpected} came out otherwise than it should.`),
  )
  process.exitCode = unexpected === 0 ? 0 : 1
} finally {
  child.removeAllListeners('close')
  child.kill()
  await rm(cwd, { recursive: true, force: true })
}
