// The gateway as `portcullis serve` composes it, with the shipped policies set to Deny, logging to nowhere.
import { createWriteStream } from 'node:fs'
import pino from 'pino'
import type * as Checks from '../../src/checks/index.ts'
import type * as Documents from '../../src/cli/documents.ts'
import type * as SharedOptions from '../../src/cli/shared-options.ts'
import type * as InjectionSets from '../../src/injection/set.ts'
import type * as PolicySets from '../../src/policy/set.ts'
import type * as Gateway from '../../src/server/gateway.ts'
import { answerCpu } from './cpu.ts'

// The compiled program is what users run.
const load = async (module: string): Promise<unknown> =>
  import(new URL(`../../dist/${module}.js`, import.meta.url).href)
const { CHECKS } = (await load('checks/index')) as typeof Checks
const { digest, documentSignature, documentSources, readDocuments, readInjections } = (await load(
  'cli/documents',
)) as typeof Documents
const { defaultExcludedNamespaces } = (await load('cli/shared-options')) as typeof SharedOptions
const { loadInjections } = (await load('injection/set')) as typeof InjectionSets
const { loadSet } = (await load('policy/set')) as typeof PolicySets
const { startGateway } = (await load('server/gateway')) as typeof Gateway

const [clientCaFile = '', certFile = '', keyFile = ''] = process.argv.slice(2, 5)
const sources = documentSources({
  policies: process.argv[5] || undefined,
  exceptions: undefined,
  'enable-exception': ['k3s-local-path'],
})
const started = await startGateway({
  listen: { host: '127.0.0.1', port: 0 },
  healthListen: { host: '127.0.0.1', port: 0 },
  tls: { certFile, keyFile, clientCaFile },
  clientAuth: 'require',
  clientNames: ['kube-apiserver'],
  maxBody: 40 * 1024 * 1024,
  drainMs: 0,
  maxConnectionAgeMs: 300_000,
  pollMs: 2000,
  logger: pino({ level: 'info' }, createWriteStream('/dev/null')),
  version: 'bench',
  countsAsGeneric: false,
  documents: {
    load: async () =>
      loadSet(await readDocuments(sources), {
        checks: CHECKS,
        excludedNamespaces: defaultExcludedNamespaces({}),
        digest,
      }),
    loadInjections: async () =>
      loadInjections(await readInjections({ injections: process.argv[6] }), {
        excludedNamespaces: defaultExcludedNamespaces({}),
        digest,
      }),
    loadNamespaces: async () => ({ table: {}, problems: [] }),
    signature: () => documentSignature(sources.map(({ path }) => path)),
  },
})
if (!started.ok) throw new Error(started.problems.join('\n'))
answerCpu(started.gateway.address.port)
