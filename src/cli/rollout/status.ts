import { setTimeout as sleep } from 'node:timers/promises'
import { dig, type JsonObject } from '../../json/value.ts'
import { measureText } from '../../rollout/measure.ts'
import { readCommandLine, refuse } from '../command-line.ts'
import type { Command } from '../io.ts'
import { choice, flag } from '../options.ts'
import { accessOptions, readRollouts, withCluster } from './access.ts'
import { ageOf, type GateView, type RolloutView, table, viewOf } from './view.ts'

const OPTIONS = {
  ...accessOptions,
  output: choice(['text', 'json'], 'How to print it.', 'text', { short: 'o' }),
  watch: flag('Prints it again with every change, until it is complete or taken back.', { short: 'w' }),
  help: flag('Shows this text.', { short: 'h' }),
}

const HELP_HEAD = `portcullis rollout status [NAME]: where rollouts stand, and what their gates say.

Without a name all of them, a line each. Exits 0; with a name 1 where it was taken back or stands after a breach; 2 where it could
not look.

Options:
`

const WATCH_MS = 1000
const ENDED = /^(?:Complete|RolledBack|Aborted)$/
const STOPPED = /^(?:RolledBack|Aborted|Paused)$/

/** `portcullis rollout status`. */
export const status: Command = {
  async run(argv, io) {
    const line = readCommandLine('rollout status', HELP_HEAD, OPTIONS, argv, io, 1)
    if (!line.ok) return line.code
    const { values } = line
    const [name] = line.arguments
    return withCluster('rollout status', values.kubeconfig, io, async client => {
      let isStopped = false
      io.onStop(() => {
        isStopped = true
      })
      for (let last = ''; ; ) {
        const { rollouts, problem } = await readRollouts(client, name)
        if (problem !== undefined) return refuse('rollout status', io, [problem])
        const views = rollouts.map(viewOf)
        // What changes with every second is no news.
        const news = JSON.stringify(views)
        if (news !== last) {
          const now = Date.now() + client.skewMs()
          if (values.watch && values.output === 'text') io.stdout(`--- ${new Date(now).toISOString()}\n`)
          io.stdout(values.output === 'json' ? jsonOf(rollouts, name) : textOf(views, name, now))
        }
        last = news
        // Where every gateway goes by the end of it, or none is asked any more.
        const isOver = views.every(({ phase, replicas }) => ENDED.test(phase) && replicas?.current === replicas?.total)
        if (!values.watch || isOver || isStopped) return exitCode(views, name)
        await sleep(WATCH_MS)
      }
    })
  },
}

function exitCode(views: readonly RolloutView[], name: string | undefined): number {
  return name !== undefined && views.some(({ phase }) => STOPPED.test(phase)) ? 1 : 0
}

/** What the API has, without what is the API server's own. */
function jsonOf(rollouts: readonly JsonObject[], name: string | undefined): string {
  const shown = rollouts.map(({ apiVersion, kind, metadata, spec, status: known }) => ({
    apiVersion,
    kind,
    metadata: { name: dig(metadata, 'name') },
    spec,
    ...(known !== undefined && { status: known }),
  }))
  return `${JSON.stringify(name === undefined ? shown : shown[0], null, 2)}\n`
}

function textOf(views: readonly RolloutView[], name: string | undefined, now: number): string {
  if (name !== undefined) return views.map(view => detailsOf(view, now)).join('\n')
  if (views.length === 0) return 'There is no rollout in this cluster.\n'
  return table([
    ['NAME', 'TARGET', 'PHASE', 'STAGE', 'NAMESPACES', 'SINCE', 'GATES'],
    ...views.map(view => [
      view.name,
      view.target,
      phaseOf(view),
      view.stage || '-',
      view.namespaces === undefined ? '-' : `${view.namespaces.reached}/${view.namespaces.total}`,
      sinceOf(view, now),
      view.verdict || '-',
    ]),
  ])
}

function detailsOf(view: RolloutView, now: number): string {
  const { name, target, replaces, stages, gates, replicas, revision, message } = view
  const reached = stages.findIndex(stage => stage.name === view.stage)
  const isComplete = view.phase === 'Complete'
  const stageRows = stages.map((stage, index) => {
    const mark = isComplete || index < reached ? 'done' : index === reached ? 'here' : ''
    return [`  ${stage.name}`, stage.reaches, `holds ${stage.hold}`, mark]
  })
  const gateRows = gates.map(gate => [`  ${gate.gate}`, gate.state, measured(gate)])
  const where =
    view.namespaces === undefined
      ? ''
      : `, in force in ${view.namespaces.reached} of ${view.namespaces.total} namespaces`
  const going = replicas === undefined ? where : `${where}, ${replicas.current} of ${replicas.total} gateways go by it`
  return [
    `${name}: ${phaseOf(view)}${view.stage === '' ? '' : `, stage ${view.stage}`}${view.since === undefined ? '' : `, since ${sinceOf(view, now)}`}\n`,
    `  ${message}\n\n`,
    `${target}${revision === '' ? '' : `@${revision}`}${replaces === undefined ? '' : `, which replaces ${replaces}`}${going}\n\n`,
    table(stageRows),
    ...(gateRows.length === 0 ? [] : ['\n', table(gateRows)]),
    ...leftOf(view),
  ].join('')
}

/** The pods that still have what was taken back, and the command that lets them be made anew. */
function leftOf({ left }: RolloutView): readonly string[] {
  if (left === undefined) return []
  const counts = `\n${left.pods} pods still have the injection, ${left.unready} of them are not ready`
  if (left.unready === 0) return [`${counts}. They lose it when they are made anew.\n`]
  const command = left.command === '' ? '' : `\n  ${left.command}`
  return [
    `${counts}:\n${left.names.map(name => `  ${name}\n`).join('')}Let them be made anew without it:${command || ' by hand'}\n`,
  ]
}

function measured({ gate, value, limit }: GateView): string {
  const may = `may be ${measureText(gate, limit)}`
  return value === undefined ? `nobody knows; ${may}` : `${measureText(gate, value)}, ${may}`
}

function phaseOf({ phase, isPaused }: RolloutView): string {
  return isPaused && !ENDED.test(phase) && phase !== 'Paused' ? `${phase} (paused)` : phase
}

function sinceOf({ since }: RolloutView, now: number): string {
  return since === undefined ? '-' : ageOf(now - Date.parse(since))
}
