import { PROBE_NAMESPACE } from '../controller/registration/configurations.ts'
import type { ReviewFacts } from '../review/facts.ts'

/** Whether a review is the heartbeat's own question: its refusals are nobody's. */
export function isProbe({ request }: ReviewFacts): boolean {
  return request?.dryRun === true && request.namespace === PROBE_NAMESPACE
}
