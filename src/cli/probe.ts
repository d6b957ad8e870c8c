import { policiesAgainstProbe } from '../controller/registration/expected.ts'
import { probe as ask, type ProbeResult } from '../controller/registration/probe.ts'
import { askCluster, type ClusterFacts, clusterQuestionOptions } from './ask-cluster.ts'
import { readCommandLine, refuse } from './command-line.ts'
import type { Command, Io } from './io.ts'
import { flag } from './options.ts'

function probeOptions(env: Io['env']) {
  return { ...clusterQuestionOptions(env), help: flag('Shows this text.', { short: 'h' }) }
}

const HELP_HEAD = `portcullis probe: asks the API server for a pod that must be refused, as a dry run.

What the controller's heartbeat does every minute, once and by hand. Exits 0 when it was refused by one of our policies or, in mode
observe, when our gateway said that it would be; 1 when it was let through or the gateway was not reached; 2 when nobody can say.

Options:
`

/** `portcullis probe`. */
export const probe: Command = {
  async run(argv, io) {
    const line = readCommandLine('probe', HELP_HEAD, probeOptions(io.env), argv, io)
    if (!line.ok) return line.code
    return askCluster('probe', line.values, io, facts => tell(facts, io))
  },
}

async function tell({ client, ...facts }: ClusterFacts, io: Io): Promise<number> {
  const policies = policiesAgainstProbe(facts)
  if (policies.length === 0) return refuse('probe', io, ['no policy denies pods, so there is nothing to be refused'])
  const result = await ask(client, policies)
  io.stdout(`${sentenceOf(result)}\n`)
  return CODES[result.kind]
}

const CODES: Readonly<Record<ProbeResult['kind'], number>> = {
  refused: 0,
  observed: 0,
  'let-through': 1,
  unreachable: 1,
  unknown: 2,
}

function sentenceOf(result: ProbeResult): string {
  switch (result.kind) {
    case 'refused':
      return `refused by policy ${result.policy}, as it must be`
    case 'observed':
      return `mode observe: it would be refused by policy ${result.policy}`
    case 'let-through':
      return `let through: ${result.message}`
    case 'unreachable':
      return `the API server cannot reach the gateway: ${result.message}`
    case 'unknown':
      return `nobody can say: ${result.message}`
  }
}
