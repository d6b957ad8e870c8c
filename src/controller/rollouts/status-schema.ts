import type { JsonObject } from '../../json/value.ts'
import { MAX_HISTORY } from './history.ts'

/** What the status of a CanaryRollout holds beside its conditions, as a structural schema; `statusDocument` writes it. */
export const ROLLOUT_STATUS: JsonObject = {
  phase: { type: 'string', description: 'Pending, Progressing, Paused, RolledBack, Aborted or Complete.' },
  stage: { type: 'string', description: 'The last stage that the target has reached; empty before the first.' },
  since: { type: 'string', format: 'date-time', description: 'Since when it is in this phase and stage.' },
  revision: { type: 'string', description: 'The revision of the target.' },
  verdict: { type: 'string', description: 'What the gates say, in a word for each that is not ok.' },
  reason: { type: 'string' },
  message: { type: 'string' },
  gates: {
    type: 'array',
    items: {
      type: 'object',
      required: ['gate', 'state', 'limit'],
      properties: {
        gate: { type: 'string' },
        state: { type: 'string', enum: ['ok', 'breached', 'unknown'] },
        value: { type: 'number' },
        limit: { type: 'number' },
      },
    },
  },
  namespaces: {
    type: 'object',
    description: 'In how many namespaces the target is in force, and how many there are.',
    properties: { reached: { type: 'integer' }, total: { type: 'integer' } },
  },
  replicas: {
    type: 'object',
    description: 'The gateways, and how many of them go by the present state.',
    properties: { total: { type: 'integer' }, current: { type: 'integer' } },
  },
  left: {
    type: 'object',
    description: 'The pods that still have the injection although it was taken back; absent without any.',
    properties: {
      pods: { type: 'integer' },
      unready: { type: 'integer' },
      names: { type: 'array', items: { type: 'string' }, description: 'Some of those that are not ready.' },
      command: { type: 'string', description: 'Lets the controllers of the named ones make them anew.' },
    },
  },
  history: {
    type: 'array',
    description:
      'Each change of phase, stage or reason, the oldest first; those that changed the reason alone are dropped first.',
    maxItems: MAX_HISTORY,
    items: {
      type: 'object',
      required: ['at', 'phase', 'reason'],
      properties: {
        at: { type: 'string', format: 'date-time' },
        phase: { type: 'string' },
        stage: { type: 'string' },
        reason: { type: 'string' },
        message: { type: 'string' },
      },
    },
  },
  record: {
    type: 'object',
    description: 'What the controller remembers; its copy in a ControllerRevision is what the gateways go by.',
    'x-kubernetes-preserve-unknown-fields': true,
  },
}
