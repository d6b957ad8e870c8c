import { quote } from '../../admission/text.ts'
import { get, getList, getString } from '../../json/value.ts'
import { fieldOf, type Verdicts, type Webhook } from './webhook.ts'

/** Seconds that the API server waits for a webhook at most, before somebody's patience is over. */
export const MAX_TIMEOUT = 10
/** Mutating webhooks are called one after the other, and the API server gives a whole request 34 seconds. */
export const MAX_SUM = 30

/** What the API server waits for a webhook. */
export function timeoutOf({ value }: Webhook): number {
  const seconds = get(value, 'timeoutSeconds')
  return typeof seconds === 'number' ? seconds : MAX_TIMEOUT
}

/** How long the API server waits. */
export function judgeTimeout(webhook: Webhook, { findings }: Verdicts): void {
  const seconds = get(webhook.value, 'timeoutSeconds')
  const isSet = typeof seconds === 'number'
  if (isSet && seconds <= MAX_TIMEOUT) return
  findings.push({
    pointer: fieldOf(webhook, 'timeoutSeconds'),
    message: isSet
      ? `webhook ${quote(webhook.name)} may take ${seconds} s: every request that it is asked about waits so long when it hangs`
      : `webhook ${quote(webhook.name)} has no timeoutSeconds: every request that it is asked about waits the API's 10 s when it hangs`,
    hint: 'set timeoutSeconds to what its answers really take, 5 or less',
    level: 'violation',
    key: `timeout ${webhook.name}`,
  })
}

/** What a dry run would do. */
export function judgeSideEffects(webhook: Webhook, { findings }: Verdicts): void {
  const sideEffects = getString(webhook.value, 'sideEffects')
  if (sideEffects === 'None' || sideEffects === 'NoneOnDryRun') return
  findings.push({
    pointer: fieldOf(webhook, 'sideEffects'),
    message: `webhook ${quote(webhook.name)} has ${sideEffects === undefined ? 'no sideEffects' : `sideEffects ${quote(sideEffects)}`}: dry runs fail, and kubectl diff and server-side validation with them`,
    hint: 'set sideEffects to None, or to NoneOnDryRun and honour request.dryRun',
    level: 'violation',
    key: `sideEffects ${webhook.name}`,
  })
}

/** Which version of the review it understands. */
export function judgeVersions(webhook: Webhook, { findings }: Verdicts): void {
  if (getList(webhook.value, 'admissionReviewVersions').includes('v1')) return
  findings.push({
    pointer: fieldOf(webhook, 'admissionReviewVersions'),
    message: `webhook ${quote(webhook.name)} does not take AdmissionReview v1: every call fails once API servers no longer send v1beta1`,
    hint: 'set admissionReviewVersions to [v1]',
    level: 'violation',
    key: `versions ${webhook.name}`,
  })
}
