import { quote } from '../../admission/text.ts'
import { dig, get, getString, isObject, type JsonObject } from '../../json/value.ts'
import type { SubjectFacts } from '../check.ts'
import { fieldOf, type Verdicts, type Webhook } from './webhook.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Annotations by which somebody else fills in the bundle. */
const INJECTED = [
  'cert-manager.io/inject-ca-from',
  'cert-manager.io/inject-ca-from-secret',
  'cert-manager.io/inject-apiserver-ca',
  'service.beta.openshift.io/inject-cabundle',
]

const NO_BASE64 = { ok: false, problem: 'it is not base64' } as const

/** What the API server verifies the webhook by: there, readable, and good for some time. */
export function judgeCaBundle(
  webhook: Webhook,
  object: JsonObject,
  facts: SubjectFacts,
  days: number,
  { findings }: Verdicts,
): void {
  const bundle = getString(webhook.clientConfig, 'caBundle') ?? ''
  const pem = decoded(bundle)
  const fail = (what: string, hint: string, rule: string) =>
    void findings.push({
      pointer: fieldOf(webhook, 'clientConfig', 'caBundle'),
      message: `webhook ${quote(webhook.name)} ${what}`,
      hint,
      level: 'violation',
      key: `caBundle ${rule} ${webhook.name}`,
    })
  // Generated manifests hold the base64 of a newline where the bundle is filled in later.
  if (pem?.trim() === '') {
    const annotations = dig(object, 'metadata', 'annotations')
    // A webhook at a URL may have a certificate that the system trusts.
    if (!isObject(get(webhook.clientConfig, 'service'))) return
    if (INJECTED.some(key => get(annotations, key) !== undefined)) return
    fail(
      'has no caBundle: the API server trusts nobody by that name, and every call fails',
      'set clientConfig.caBundle, or have cert-manager inject it',
      'absent',
    )
    return
  }
  const read = pem === undefined ? NO_BASE64 : facts.readCertificates(pem)
  if (!read.ok) {
    fail(`has a caBundle that is none: ${read.problem}`, 'put the base64 of a PEM file with the CA there', 'unreadable')
    return
  }
  // While a CA is rotated both stand in the bundle: it is good for as long as one of them is.
  const end = read.certificates.reduce((latest, { notAfter }) => Math.max(latest, notAfter), 0)
  const left = Math.floor((end - facts.now) / DAY_MS)
  if (left >= days) return
  const day = new Date(end).toISOString().slice(0, 10)
  fail(
    left < 0
      ? `has a caBundle that expired on ${day}: every call fails`
      : `has a caBundle that expires on ${day}, in ${left} days: every call will fail then`,
    'rotate the CA while the old one is still good: put both into the bundle, then the new certificate in place',
    'expiry',
  )
}

/** The text of a bundle; undefined where it is no base64, which the API server would not take. */
function decoded(bundle: string): string | undefined {
  try {
    return atob(bundle)
  } catch {
    return undefined
  }
}
