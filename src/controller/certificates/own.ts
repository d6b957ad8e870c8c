import { randomBytes, type X509Certificate } from 'node:crypto'
import { CLOCK_SKEW_MS, createAuthority, issueCertificate } from '../../certs/issue.ts'
import { isIssuedBy } from '../../certs/trust.ts'
import { isApiError } from '../../cluster/http.ts'
import { dig, type JsonObject } from '../../json/value.ts'
import type { ControllerContext } from '../task.ts'
import { allTrust, liveBundles } from './live-bundles.ts'
import type { CertificateMetrics } from './metrics.ts'
import {
  authoritiesIn,
  isDue,
  pemOf,
  type StoredPair,
  secretOf,
  storedAuthority,
  storedServing,
  textIn,
} from './secrets.ts'

export interface OwnCertificateOptions {
  readonly caSecret: string
  readonly tlsSecret: string
  /** The names by which API servers look for the gateway; the first is proven. */
  readonly dnsNames: readonly [string, ...string[]]
  readonly metrics: CertificateMetrics
  readonly prove: (pair: StoredPair['pair'], bundlePem: string, serverName: string) => Promise<string | undefined>
  readonly caDays?: number
  readonly servingDays?: number
  /** How long an old CA stays trusted after the last certificate of it was replaced. */
  readonly overlapMs?: number
}

const CA_DAYS = 730
const SERVING_DAYS = 90
/** A kubelet brings a changed Secret to its pods within two minutes; a paused node takes longer. */
const OVERLAP_MS = 60 * 60_000

/**
 * One step towards a good CA and a good serving certificate of it, each in its Secret. The order keeps every call valid at
 * every moment: a new CA joins the bundle, the API server's configurations take it up, a certificate of it is proven against
 * them and only then written, and the old CA leaves when nobody can serve by it any more.
 */
export async function renewOwnCertificates(context: ControllerContext, options: OwnCertificateOptions): Promise<void> {
  const { client, namespace } = context
  const secrets = { group: '', version: 'v1', resource: 'secrets', namespace }
  const [caSecret, tlsSecret] = await Promise.all([
    client.read({ ...secrets, name: options.caSecret }),
    client.read({ ...secrets, name: options.tlsSecret }),
  ])
  const bundles = await liveBundles(client)
  const now = context.now()
  const authority = storedAuthority(caSecret, now)
  report(options, authority, storedServing(tlsSecret, now), now)
  if (authority === undefined || isDue(authority.certificate, now)) {
    await newAuthority(context, options, caSecret, tlsSecret, bundles)
    return
  }
  const serving = storedServing(tlsSecret, now)
  if (serving === undefined || !isGood(serving, authority.certificate, options, now)) {
    if (!allTrust(bundles, authority.certificate)) {
      context.log.info({}, 'a new CA waits until every webhook trusts it')
      return
    }
    await newServing(context, options, authority, tlsSecret, bundleIn(caSecret))
    return
  }
  await dropOldAuthorities(context, options, caSecret, serving, authority)
}

/** The bundle that a CA's Secret stands for: the CA in force and those before it that are still needed. */
export function bundleIn(caSecret: JsonObject | undefined): string {
  return authoritiesIn(textIn(caSecret, 'ca.crt'), textIn(caSecret, 'previous.crt')).map(pemOf).join('')
}

function isGood(
  { certificate }: StoredPair,
  authority: X509Certificate,
  { dnsNames }: OwnCertificateOptions,
  now: number,
): boolean {
  if (isDue(certificate, now) || !isIssuedBy(certificate, authority)) return false
  return dnsNames.every(name => certificate.checkHost(name) !== undefined)
}

async function newAuthority(
  context: ControllerContext,
  options: OwnCertificateOptions,
  caSecret: JsonObject | undefined,
  tlsSecret: JsonObject | undefined,
  bundles: readonly string[],
): Promise<void> {
  const { caDays = CA_DAYS, metrics } = options
  const made = await createAuthority({
    commonName: `portcullis-ca-${randomBytes(4).toString('hex')}`,
    days: caDays,
    notBefore: new Date(context.now() - CLOCK_SKEW_MS),
  })
  // Where the Secret was lost, what the webhooks trust is all that is left of the CA by which gateways still serve.
  const known = authoritiesIn(
    textIn(caSecret, 'ca.crt'),
    textIn(caSecret, 'previous.crt'),
    ...bundles,
    textIn(tlsSecret, 'ca.crt'),
  )
  const previous = known.filter(({ validToDate }) => validToDate.getTime() > context.now()).slice(0, MAX_PREVIOUS)
  const texts = {
    'ca.crt': made.certificatePem,
    'ca.key': made.privateKeyPem,
    'previous.crt': previous.map(pemOf).join(''),
  }
  if (await write(context, caSecret, secretOf(caSecret, options.caSecret, 'Opaque', texts))) {
    metrics.renewals.inc({ certificate: 'ca', result: 'made' })
    context.log.info({ days: caDays, previous: previous.length }, 'a new CA was made')
  }
}

/** Nothing makes more of them than a clock that jumps to and fro. */
const MAX_PREVIOUS = 5

async function newServing(
  context: ControllerContext,
  options: OwnCertificateOptions,
  authority: StoredPair,
  tlsSecret: JsonObject | undefined,
  bundle: string,
): Promise<void> {
  const { dnsNames, servingDays = SERVING_DAYS, metrics, prove } = options
  const [serverName] = dnsNames
  const pair = await issueCertificate(authority.pair, {
    commonName: serverName.length <= 64 ? serverName : 'portcullis',
    dnsNames,
    ipAddresses: [],
    usage: 'server',
    days: servingDays,
    notBefore: new Date(context.now() - CLOCK_SKEW_MS),
  })
  // Against what is in force at this moment, and every webhook's own.
  const live = await liveBundles(context.client)
  for (const trusted of live.length === 0 ? [bundle] : new Set(live)) {
    const failure = await prove(pair, trusted, serverName)
    if (failure === undefined) continue
    metrics.renewals.inc({ certificate: 'serving', result: 'unproven' })
    context.log.error({ failure }, 'a new serving certificate was not proven, and is not used')
    return
  }
  const texts = { 'tls.crt': pair.certificatePem, 'tls.key': pair.privateKeyPem, 'ca.crt': bundle }
  if (await write(context, tlsSecret, secretOf(tlsSecret, options.tlsSecret, 'kubernetes.io/tls', texts))) {
    metrics.renewals.inc({ certificate: 'serving', result: 'made' })
    context.log.info({ days: servingDays }, 'a new serving certificate was proven and written')
  }
}

/** The serving certificate says when the last one of an old CA was replaced: when it began itself. */
async function dropOldAuthorities(
  context: ControllerContext,
  { overlapMs = OVERLAP_MS, caSecret: name }: OwnCertificateOptions,
  caSecret: JsonObject | undefined,
  serving: StoredPair,
  authority: StoredPair,
): Promise<void> {
  const since = serving.certificate.validFromDate.getTime() + CLOCK_SKEW_MS
  if (textIn(caSecret, 'previous.crt') === '' || context.now() - since < overlapMs) return
  const { certificatePem, privateKeyPem } = authority.pair
  const texts = { 'ca.crt': certificatePem, 'ca.key': privateKeyPem, 'previous.crt': '' }
  if (await write(context, caSecret, secretOf(caSecret, name, 'Opaque', texts)))
    context.log.info({}, 'the CA before this one is trusted no longer')
}

/** False where somebody else wrote it at this moment: the next round looks again. */
async function write(context: ControllerContext, old: JsonObject | undefined, secret: JsonObject): Promise<boolean> {
  const { client, namespace } = context
  const collection = { group: '', version: 'v1', resource: 'secrets', namespace }
  try {
    if (old === undefined) await client.create(collection, secret)
    else await client.replace({ ...collection, name: String(dig(secret, 'metadata', 'name')) }, secret)
    return true
  } catch (error) {
    if (isApiError(error, 409)) return false
    throw error
  }
}

function report(
  { metrics }: OwnCertificateOptions,
  authority: StoredPair | undefined,
  serving: StoredPair | undefined,
  now: number,
): void {
  for (const [certificate, stored] of [
    ['ca', authority],
    ['serving', serving],
  ] as const) {
    metrics.expiry.set({ certificate }, (stored?.certificate.validToDate.getTime() ?? now) / 1000)
  }
}
