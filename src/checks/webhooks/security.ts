import { quote } from '../../admission/text.ts'
import { covers, fieldOf, type Verdicts, type Webhook, WRITES } from './webhook.ts'

/**
 * What leads past a security webhook: subresources that carry a pod and that it is not asked about, and labels that the
 * author of an object can write.
 *
 * @param named webhooks that are for security although they do not look like it.
 */
export function judgeSecurity(webhook: Webhook, named: readonly string[], { findings }: Verdicts): void {
  const { name, rules, failsClosed, isMutating, objectSelector } = webhook
  const isSecurity = named.includes(name) || (!isMutating && failsClosed)
  if (!isSecurity) return
  const isAskedAboutPods = rules.some(rule => covers(rule, '', 'pods', WRITES))
  // Both reach a pod that is there already, whatever the verb that the client uses: as an UPDATE.
  const missing = ['pods/ephemeralcontainers', 'pods/resize'].filter(
    resource => !rules.some(rule => covers(rule, '', resource, ['UPDATE'])),
  )
  if (isAskedAboutPods && missing.length > 0) {
    findings.push({
      pointer: fieldOf(webhook, 'rules'),
      message: `webhook ${quote(name)} guards pods, but is not asked about updates of ${missing.join(' and ')}: what it refuses can be added to a pod that runs`,
      hint: 'add pods/ephemeralcontainers and pods/resize, or pods/*, to the resources of a rule with the operation UPDATE',
      level: 'violation',
      key: `subresources ${name} ${missing.join(' ')}`,
    })
  }
  if (objectSelector !== undefined && objectSelector.length > 0) {
    findings.push({
      pointer: fieldOf(webhook, 'objectSelector'),
      message: `webhook ${quote(name)} guards objects by their own labels: whoever writes an object decides whether it is asked`,
      hint: 'select by namespaceSelector, on labels that only administrators write',
      level: 'violation',
      key: `objectSelector ${name}`,
    })
  }
}
