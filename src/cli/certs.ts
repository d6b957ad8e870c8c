import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { oneLine } from '../admission/text.ts'
import { ensureDevelopmentCertificates } from '../certs/development.ts'
import { createAuthority, issueCertificate, type KeyPairPem } from '../certs/issue.ts'
import { describeCertificateProblem } from '../certs/pem.ts'
import { suggest } from '../policy/suggest.ts'
import { readAuthority } from './certs/authority.ts'
import { inspectFiles } from './certs/inspect.ts'
import { type Target, writeTarget } from './certs/write.ts'
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

const DAY_MS = 24 * 60 * 60 * 1000
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

/** A subcommand that takes options alone. */
function withoutArguments<V>(run: (values: V, io: Io) => Promise<number>) {
  return async (values: V, [stray]: readonly string[], io: Io): Promise<number> =>
    stray === undefined ? run(values, io) : fail(io, `unknown argument "${stray}"; see --help`)
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  init: subcommand('init: makes a CA of its own', INIT, withoutArguments(init)),
  issue: subcommand('issue --name CN: makes a certificate, signed by a CA', ISSUE, withoutArguments(issue)),
  inspect: subcommand(
    'inspect FILE…: shows certificates and keys; exit code 1 when one is out of its time or does not fit',
    INSPECT,
    inspect,
  ),
  dev: subcommand(
    'dev: makes the certificates of `serve --dev`, or keeps them while they are valid',
    DEV,
    withoutArguments(development),
  ),
}

function help(): string {
  const lines = Object.values(SUBCOMMANDS).map(({ usage }) => `  portcullis certs ${usage}`)
  return `portcullis certs: makes and inspects certificates. Keys are readable by their owner alone and never printed.\n\n${lines.join('\n')}\n\nEach has --help.\n`
}

/** `portcullis certs`. */
export const certs: Command = {
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
  for (const line of message.split('\n')) io.stderr(`portcullis certs: ${oneLine(line)}\n`)
  return 2
}

async function init({ out, name, days: validDays, force }: ValuesOf<typeof INIT>, io: Io): Promise<number> {
  const authority = await createAuthority({ commonName: name, days: validDays })
  return write({ directory: out, prefix: 'ca', force, ca: undefined }, authority, io)
}

async function issue(options: ValuesOf<typeof ISSUE>, io: Io): Promise<number> {
  const { ca, usage, name, dns, ip, days: validDays, out, prefix, force } = options
  if (name === undefined) return fail(io, '--name is missing: the common name of the certificate')
  if (!/^[\w.-]+$/.test(prefix)) return fail(io, `--prefix must be a plain word, not "${prefix}"`)
  const badAddress = ip.find(address => isIP(address) === 0)
  if (badAddress !== undefined) return fail(io, `--ip must be an IP address, not "${badAddress}"`)
  // Clients look at the alternative names alone: a server without one serves nobody.
  if (usage === 'server' && dns.length + ip.length === 0)
    return fail(io, 'a server certificate needs --dns or --ip: clients ignore its common name')
  const read = await readAuthority(ca, new Date())
  if (!read.ok) return fail(io, read.problem)
  const pair = await issueCertificate(read.authority, {
    commonName: name,
    dnsNames: dns,
    ipAddresses: ip,
    usage,
    days: validDays,
  })
  const code = await write({ directory: out, prefix, force, ca }, pair, io)
  if (code === 0) tellOfEnd(pair, validDays, io)
  return code
}

/** A certificate may have been asked for that would outlive its CA. */
function tellOfEnd({ certificatePem }: KeyPairPem, asked: number, io: Io): void {
  const { validFromDate, validToDate } = new X509Certificate(certificatePem)
  if (validToDate.getTime() - validFromDate.getTime() < asked * DAY_MS)
    io.stderr(`portcullis certs: it is valid until ${validToDate.toISOString()} only: so long the CA lives\n`)
}

async function write(target: Target, pair: KeyPairPem, io: Io): Promise<number> {
  const written = await writeTarget(target, pair)
  if (!written.ok) return fail(io, written.problem)
  io.stdout(written.files.map(file => `${file}\n`).join(''))
  return 0
}

async function development({ out }: ValuesOf<typeof DEV>, io: Io): Promise<number> {
  const made = await ensureDevelopmentCertificates(out, new Date())
  if (!made.ok) return fail(io, made.problems.map(describeCertificateProblem).join('\n'))
  io.stdout(`${made.value.made ? 'made' : 'kept'} the certificates in ${out}\n`)
  return 0
}

async function inspect({ output }: ValuesOf<typeof INSPECT>, files: readonly string[], io: Io): Promise<number> {
  if (files.length === 0) return fail(io, 'inspect needs a file: portcullis certs inspect FILE…')
  const inspection = await inspectFiles(files, new Date())
  if (!inspection.ok) return fail(io, inspection.problem)
  io.stdout(inspection[output])
  return inspection.isFaulty ? 1 : 0
}
