import { mkdir, readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { printable } from '../admission/text.ts'
import { ensureDevelopmentCertificates } from '../certs/development.ts'
import { type CertificateFacts, inspectCertificates } from '../certs/inspect.ts'
import { createAuthority, issueCertificate, type KeyPairPem } from '../certs/issue.ts'
import { describeCertificateProblem } from '../certs/pem.ts'
import { writePair } from '../certs/store.ts'
import { suggest } from '../policy/suggest.ts'
import type { Command, Io } from './io.ts'
import {
  choice,
  describeOptions,
  flag,
  list,
  type Option,
  type Options,
  parseOptions,
  text,
  type ValuesOf,
} from './options.ts'

const HELP = flag('Shows this text.', { short: 'h' })

/** A whole number of days. */
function days(help: string, fallback: number): Option<number> {
  return {
    help,
    placeholder: 'N',
    fallback,
    shownDefault: String(fallback),
    read: value =>
      /^[1-9]\d{0,4}$/.test(value) ? { value: Number(value) } : { must: 'must be a whole number of days, 1 to 99999' },
  }
}

const INIT = {
  out: text('DIR', 'Where ca.crt and ca.key are written.', 'pki'),
  name: text('CN', "The CA's common name.", 'portcullis-ca'),
  days: days('How long the CA is valid.', 3650),
  force: flag('Replaces a CA that is there already: what it signed is worthless then.'),
  help: HELP,
}

const ISSUE = {
  ca: text('DIR', 'The folder of ca.crt and ca.key.', 'pki'),
  usage: choice(['server', 'client'], 'What the certificate is for.', 'server'),
  name: text('CN', 'The common name; for a client, what --client-name of serve is compared with.', undefined),
  dns: list('NAMES', 'DNS names of a server.'),
  ip: list('ADDRESSES', 'IP addresses of a server.'),
  days: days('How long the certificate is valid; never longer than the CA.', 365),
  out: text('DIR', 'Where the certificate and its key are written.', 'pki'),
  prefix: text('WORD', 'The files are WORD.crt and WORD.key.', 'tls'),
  force: flag('Replaces files that are there already.'),
  help: HELP,
}

const INSPECT = { output: choice(['text', 'json'], 'How the facts are printed.', 'text', { short: 'o' }), help: HELP }
const DEV = { out: text('DIR', 'Where the development certificates are kept.', join('certs', 'dev')), help: HELP }

/** One subcommand: its options and what it does with them. */
interface Subcommand {
  readonly usage: string
  readonly options: Options
  run(argv: readonly string[], io: Io): Promise<number>
}

function subcommand<O extends Options>(
  usage: string,
  options: O,
  run: (values: ValuesOf<O>, positionals: readonly string[], io: Io) => Promise<number>,
): Subcommand {
  return {
    usage,
    options,
    run: async (argv, io) => {
      const parsed = parseOptions(options, argv, io.env, false)
      if (!parsed.ok) return fail(io, parsed.message)
      if ((parsed.values as { help?: unknown }).help === true) {
        io.stdout(`portcullis certs ${usage}\n\n${describeOptions(options, false)}\n`)
        return 0
      }
      return run(parsed.values, parsed.positionals, io)
    },
  }
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  init: subcommand('init: makes a CA of its own', INIT, init),
  issue: subcommand('issue --name CN: makes a certificate, signed by a CA', ISSUE, issue),
  inspect: subcommand(
    'inspect FILE…: says what certificates hold; exit code 1 when one is out of its time',
    INSPECT,
    inspect,
  ),
  dev: subcommand('dev: makes the certificates of `serve --dev`, or keeps them while they are valid', DEV, development),
}

function help(): string {
  const lines = Object.values(SUBCOMMANDS).map(({ usage }) => `  portcullis certs ${usage}`)
  return `portcullis certs: makes and inspects certificates. Keys are readable by their owner alone and never printed.\n\n${lines.join('\n')}\n\nEach has --help.\n`
}

/** `portcullis certs`. */
export const certs: Command = {
  name: 'certs',
  summary: 'Makes and inspects certificates.',
  async run([name, ...rest], io) {
    if (name === undefined || name === '--help' || name === '-h') {
      io[name === undefined ? 'stderr' : 'stdout'](help())
      return name === undefined ? 2 : 0
    }
    const found = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined
    const names = Object.keys(SUBCOMMANDS)
    if (found === undefined)
      return fail(io, `unknown subcommand "${name}"${suggest(name, names)}; allowed: ${names.join(', ')}`)
    try {
      return await found.run(rest, io)
    } catch (error) {
      return fail(io, error instanceof Error ? error.message : String(error))
    }
  },
}

function fail(io: Io, message: string): number {
  io.stderr(`portcullis certs: ${message}\n`)
  return 2
}

async function init(
  { out, name, days: validDays, force }: ValuesOf<typeof INIT>,
  _rest: readonly string[],
  io: Io,
): Promise<number> {
  const authority = await createAuthority({ commonName: name, days: validDays })
  return write(out, 'ca', authority, force, io)
}

async function issue(options: ValuesOf<typeof ISSUE>, _rest: readonly string[], io: Io): Promise<number> {
  const { ca, usage, name, dns, ip, days: validDays, out, prefix, force } = options
  if (name === undefined) return fail(io, '--name is missing: the common name of the certificate')
  if (!/^[\w.-]+$/.test(prefix)) return fail(io, `--prefix must be a plain word, not "${prefix}"`)
  const badAddress = ip.find(address => isIP(address) === 0)
  if (badAddress !== undefined) return fail(io, `--ip must be an IP address, not "${badAddress}"`)
  // Clients look at the alternative names alone: a server without one serves nobody.
  if (usage === 'server' && dns.length + ip.length === 0)
    return fail(io, 'a server certificate needs --dns or --ip: clients ignore its common name')
  const authority = await readAuthority(ca)
  if (authority === undefined)
    return fail(io, `there is no CA in ${ca}: make one with "portcullis certs init --out ${ca}"`)
  const pair = await issueCertificate(authority, {
    commonName: name,
    dnsNames: dns,
    ipAddresses: ip,
    usage,
    days: validDays,
  })
  return write(out, prefix, pair, force, io)
}

async function readAuthority(directory: string): Promise<KeyPairPem | undefined> {
  try {
    return {
      certificatePem: await readFile(join(directory, 'ca.crt'), 'utf8'),
      privateKeyPem: await readFile(join(directory, 'ca.key'), 'utf8'),
    }
  } catch {
    return undefined
  }
}

async function write(directory: string, prefix: string, pair: KeyPairPem, force: boolean, io: Io): Promise<number> {
  const [certFile, keyFile] = [join(directory, `${prefix}.crt`), join(directory, `${prefix}.key`)]
  for (const file of [certFile, keyFile]) {
    const exists = await stat(file).then(
      () => true,
      () => false,
    )
    if (exists && !force) return fail(io, `${file} is there already: choose another --out, or replace it with --force`)
  }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writePair(certFile, keyFile, pair)
  io.stdout(`${certFile}\n${keyFile}\n`)
  return 0
}

async function development({ out }: ValuesOf<typeof DEV>, _rest: readonly string[], io: Io): Promise<number> {
  const made = await ensureDevelopmentCertificates(out, new Date())
  if (!made.ok) return fail(io, made.problems.map(describeCertificateProblem).join('\n'))
  io.stdout(`${made.value.made ? 'made' : 'kept'} the certificates in ${out}\n`)
  return 0
}

async function inspect({ output }: ValuesOf<typeof INSPECT>, files: readonly string[], io: Io): Promise<number> {
  if (files.length === 0) return fail(io, 'inspect needs a file: portcullis certs inspect FILE…')
  const inspected: { readonly file: string; readonly facts: CertificateFacts }[] = []
  for (const file of files) {
    const pem = await readFile(file, 'utf8').catch((error: Error) => error)
    if (pem instanceof Error) return fail(io, `${file} cannot be read: ${pem.message}`)
    const found = inspectCertificates({ file, pem })
    if (!found.ok) return fail(io, found.problems.map(describeCertificateProblem).join('\n'))
    inspected.push(...found.value.map(facts => ({ file, facts })))
  }
  const now = Date.now()
  io.stdout(
    output === 'json'
      ? `${JSON.stringify(inspected.map(asJson(now)), null, 2)}\n`
      : inspected.map(asText(now)).join('\n'),
  )
  return inspected.some(({ facts }) => isOutOfTime(facts, now)) ? 1 : 0
}

type Inspected = { readonly file: string; readonly facts: CertificateFacts }

function isOutOfTime({ notBefore, notAfter }: CertificateFacts, now: number): boolean {
  return notBefore.getTime() > now || notAfter.getTime() < now
}

function daysLeft({ notAfter }: CertificateFacts, now: number): number {
  return Math.floor((notAfter.getTime() - now) / (24 * 60 * 60 * 1000))
}

const asJson =
  (now: number) =>
  ({ file, facts }: Inspected) => ({
    file,
    ...facts,
    daysLeft: daysLeft(facts, now),
    isOutOfTime: isOutOfTime(facts, now),
  })

const asText =
  (now: number) =>
  ({ file, facts }: Inspected) => {
    const left = isOutOfTime(facts, now) ? 'OUT OF ITS TIME' : `${daysLeft(facts, now)} days left`
    const names = facts.altNames.map(({ kind, value }) => `${kind}:${value}`).join(', ')
    const lines = [
      `${file}: ${facts.subject}`,
      `  issuer       ${facts.issuer}`,
      `  names        ${names || '(none)'}`,
      `  valid        ${facts.notBefore.toISOString()} to ${facts.notAfter.toISOString()} (${left})`,
      `  usages       ${facts.isCa ? 'certificate authority' : facts.usages.join(', ') || 'any'}`,
      `  key          ${facts.keyType}`,
      `  fingerprint  ${facts.fingerprint256}`,
    ]
    return `${lines.map(printable).join('\n')}\n`
  }
