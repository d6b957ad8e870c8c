import { compareText } from '../admission/text.ts'
import { dig, getList, getString, type Json, type JsonObject } from '../json/value.ts'
import type { History, Transition } from './model.ts'

/** Who writes the Events that say where a rollout stands. */
const CONTROLLER = 'portcullis.dev/controller'

/**
 * What is known of what happened: what the status remembers; else what Events say; else what is so now.
 *
 * @param rollout as the API has it.
 * @param events of the events.k8s.io/v1 API, also about others; or why there are none, as a sentence.
 */
export function historyOf(rollout: JsonObject, events: readonly JsonObject[] | string): History {
  const { status } = rollout
  const remembered = getList(status, 'history').flatMap(entry => transitionOf(entry, getString(entry, 'at')))
  if (remembered.length > 0) return { source: 'status', transitions: remembered, note: undefined }
  const told = typeof events === 'string' ? [] : fromEvents(rollout, events)
  const note = typeof events === 'string' ? events : undefined
  if (told.length > 0) return { source: 'events', transitions: told, note }
  return { source: 'present', transitions: transitionOf(status, getString(status, 'since')), note }
}

function transitionOf(entry: Json | undefined, time: string | undefined): readonly Transition[] {
  const at = timeOf(time)
  const word = (key: string) => getString(entry, key) ?? ''
  if (at === undefined) return []
  return [{ at, phase: word('phase'), stage: word('stage'), reason: word('reason'), message: word('message') }]
}

function fromEvents(rollout: JsonObject, events: readonly JsonObject[]): readonly Transition[] {
  const stages = getList(rollout['spec'], 'stages').map(stage => getString(stage, 'name') ?? '')
  const own = events.filter(event => isAbout(event, rollout)).flatMap(event => told(event))
  let stage = ''
  return inOrder(own).map(event => {
    stage = stageAfter(event, stage, stages)
    return { ...event, stage }
  })
}

/** Another rollout may have had its name; anybody else may write Events about it. */
function isAbout(event: JsonObject, { metadata }: JsonObject): boolean {
  const { regarding } = event
  const uid = getString(metadata, 'uid')
  return (
    getString(event, 'reportingController') === CONTROLLER &&
    getString(regarding, 'kind') === 'CanaryRollout' &&
    getString(regarding, 'name') === getString(metadata, 'name') &&
    (uid === undefined || getString(regarding, 'uid') === uid)
  )
}

function told(event: JsonObject): readonly Omit<Transition, 'stage'>[] {
  const at = timeOf(getString(event, 'eventTime') ?? getString(dig(event, 'metadata'), 'creationTimestamp'))
  const word = (key: string) => getString(event, key) ?? ''
  return at === undefined ? [] : [{ at, phase: word('action'), reason: word('reason'), message: word('note') }]
}

/** An Event says the phase; the stage is in its sentence where one is reached. */
function stageAfter({ phase, message }: Omit<Transition, 'stage'>, before: string, stages: readonly string[]): string {
  if (phase === 'Complete') return 'complete'
  if (phase !== 'Progressing' && phase !== 'Paused') return ''
  const named = stages.find(
    name => message === `stage ${name} is reached` || message.startsWith(`stage ${name} holds `),
  )
  return named ?? before
}

/** Years that a page can write: what is beyond them is no time at which a cluster was there. */
const [EARLIEST, LATEST] = [Date.UTC(2000, 0), Date.UTC(2200, 0)]

function timeOf(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? '')
  return at >= EARLIEST && at < LATEST ? at : undefined
}

/** A list of Events has no order of its own. */
function inOrder<T extends Omit<Transition, 'stage'>>(entries: readonly T[]): readonly T[] {
  const textOf = ({ phase, reason, message }: T) => `${phase} ${reason} ${message}`
  return entries.toSorted((a, b) => a.at - b.at || compareText(textOf(a), textOf(b)))
}
