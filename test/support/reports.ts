import { createHash } from 'node:crypto'
import type { ReportFacts, Transition } from '../../src/rollout-report/model.ts'
import { renderReport } from '../../src/rollout-report/render.ts'

/** Milliseconds of a time of the day on which the rollouts of these tests begin. */
export function at(time: string): number {
  return Date.parse(`2026-11-03T${time}Z`)
}

/** A transition of these tests. */
export function said(time: string, phase: string, stage: string, reason: string, message = ''): Transition {
  return { at: at(time), phase, stage, reason, message }
}

/** Three stages as most rollouts have them. */
export const STAGE_FACTS: ReportFacts['stages'] = [
  { name: 'canary', reaches: 'namespaces with ring=canary', hold: '30m', holdMs: 1_800_000 },
  { name: 'quarter', reaches: '25 % of all namespaces', hold: '2h', holdMs: 7_200_000 },
  { name: 'everywhere', reaches: 'all namespaces', hold: '24h', holdMs: 86_400_000 },
]

/** A rollout that was taken back in its second stage. */
export function reportFacts(fields: Partial<ReportFacts> = {}): ReportFacts {
  return {
    madeAt: at('12:00:00'),
    name: 'host-path-2026-11',
    phase: 'RolledBack',
    stage: '',
    reason: 'Breached',
    message: 'orphanedPods is 3, and may be 0',
    since: '2026-11-03T09:20:10Z',
    isPaused: false,
    target: 'Policy host-path-v2',
    replaces: 'host-path-v1',
    elsewhere: 'Audit',
    onBreach: 'Rollback',
    revisions: [
      {
        document: 'Policy host-path-v2',
        revision: '0f3a5c9d1b2e',
        role: 'rolled out, and taken back: in force nowhere',
      },
      {
        document: 'Policy host-path-v1',
        revision: undefined,
        role: 'what it replaces, as it stands in the cluster now',
      },
    ],
    replicas: { total: 3, current: 2 },
    stages: STAGE_FACTS,
    gates: [
      { gate: 'orphanedPods', state: 'breached', value: '3', limit: '0' },
      { gate: 'unready', state: 'ok', value: '0.012', limit: '0.05' },
      { gate: 'latencyP99', state: 'unknown', value: undefined, limit: '50 ms' },
    ],
    history: {
      source: 'status',
      note: undefined,
      transitions: [
        said('08:00:00', 'Pending', '', 'Waiting', 'waits for what is there to be known'),
        said('08:00:10', 'Progressing', 'canary', 'StageReached', 'stage canary is reached'),
        said('08:30:20', 'Progressing', 'quarter', 'StageReached', 'stage quarter is reached'),
        said('08:30:30', 'Progressing', 'quarter', 'Holding', 'stage quarter holds until 10:30'),
        said('09:20:10', 'RolledBack', '', 'Breached', 'orphanedPods is 3, and may be 0'),
      ],
    },
    blocked: {
      kind: 'asked',
      owners: [
        {
          namespace: 'shop',
          owner: 'Deployment web',
          stage: 'canary',
          reasons: [{ via: 'ReplicaSet web-5d8f', message: 'volume "root" reaches / of the node' }],
        },
        {
          namespace: 'team-a',
          owner: 'DaemonSet agent',
          stage: undefined,
          reasons: [{ via: '', message: 'reaches /etc' }],
        },
      ],
    },
    simulation: undefined,
    yaml: 'apiVersion: portcullis.dev/v1alpha1\nkind: CanaryRollout\nmetadata:\n  name: host-path-2026-11\n',
    ...fields,
  }
}

/** The page of a report. */
export function pageOf(fields: Partial<ReportFacts> = {}): string {
  return renderReport(reportFacts(fields), css => createHash('sha256').update(css).digest('base64'))
}
