// The gateway as `portcullis serve` composes it, with the shipped policies set to Deny, logging to nowhere.
import { createWriteStream } from 'node:fs'
import pino from 'pino'
import { CHECKS } from '../../src/checks/index.ts'
import { digest, documentSignature, documentSources, readDocuments } from '../../src/cli/documents.ts'
import { defaultExcludedNamespaces } from '../../src/cli/shared-options.ts'
import { loadSet } from '../../src/policy/set.ts'
import { startGateway } from '../../src/server/gateway.ts'
import { answerCpu } from './cpu.ts'

const [clientCaFile = '', certFile = '', keyFile = ''] = process.argv.slice(2, 5)
const sources = documentSources({
  policies: process.argv[5],
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
  documents: {
    load: async () =>
      loadSet(await readDocuments(sources), {
        checks: CHECKS,
        excludedNamespaces: defaultExcludedNamespaces({}),
        digest,
      }),
    loadNamespaces: async () => ({ table: {}, problems: [] }),
    signature: () => documentSignature(sources.map(({ path }) => path)),
  },
})
if (!started.ok) throw new Error(started.problems.join('\n'))
answerCpu(started.gateway.address.port)
