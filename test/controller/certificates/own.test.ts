import { X509Certificate } from 'node:crypto'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { proveHandshake } from '../../../src/certs/handshake.ts'
import { createAuthority, issueCertificate } from '../../../src/certs/issue.ts'
import { isTrusted } from '../../../src/certs/trust.ts'
import { createCertificateMetrics } from '../../../src/controller/certificates/metrics.ts'
import { bundleIn, type OwnCertificateOptions, renewOwnCertificates } from '../../../src/controller/certificates/own.ts'
import { authoritiesIn, storedAuthority, textIn } from '../../../src/controller/certificates/secrets.ts'
import { dig, getList, getString, type JsonObject } from '../../../src/json/value.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'
import { sample } from '../../support/wire.ts'

const SECRETS = '/api/v1/namespaces/portcullis-system/secrets'
const [CA, TLS] = [`${SECRETS}/portcullis-ca`, `${SECRETS}/portcullis-tls`]
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
const NAME = 'portcullis.portcullis-system.svc'
const DAY = 24 * 60 * 60_000
const silent = { info() {}, warn() {}, error() {} }

/** A controller's certificates on an API in memory, its clock in the test's hand. */
function setUp(change: Partial<OwnCertificateOptions> = {}) {
  const cluster = new FakeCluster()
  const registry = new Registry()
  const clock = { now: Date.now() }
  const options: OwnCertificateOptions = {
    caSecret: 'portcullis-ca',
    tlsSecret: 'portcullis-tls',
    dnsNames: [NAME],
    metrics: createCertificateMetrics(registry),
    // OpenSSL knows no clock but the machine's: what is tested here is the order of things.
    prove: async (pair, bundle) =>
      isTrusted(new X509Certificate(pair.certificatePem), authoritiesIn(bundle), new Date(clock.now))
        ? undefined
        : 'the bundle does not lead to it',
    ...change,
  }
  const context = { client: cluster.client, namespace: 'portcullis-system', now: () => clock.now, log: silent }
  const round = () => renewOwnCertificates(context, options)
  /** What the registration does: the bundle goes into the configuration. */
  const register = () => {
    const caBundle = Buffer.from(bundleIn(cluster.get(CA))).toString('base64')
    const webhooks = [{ name: 'a', clientConfig: { caBundle } }]
    const path = `${CONFIGURATIONS}/portcullis`
    if (cluster.get(path) === undefined) cluster.put(CONFIGURATIONS, { metadata: { name: 'portcullis' }, webhooks })
    else cluster.edit(path, { webhooks })
  }
  const settle = async (rounds = 4) => {
    for (let count = 0; count < rounds; count++) {
      await round()
      if (storedAuthority(cluster.get(CA), clock.now) !== undefined) register()
    }
  }
  const leaf = () => textIn(cluster.get(TLS), 'tls.crt')
  const ca = () => textIn(cluster.get(CA), 'ca.crt')
  const live = () => {
    const [webhook] = getList(cluster.get(`${CONFIGURATIONS}/portcullis`), 'webhooks')
    return Buffer.from(getString(dig(webhook, 'clientConfig'), 'caBundle') ?? '', 'base64').toString()
  }
  /** Whether what gateways serve by is what the API server trusts. */
  const isServed = () => isTrusted(new X509Certificate(leaf()), authoritiesIn(live()), new Date(clock.now))
  const made = async (certificate: string) =>
    sample(await registry.metrics(), 'portcullis_certificate_renewals_total', { certificate, result: 'made' }) ?? 0
  return { cluster, clock, round, register, settle, leaf, ca, live, isServed, made, options, context }
}

const secretData = (texts: Readonly<Record<string, string>>): JsonObject => ({
  data: Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
})

describe('the controller’s own certificates', () => {
  it('are made where there are none, and left alone while they are good', async () => {
    const { settle, leaf, ca, isServed, cluster, made } = setUp({ prove: proveHandshake })
    await settle()
    expect(isServed()).toBe(true)
    const before = [leaf(), ca(), cluster.get(CA)?.['metadata']]
    await settle()
    expect([leaf(), ca(), cluster.get(CA)?.['metadata']]).toEqual(before)
    expect([await made('ca'), await made('serving')]).toEqual([1, 1])
    expect(cluster.get(TLS)).toMatchObject({ type: 'kubernetes.io/tls' })
    expect(textIn(cluster.get(TLS), 'ca.key')).toBe('')
  })

  it('renew the serving certificate after two thirds of its life, by the same CA', async () => {
    const { settle, clock, leaf, ca, isServed } = setUp()
    await settle()
    const before = [leaf(), ca()]
    clock.now += 59 * DAY
    await settle()
    expect([leaf(), ca()]).toEqual(before)
    clock.now += 2 * DAY
    await settle()
    expect(leaf()).not.toBe(before[0])
    expect(ca()).toBe(before[1])
    expect(isServed()).toBe(true)
  })

  it('change the CA only in an order in which every certificate is trusted, and drop the old one after an hour', async () => {
    const { round, register, settle, clock, leaf, ca, live, isServed, cluster } = setUp()
    await settle()
    const [oldLeaf, oldCa] = [leaf(), ca()]
    clock.now += 500 * DAY
    // The serving certificate is good, as it was renewed all the time.
    cluster.edit(
      TLS,
      secretData(await servingOf({ 'ca.crt': oldCa, 'ca.key': textIn(cluster.get(CA), 'ca.key') }, clock.now)),
    )
    const renewed = leaf()
    await round()
    expect(ca()).not.toBe(oldCa)
    expect(leaf()).toBe(renewed)
    await round()
    // Nobody has told the API server yet.
    expect(leaf()).toBe(renewed)
    expect(isServed()).toBe(true)
    register()
    expect(isServed()).toBe(true)
    await round()
    expect(leaf()).not.toBe(renewed)
    expect(isServed()).toBe(true)
    clock.now += 59 * 60_000
    await settle(2)
    expect(authoritiesIn(live())).toHaveLength(2)
    // A gateway whose kubelet is slow serves by the one before.
    expect(isTrusted(new X509Certificate(renewed), authoritiesIn(live()), new Date(clock.now))).toBe(true)
    clock.now += 2 * 60_000
    await settle(2)
    expect(authoritiesIn(live())).toHaveLength(1)
    expect(isServed()).toBe(true)
    expect(oldLeaf).not.toBe(renewed)
  })

  it.each<[string, (world: ReturnType<typeof setUp>) => void | Promise<void>]>([
    ['the CA’s Secret is deleted', ({ cluster }) => cluster.drop(CA)],
    ['the serving Secret is deleted', ({ cluster }) => cluster.drop(TLS)],
    [
      'both are deleted',
      ({ cluster }) => {
        cluster.drop(CA)
        cluster.drop(TLS)
      },
    ],
    ['the CA is garbage', ({ cluster }) => cluster.edit(CA, secretData({ 'ca.crt': 'garbage' }))],
    [
      'the CA’s key is another one',
      async ({ cluster }) =>
        cluster.edit(CA, secretData({ 'ca.key': (await createAuthority({ commonName: 'x', days: 1 })).privateKeyPem })),
    ],
    ['the serving certificate is garbage', ({ cluster }) => cluster.edit(TLS, secretData({ 'tls.crt': 'garbage' }))],
    ['the serving key is empty', ({ cluster }) => cluster.edit(TLS, secretData({ 'tls.key': '' }))],
    ['the data is gone', ({ cluster }) => cluster.edit(TLS, { data: null })],
    [
      'both have expired',
      ({ clock }) => {
        clock.now += 1000 * DAY
      },
    ],
    [
      'the serving certificate is somebody else’s',
      async ({ cluster }) => {
        const other = await createAuthority({ commonName: 'other', days: 10 })
        const pair = { 'ca.crt': other.certificatePem, 'ca.key': other.privateKeyPem }
        cluster.edit(TLS, secretData(await servingOf(pair, Date.now())))
      },
    ],
    [
      'it is for another name',
      async ({ cluster, clock }) => {
        const pair = { 'ca.crt': textIn(cluster.get(CA), 'ca.crt'), 'ca.key': textIn(cluster.get(CA), 'ca.key') }
        cluster.edit(TLS, secretData(await servingOf(pair, clock.now, 'other.example.com')))
      },
    ],
    [
      'a clock was a year ahead',
      async world => {
        world.clock.now += 365 * DAY
        await world.settle()
        world.clock.now -= 365 * DAY
      },
    ],
    [
      'a clock was three years ahead',
      async world => {
        world.clock.now += 3 * 365 * DAY
        await world.settle()
        world.clock.now -= 3 * 365 * DAY
      },
    ],
  ])('recover when %s', async (_what, harm) => {
    const world = setUp()
    await world.settle()
    await harm(world)
    await world.settle()
    expect(world.isServed()).toBe(true)
    const stable = [world.leaf(), world.ca()]
    await world.settle()
    expect([world.leaf(), world.ca()]).toEqual(stable)
  })

  it('that were lost are replaced without a call that fails: gateways go on by the old one meanwhile', async () => {
    const { settle, round, register, leaf, isServed, cluster } = setUp()
    await settle()
    const old = leaf()
    cluster.drop(CA)
    await round()
    register()
    expect(leaf()).toBe(old)
    expect(isServed()).toBe(true)
    await round()
    expect(leaf()).not.toBe(old)
    expect(isServed()).toBe(true)
  })

  it('are not used where the handshake fails', async () => {
    const { settle, cluster, options } = setUp({ prove: async () => 'no' })
    await settle()
    expect(cluster.get(TLS)).toBeUndefined()
    expect(options.tlsSecret).toBe('portcullis-tls')
  })

  it('converge wherever the controller is killed in a change of the CA, and never serve what is not trusted', async () => {
    // Kill it at each request in turn, go on with one that remembers nothing, until a change takes no more requests.
    for (let killAt = 1; killAt < 40; killAt++) {
      const { settle, cluster, clock, isServed, ca } = setUp()
      await settle()
      const before = ca()
      cluster.edit(
        TLS,
        secretData(
          await servingOf({ 'ca.crt': before, 'ca.key': textIn(cluster.get(CA), 'ca.key') }, clock.now + 500 * DAY),
        ),
      )
      clock.now += 500 * DAY
      let requests = 0
      let isKilled = false
      const check = () => expect([killAt, requests, isServed()]).toEqual([killAt, requests, true])
      cluster.fault = () => {
        check()
        if (++requests !== killAt) return
        isKilled = true
        throw new Error('killed')
      }
      await settle().catch(() => {})
      cluster.fault = check
      await settle()
      await settle()
      check()
      expect(ca()).not.toBe(before)
      if (!isKilled) return
    }
    throw new Error('a change of the CA took more requests than there are steps')
  })

  it('are made once by two controllers at the same time', async () => {
    const { context, options, cluster, register, isServed } = setUp()
    for (let count = 0; count < 6; count++) {
      await Promise.all([renewOwnCertificates(context, options), renewOwnCertificates(context, options)])
      if (cluster.get(CA) !== undefined) register()
    }
    expect(isServed()).toBe(true)
  })
})

async function servingOf(ca: Readonly<Record<'ca.crt' | 'ca.key', string>>, now: number, name = NAME) {
  const pair = await issueCertificate(
    { certificatePem: ca['ca.crt'], privateKeyPem: ca['ca.key'] },
    {
      commonName: name,
      dnsNames: [name],
      ipAddresses: [],
      usage: 'server',
      days: 90,
      notBefore: new Date(now - 300_000),
    },
  )
  return { 'tls.crt': pair.certificatePem, 'tls.key': pair.privateKeyPem }
}
