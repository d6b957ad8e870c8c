import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import pino from 'pino'
import { ensureDevelopmentCertificates } from '../certs/development.ts'
import { describeCertificateProblem } from '../certs/pem.ts'
import type { ClusterDocuments } from '../cluster/documents.ts'
import { loadClient } from '../cluster/load-client.ts'
import { type GatewayConfig, startGateway } from '../server/gateway.ts'
import { readCommandLine, refuse } from './command-line.ts'
import { injectionUsage, unknownExceptions } from './documents.ts'
import type { Command, Io } from './io.ts'
import { address, choice, duration, flag, list, size, text, type ValuesOf } from './options.ts'
import { documentStore, followCluster } from './serve/document-store.ts'
import { loadTraces, traceOptions } from './serve/traces.ts'
import { trafficOf, trafficOptions } from './serve/traffic.ts'
import { injectionOptions, verdictOptions } from './shared-options.ts'
import { VERSION } from './version.ts'

const FALLBACK_CERTIFICATES = '/etc/portcullis/tls'

function serveOptions(env: Io['env']) {
  return {
    dev: flag('Makes a CA, a serving and a client certificate under certs/dev/ and uses them; needs no cluster.'),
    ...verdictOptions(env),
    ...injectionOptions(),
    kubeconfig: text(
      'FILE',
      'How to reach the API, to ask which pods an owner selects; in a pod its service account unless given.',
      undefined,
    ),
    'cluster-documents': flag(
      'Reads Policies, exceptions, injections and the labels of namespaces from the cluster too, and follows them.',
    ),
    listen: address('Where admission reviews come in (mTLS).', ':8443'),
    'health-listen': address('Where /livez, /readyz and /metrics are served, in clear.', ':8080'),
    'tls-cert': text(
      'FILE',
      `The serving certificate and its chain (default: ${FALLBACK_CERTIFICATES}/tls.crt).`,
      undefined,
    ),
    'tls-key': text('FILE', `Its private key (default: ${FALLBACK_CERTIFICATES}/tls.key).`, undefined),
    'client-ca': text(
      'FILE',
      `The CA of the API servers' client certificates (default: ${FALLBACK_CERTIFICATES}/client-ca.crt).`,
      undefined,
    ),
    'client-auth': choice(
      ['require', 'when-ready', 'observe', 'none'],
      'Whether a client certificate is demanded, demanded once every API server shows one, counted, or not asked for.',
      'require',
    ),
    'client-name': list('NAMES', 'The names (CN or SAN) that may ask.', ['kube-apiserver', 'system:kube-apiserver']),
    'max-body': size('The largest review that is judged.', '40Mi'),
    'max-connection-age': duration(
      'Older connections are ended after an answer, so that replicas share the load.',
      '5m',
      '1s',
    ),
    drain: duration('How long to go on serving after SIGTERM.', '10s'),
    'reload-interval': duration('How often policies and certificates are looked at for changes.', '2s', '100ms'),
    ...traceOptions(),
    ...trafficOptions(),
    'log-level': choice(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'Logs are JSON, on standard error.',
      'info',
    ),
    help: flag('Shows this text.', { short: 'h' }),
  }
}

type ServeOptions = ValuesOf<ReturnType<typeof serveOptions>>

const HELP_HEAD = `portcullis serve: the admission gateway.

Refuses what the policies deny, over mutual TLS, and answers every review it gets. Try it without a cluster:

  portcullis serve --dev
  portcullis review examples/host-root-pod.yaml

Every option can be set by its environment variable, shown in brackets.

Options:
`

/** `portcullis serve`. */
export const serve: Command = {
  async run(argv, io) {
    const line = readCommandLine('serve', HELP_HEAD, serveOptions(io.env), argv, io)
    if (!line.ok) return line.code
    const { values } = line
    const unknown = [...injectionUsage(values), ...(await unknownExceptions(values['enable-exception']))]
    if (unknown.length > 0) return fail(io, unknown)
    const config = await configOf(values, io)
    if (!config.ok) return fail(io, config.problems)
    const code = await run(config.value, values, io)
    // Its watches would keep the process alive.
    config.close()
    return code
  },
}

function fail(io: Io, problems: readonly string[]): number {
  return refuse('serve', io, problems)
}

type Config =
  | { readonly ok: true; readonly value: GatewayConfig; readonly close: () => void }
  | { readonly ok: false; readonly problems: readonly string[] }

async function configOf(options: ServeOptions, io: Io): Promise<Config> {
  const tls = await tlsFiles(options, io)
  if (!tls.ok) return tls
  if (options['client-auth'] === 'when-ready' && !options['cluster-documents']) {
    return { ok: false, problems: ['--client-auth when-ready needs --cluster-documents: the controller says when'] }
  }
  if (/^(?:require|when-ready)$/.test(options['client-auth']) && options['client-name'].length === 0) {
    return { ok: false, problems: ['--client-name names nobody, so that nobody could ask; see also --client-auth'] }
  }
  const loaded = await loadClient(options.kubeconfig, io.env)
  if (!loaded.ok) return { ok: false, problems: [`--kubeconfig: ${loaded.problem}`] }
  const { client } = loaded
  if (options['cluster-documents'] && client === undefined) {
    return { ok: false, problems: ['--cluster-documents needs a way to the API: --kubeconfig, or a service account'] }
  }
  const logger = pino({ level: options['log-level'] }, pino.destination({ fd: 2, sync: false }))
  const onError = (kind: string, error: unknown) =>
    logger.warn({ err: error, kind }, 'the cluster cannot be followed; what is known stays')
  const cluster =
    client !== undefined && options['cluster-documents'] ? await followCluster(client, io.env, onError) : undefined
  const traces = await loadTraces(options, logger)
  const value: GatewayConfig = {
    client,
    traces,
    traffic: trafficOf(options, io.cwd),
    isClientAuthReady: () => cluster?.isClientAuthReady() === true,
    followsNamespaces: options['cluster-documents'],
    followed: () => cluster?.followed ?? [],
    ownNamespace: cluster?.ownNamespace,
    missing: () => unseenKinds(cluster).map(kind => `no list of the kind ${kind} has been seen in the cluster`),
    listen: options.listen,
    healthListen: options['health-listen'],
    tls: tls.files,
    clientAuth: options['client-auth'],
    clientNames: options['client-name'],
    maxBody: options['max-body'],
    drainMs: options.drain,
    maxConnectionAgeMs: options['max-connection-age'],
    pollMs: options['reload-interval'],
    documents: documentStore(options, io.env, cluster),
    logger,
    version: VERSION,
    countsAsGeneric: options['mutation-config-file'] !== undefined,
  }
  return { ok: true, value, close: () => cluster?.stop() }
}

/**
 * The kinds that may hold documents which were not seen yet. A kind that the API does not serve holds none: a gateway that starts then
 * serves what ships, and says so, because one that is never ready would refuse everything after a restart.
 */
function unseenKinds(cluster: ClusterDocuments | undefined): readonly string[] {
  const unserved = cluster?.followed.filter(({ isUnserved }) => isUnserved).map(({ kind }) => kind) ?? []
  return cluster?.missing.filter(kind => !unserved.includes(kind)) ?? []
}

type Files =
  | { readonly ok: true; readonly files: GatewayConfig['tls'] }
  | { readonly ok: false; readonly problems: readonly string[] }

async function tlsFiles(options: ServeOptions, io: Io): Promise<Files> {
  const given = { certFile: options['tls-cert'], keyFile: options['tls-key'], clientCaFile: options['client-ca'] }
  if (options.dev) {
    const made = await ensureDevelopmentCertificates(join(io.cwd, 'certs', 'dev'), new Date())
    if (!made.ok) return { ok: false, problems: made.problems.map(describeCertificateProblem) }
    const { certFile, keyFile, caFile } = made.value.files
    return {
      ok: true,
      files: withClientCa(
        { certFile: given.certFile ?? certFile, keyFile: given.keyFile ?? keyFile },
        given.clientCaFile ?? caFile,
        options,
      ),
    }
  }
  const certFile = given.certFile ?? join(FALLBACK_CERTIFICATES, 'tls.crt')
  const keyFile = given.keyFile ?? join(FALLBACK_CERTIFICATES, 'tls.key')
  const fallbackCa = join(FALLBACK_CERTIFICATES, 'client-ca.crt')
  // Who only observes may be there before there is a CA to observe with.
  const needsNoCa = options['client-auth'] === 'observe' && given.clientCaFile === undefined
  const clientCaFile = needsNoCa && !(await exists(fallbackCa)) ? undefined : (given.clientCaFile ?? fallbackCa)
  if (given.certFile === undefined && !(await exists(certFile))) {
    return {
      ok: false,
      problems: [`there is no certificate in ${certFile}: name one with --tls-cert and --tls-key, or try --dev`],
    }
  }
  return { ok: true, files: withClientCa({ certFile, keyFile }, clientCaFile, options) }
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

/** `none` asks for no client certificate, and needs no CA for them. */
function withClientCa(
  files: GatewayConfig['tls'],
  clientCaFile: string | undefined,
  options: ServeOptions,
): GatewayConfig['tls'] {
  return options['client-auth'] === 'none' || clientCaFile === undefined ? files : { ...files, clientCaFile }
}

async function run(config: GatewayConfig, options: ServeOptions, io: Io): Promise<number> {
  const started = await startGateway(config)
  if (!started.ok) return fail(io, started.problems)
  const { gateway } = started
  if (options['client-auth'] === 'none') {
    config.logger.warn('client certificates are not asked for: anyone who reaches this port may ask')
  }
  if (config.traffic !== undefined) {
    config.logger.warn(config.traffic, 'admission reviews are recorded in a file: it shows what the cluster is made of')
  }
  config.logger.info(
    {
      admission: gateway.address,
      health: gateway.healthAddress,
      policySet: gateway.policySetHash(),
      clientAuth: options['client-auth'],
    },
    'serving',
  )
  await new Promise<void>(resolve => io.onStop(resolve))
  await gateway.stop()
  return 0
}
