import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Followed } from '../cluster/following.ts'
import type { CompiledException } from '../policy/exceptions.ts'
import type { RecordDocument } from '../policy/rollout-record.ts'
import type { ReviewFacts } from '../review/facts.ts'
import { boundedLabels } from './bounded-labels.ts'

/** Seconds: from a review that parses a small body to one that meets the API server's patience. */
const REVIEW_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Seconds: a built-in check takes microseconds. */
const POLICY_BUCKETS = [0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 1]

/** Every metric of the gateway, on a registry of its own. Names follow Prometheus' rules; `docs/metrics.md` lists them. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name: `portcullis_${name}`, help, labelNames, registers })
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `portcullis_${name}`, help, labelNames, registers })
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: number[],
  ) => new Histogram({ name: `portcullis_${name}`, help, labelNames, registers, buckets })
  return {
    registry,
    requests: counter('requests_total', 'Admission reviews by path, result and the code in the answer.', [
      'path',
      'result',
      'code',
    ]),
    decisions: counter('decisions_total', 'What policies did about requests, each action once for each review.', [
      'policy',
      'action',
      'operation',
    ]),
    reviewErrors: counter('review_errors_total', 'Reviews that could not be judged, by path and code.', [
      'path',
      'code',
    ]),
    unknownNamespaces: counter(
      'unknown_namespace_labels_total',
      'Documents that got the strictest answer because the labels of the namespace are unknown: a policy was applied, an exception was not, nor an injection made.',
      ['kind', 'name'],
    ),
    unjudgedPods: counter(
      'unjudged_pods_total',
      'Reviews of objects that hold what looks like a pod in a place that no policy knows, by resource: add it to podTemplates.',
      ['resource'],
    ),
    breakGlass: counter(
      'break_glass_total',
      'Reviews in which a break-glass exception let something pass, by policy and exception.',
      ['policy', 'exception'],
    ),
    expiredExceptions: counter(
      'expired_exceptions_total',
      'Reviews in which an exception would have let something pass but was past its date.',
      ['exception'],
    ),
    injectionResults: counter('injections_total', 'What became of each injection, once for each review on /mutate.', [
      'injection',
      'result',
    ]),
    injectionDrift: counter('injection_drift_total', 'Injected items that were found changed, and left alone.', [
      'injection',
    ]),
    proofFailures: counter(
      'injection_proof_failures_total',
      'Injections that were left out because their patch was not proven harmless, by the invariant that it would have broken.',
      ['invariant'],
    ),
    ownerLookUps: counter(
      'owner_lookups_total',
      "Times the selector of a pod's owner was wanted, by how that ended: cached, found, not-found, failed, late, busy or paused.",
      ['result'],
    ),
    namespaceLookUps: counter(
      'namespace_lookups_total',
      'Times the labels of a namespace were asked for that the watch had not brought yet, by how that ended: found, not-found, failed, late, busy.',
      ['result'],
    ),
    clients: counter('client_requests_total', 'Requests by the name in the client certificate and what followed.', [
      'client',
      'result',
    ]),
    endedConnections: counter(
      'connections_ended_total',
      'Connections that the gateway ended, by listener and reason.',
      ['listener', 'reason'],
    ),
    workerFailures: counter('worker_failures_total', 'Times the thread that reviews large bodies had to be replaced.'),
    documentLoads: counter('document_loads_total', 'Loads of the documents that decide verdicts, by result.', [
      'result',
    ]),
    certificateReloads: counter('certificate_reloads_total', 'Reloads of certificates and keys, by result.', [
      'result',
    ]),
    reviewSeconds: histogram(
      'review_duration_seconds',
      'Time from the headers of a request to its answer.',
      ['path', 'dry_run'],
      REVIEW_BUCKETS,
    ),
    policySeconds: histogram(
      'policy_duration_seconds',
      'Time that one policy took for one review.',
      ['policy'],
      POLICY_BUCKETS,
    ),
    rolloutInfo: gauge(
      'rollout_info',
      'The state of each rollout that decides here, and the revision that it brings; the value is always 1.',
      ['rollout', 'record', 'kind', 'target', 'revision', 'stage', 'phase'],
    ),
    rolloutReviews: counter(
      'rollout_reviews_total',
      'What each version of each document that is being rolled out made of requests that were no dry runs, since the present state of its rollout: passed, violated, error or skipped.',
      ['rollout', 'record', 'role', 'version', 'result'],
    ),
    connections: gauge('connections', 'Open connections by listener and whose places they take.', ['listener', 'kind']),
    inFlight: gauge('in_flight_requests', 'Admission reviews that are being answered.'),
    policySetInfo: gauge('policy_set_info', 'The policy set in force, by its hash; the value is always 1.', ['hash']),
    policies: gauge('policies', 'Policies in force.'),
    exceptionExpiry: gauge(
      'exception_expiry_timestamp_seconds',
      'When an exception ends, in seconds since 1970; those that never end are left out.',
      ['exception'],
    ),
    injections: gauge('injections', 'Injections in force.'),
    staleDocuments: gauge(
      'stale_documents',
      'Documents that stand at an older revision because the newest does not compile.',
    ),
    watchAge: gauge('watch_age_seconds', 'Seconds since the API last said anything about a kind that is followed.', [
      'kind',
    ]),
    lostDocuments: gauge(
      'lost_documents',
      'Documents that went with the definition of their kind, and are kept as they were last.',
      ['kind'],
    ),
    unservedKinds: gauge(
      'unserved_kinds',
      '1 for a kind that the API says it does not serve, 0 for one that it does.',
      ['kind'],
    ),
    documentProblems: gauge('document_problems', 'Faults in the documents as they are on disk.'),
    certificateExpiry: gauge(
      'certificate_expiry_timestamp_seconds',
      'When a certificate ends, in seconds since 1970.',
      ['certificate'],
    ),
    clientAuth: gauge('client_auth_info', 'How client certificates are treated; the value is always 1.', ['mode']),
    clientAuthRequired: gauge(
      'client_auth_required',
      '1 where nobody gets an answer without an allowed client certificate.',
    ),
    eventLoopDelay: gauge('event_loop_delay_seconds', 'Delay of the event loop since the last scrape, by percentile.', [
      'percentile',
    ]),
    emergencyBrake: gauge('emergency_brake', '1 while the emergency brake is on: nothing is refused or injected.'),
    draining: gauge('draining', '1 while the gateway is shutting down.'),
    residentMemory: gauge('resident_memory_bytes', 'Resident memory of the process.'),
    buildInfo: gauge('build_info', 'The version that runs; the value is always 1.', ['version']),
  }
}

export type Metrics = ReturnType<typeof createMetrics>

/** A cluster has some hundred custom resources; a label must not grow with what clients make up. */
const resourceLabel = boundedLabels(200)

/** Counts one review. */
export function observeReview(metrics: Metrics, facts: ReviewFacts, seconds: number): void {
  const { path, result, code } = facts
  metrics.requests.inc({ path, result, code: String(code) })
  const isDryRun = facts.request?.dryRun === true
  metrics.reviewSeconds.observe({ path, dry_run: String(isDryRun) }, seconds)
  if (result === 'unjudged') metrics.reviewErrors.inc({ path, code: String(code) })
  const operation = facts.request?.operation ?? 'unknown'
  for (const { policy, action } of facts.decisions) metrics.decisions.inc({ policy, action, operation })
  for (const duration of facts.durations) metrics.policySeconds.observe({ policy: duration.policy }, duration.seconds)
  for (const { policy, exception } of facts.breakGlass) metrics.breakGlass.inc({ policy, exception })
  for (const exception of facts.expiredExceptions) metrics.expiredExceptions.inc({ exception })
  for (const { injection, result: became } of facts.injections) {
    metrics.injectionResults.inc({ injection, result: became })
  }
  for (const injection of facts.drift) metrics.injectionDrift.inc({ injection })
  // The gates of a rollout count these. A dry run changes nothing, and whoever may try one must not decide about a rollout by it.
  for (const { rollout, record, role, version, result: became } of isDryRun ? [] : facts.rollouts)
    metrics.rolloutReviews.inc({ rollout, record: String(record), role, version, result: became })
  for (const { invariant } of facts.proofFailures) metrics.proofFailures.inc({ invariant })
  for (const document of facts.unknownNamespaces) metrics.unknownNamespaces.inc(document)
  if (facts.hasUnjudgedPods === true)
    metrics.unjudgedPods.inc({ resource: resourceLabel(facts.request?.resource ?? '') })
}

/** Shows the state of each rollout, and forgets what was counted in states that are over. */
export async function observeRollouts(metrics: Metrics, records: readonly RecordDocument[]): Promise<void> {
  metrics.rolloutInfo.reset()
  for (const { rollout, number, target, status } of records) {
    const { revision, stage, phase } = status
    const state = { record: String(number), kind: target.kind, target: target.name, stage: String(stage), phase }
    metrics.rolloutInfo.set({ rollout, revision, ...state }, 1)
  }
  const { values } = await metrics.rolloutReviews.get()
  for (const { labels } of values) {
    const isPresent = records.some(
      ({ rollout, number }) => rollout === labels.rollout && String(number) === labels.record,
    )
    if (!isPresent) metrics.rolloutReviews.remove(labels)
  }
}

/**
 * Shows when exceptions end, and begins to count for those whose count is worth an alert: Prometheus sees no increase in
 * a series that appears with its first event.
 */
export function observeExceptions(metrics: Metrics, exceptions: readonly CompiledException[]): void {
  metrics.exceptionExpiry.reset()
  for (const { name: exception, policies, breakGlass, expires } of exceptions) {
    if (breakGlass !== undefined) for (const policy of policies) metrics.breakGlass.inc({ policy, exception }, 0)
    if (expires === undefined) continue
    metrics.exceptionExpiry.set({ exception }, expires / 1000)
    metrics.expiredExceptions.inc({ exception }, 0)
  }
}

/** Shows how old what is known of the cluster is, and what of it was lost. */
export function observeFollowing(metrics: Metrics, followed: readonly Followed[]): void {
  for (const { kind, ageSeconds, lost, isUnserved } of followed) {
    metrics.watchAge.set({ kind }, ageSeconds)
    metrics.lostDocuments.set({ kind }, lost.length)
    metrics.unservedKinds.set({ kind }, isUnserved ? 1 : 0)
  }
}
