/*
War story 4: the webhook that dropped all labels was asked about every pod of the cluster, and while it was down nothing could
be repaired, because its own pods had to ask it.

Fields: everything of a MutatingWebhookConfiguration or ValidatingWebhookConfiguration that says what it is asked about, what
happens when it does not answer, and how the API server trusts it.

Allowed: named resources outside of kube-system and of its own namespace, ten seconds at most, thirty over all mutating ones.
The API server sends no reviews of these objects: they are judged in files and in the audit.
*/
import { z } from 'zod'
import type { JsonObject } from '../json/value.ts'
import { type Check, type CheckResult, type Finding, setRule } from './check.ts'
import { collect } from './findings.ts'
import { MUTATING_WEBHOOKS, rulesFor, VALIDATING_WEBHOOKS } from './resources.ts'
import { judgeCaBundle } from './webhooks/ca-bundle.ts'
import { judgeSideEffects, judgeTimeout, judgeVersions, MAX_SUM, timeoutOf } from './webhooks/call.ts'
import { judgeEverything, judgeMutated, judgeNamespaces } from './webhooks/reach.ts'
import { judgeSecurity } from './webhooks/security.ts'
import { type Verdicts, webhooksIn } from './webhooks/webhook.ts'

const KINDS = [MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS]

interface WebhookConfigurationParams {
  readonly days: number
  readonly security: readonly string[]
}

/** What of one configuration counts in the sum over all. */
interface Waiting {
  readonly origin: string
  /** Seconds, over its mutating webhooks. */
  readonly seconds: number
}

/** Refuses webhook configurations that can become an outage. */
export const webhookConfiguration: Check<WebhookConfigurationParams> = {
  id: 'webhook-configuration',
  summary: 'Refuses webhook configurations that can become an outage or be got around.',
  kinds: KINDS,
  resources: rulesFor(KINDS),
  params: z.strictObject({
    days: z.int().min(0, 'must be a number of days').default(30),
    security: z.array(z.string().min(1, 'must not be empty')).default([]),
  }),
  run({ object, facts }, { days, security }) {
    const skipped: string[] = []
    const findings = collect(found => {
      const verdicts: Verdicts = { findings: found, skipped }
      for (const webhook of webhooksIn(object)) {
        judgeEverything(webhook, verdicts)
        judgeNamespaces(webhook, verdicts)
        judgeMutated(webhook, verdicts)
        judgeTimeout(webhook, verdicts)
        judgeSideEffects(webhook, verdicts)
        judgeVersions(webhook, verdicts)
        judgeSecurity(webhook, security, verdicts)
        judgeCaBundle(webhook, object, facts, days, verdicts)
      }
      if (facts.seen !== 'alone') return
      for (const finding of sumOf([{ origin: facts.origin, seconds: secondsOf(object) }])) found.push(finding)
    })
    return skipped.length === 0 ? { findings } : { findings, skipped: skipped.join('; ') }
  },
  set: setRule<WebhookConfigurationParams, Waiting>({
    pick({ object, facts }) {
      const seconds = secondsOf(object)
      return seconds === 0 ? undefined : { origin: facts.origin, seconds }
    },
    compare(members) {
      const findings = sumOf(members)
      // It is nobody's fault alone: said once, of the one that brings most.
      const most = members.reduce(
        (worst, { seconds }, index) => (seconds > (members[worst]?.seconds ?? 0) ? index : worst),
        0,
      )
      return members.map((_, index): CheckResult => ({ findings: index === most ? findings : [] }))
    },
  }),
}

function secondsOf(object: JsonObject): number {
  let sum = 0
  for (const webhook of webhooksIn(object)) if (webhook.isMutating) sum += timeoutOf(webhook)
  return sum
}

function sumOf(members: readonly Waiting[]): readonly Finding[] {
  const sum = members.reduce((total, { seconds }) => total + seconds, 0)
  if (sum <= MAX_SUM) return []
  const parts = members.map(({ origin, seconds }) => (origin === '' ? `${seconds} s` : `${origin} ${seconds} s`))
  return [
    {
      pointer: '/webhooks',
      message: `mutating webhooks are called one after the other, and may take ${sum} s together (${parts.join(', ')}): the API server gives the whole request up after 34 s`,
      hint: `lower their timeoutSeconds, to ${MAX_SUM} s over all of them at most`,
      level: 'violation',
      key: 'sum of timeouts',
    },
  ]
}
