import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterClient } from '../../cluster/client.ts'
import { ROLLOUTS } from '../../cluster/documents.ts'
import { REQUEST_ANNOTATION, requestText } from '../../controller/rollouts/requests.ts'
import { dig, type JsonObject } from '../../json/value.ts'
import { readCommandLine, refuse } from '../command-line.ts'
import type { Command, Io } from '../io.ts'
import { duration, flag } from '../options.ts'
import { accessOptions, readRollouts, withCluster } from './access.ts'
import { type RolloutView, viewOf } from './view.ts'

/** What an operator can do to a rollout. */
export const CHANGES = ['pause', 'resume', 'promote', 'abort'] as const
export type Change = (typeof CHANGES)[number]

const OPTIONS = {
  ...accessOptions,
  timeout: duration('How long to wait for the controller to answer.', '60s', '1s'),
  help: flag('Shows this text.', { short: 'h' }),
}

const WHAT: Readonly<Record<Change, string>> = {
  pause: 'keeps a rollout from going on. A breached gate stops it all the same.',
  resume:
    'goes on with a rollout that was paused, stopped after a breach or taken back. What is there by now is accepted: it is the new baseline.',
  promote: 'ends the hold of the present stage. It never passes a breached gate, nor one that nobody can ask.',
  abort: 'takes the target of a rollout back everywhere. What it replaces is in force again.',
}

const DONE: Readonly<Record<Change, string>> = {
  pause: 'paused',
  resume: 'resumed',
  promote: 'promoted',
  abort: 'aborted',
}

const POLL_MS = 300

/** `portcullis rollout pause`, `resume`, `promote` and `abort`. */
export function change(verb: Change): Command {
  const command = `rollout ${verb}`
  const help = `portcullis rollout ${verb} NAME: ${WHAT[verb]}

Waits until the controller has answered. Exits 0 when it was done, 1 when the controller did not do it, 2 when it could not be asked.

Options:
`
  return {
    async run(argv, io) {
      const line = readCommandLine(command, help, OPTIONS, argv, io, 1)
      if (!line.ok) return line.code
      const [name] = line.arguments
      if (name === undefined) return refuse(command, io, [`name a rollout: portcullis ${command} NAME`])
      const { kubeconfig, timeout } = line.values
      return withCluster(command, kubeconfig, io, async client => {
        const { rollouts, problem } = await readRollouts(client, name)
        const [rollout] = rollouts
        if (rollout === undefined) return refuse(command, io, [problem ?? ''])
        return ask(verb, client, rollout, timeout, io)
      })
    },
  }
}

async function ask(
  verb: Change,
  client: ClusterClient,
  rollout: JsonObject,
  timeoutMs: number,
  io: Io,
): Promise<number> {
  const before = viewOf(rollout)
  const path = { ...ROLLOUTS, name: before.name }
  if ((verb === 'pause' || verb === 'abort') && before.phase === 'Complete') {
    const what = `delete ${before.target} to take it back; what it replaced is in force again then`
    return refuse(`rollout ${verb}`, io, [`${before.name} is Complete, and there is nothing left to ${verb}: ${what}`])
  }
  if (verb === 'pause' && /^(?:RolledBack|Aborted)$/.test(before.phase)) {
    const what = `nothing of it goes on. portcullis rollout resume ${before.name} begins anew`
    return refuse('rollout pause', io, [
      `${before.name} is ${before.phase}, and there is nothing left to pause: ${what}`,
    ])
  }
  if (verb === 'pause') {
    await client.merge(path, { spec: { paused: true } })
    io.stdout(
      `${before.name} is paused${before.stage === '' ? ' before its first stage' : ` in stage ${before.stage}`}.\n`,
    )
    return 0
  }
  if (verb === 'promote' && before.phase !== 'Progressing')
    return refuse('rollout promote', io, [`${before.name} is ${before.phase}: only a stage that holds can be ended`])
  const now = Date.now() + client.skewMs()
  const text = requestText(verb, now, verb === 'promote' ? before.stage : undefined)
  await client.merge(path, {
    metadata: { annotations: { [REQUEST_ANNOTATION]: text } },
    ...(verb === 'resume' && { spec: { paused: false } }),
  })
  const until = performance.now() + timeoutMs
  while (performance.now() < until) {
    await sleep(POLL_MS)
    const present = await client.read(path)
    if (present === undefined) return refuse(`rollout ${verb}`, io, [`${before.name} was deleted meanwhile`])
    if (dig(present, 'metadata', 'annotations', REQUEST_ANNOTATION) !== undefined) continue
    return answered(verb, before, viewOf(present), io)
  }
  io.stderr(
    `portcullis rollout ${verb}: the controller has not answered within ${timeoutMs / 1000} s; it is still asked\n`,
  )
  return 1
}

function answered(verb: Change, before: RolloutView, after: RolloutView, io: Io): number {
  const isDone =
    verb === 'abort'
      ? after.phase === 'Aborted'
      : verb === 'promote'
        ? after.stage !== before.stage
        : /^(?:Pending|Progressing|Complete)$/.test(after.phase)
  io[isDone ? 'stdout' : 'stderr'](
    `${isDone ? '' : `not ${DONE[verb]}: `}${after.name} is ${after.phase}${after.stage === '' ? '' : `, stage ${after.stage}`}: ${after.message}\n`,
  )
  return isDone ? 0 : 1
}
