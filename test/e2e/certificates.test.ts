import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Balancer, startBalancer } from './support/balancer.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { type ControllerProcess, prepareCluster, registrationBecomes, startController } from './support/controller.ts'
import { type GatewayProcess, servedCertificate, startGateway } from './support/gateway.ts'
import { startLoad } from './support/load.ts'
import { type MountedSecret, mountSecret } from './support/mounted-secret.ts'
import { waitUntil } from './support/processes.ts'
import { rootPodGets } from './support/webhooks.ts'

const SECRETS = '/api/v1/namespaces/portcullis-system/secrets'

let plane: ControlPlane
let balancer: Balancer
let controller: ControllerProcess
let mounted: MountedSecret
let gateways: GatewayProcess[] = []

const start = async () => {
  const gateway = await startGateway({
    directory: plane.directory,
    authority: plane.webhookCa,
    servingFolder: mounted.folder,
    // Longer than the balancer may need to see that one is not ready any more.
    drain: '3s',
    args: ['--kubeconfig', join(plane.directory, 'admin.kubeconfig'), '--cluster-documents'],
  })
  gateways.push(gateway)
  balancer.add(gateway)
  await waitUntil('the balancer leads there', async () => balancer.leadsTo(gateway))
}
const servingCertificate = () => mounted.text('tls.crt')
/** Waits until every gateway serves by what is mounted. */
const served = () =>
  waitUntil('every gateway serves by the certificate that is mounted', async () => {
    const wanted = new X509Certificate(servingCertificate() ?? '').toString()
    return (await Promise.all(gateways.map(servedCertificate))).every(certificate => certificate === wanted)
  })

beforeAll(async () => {
  plane = await startControlPlane()
  await prepareCluster(plane)
  balancer = await startBalancer()
  mounted = mountSecret(plane, 'portcullis-tls')
  controller = await startController(plane, balancer.port, ['--certificates', 'own', '--mode', 'enforce'])
  await waitUntil('there is a certificate to serve by', async () => servingCertificate() !== undefined)
  for (let count = 0; count < 2; count++) await start()
  await registrationBecomes(plane, 'enforce/in-force/Fail')
  await rootPodGets(plane, 403)
})

afterAll(async () => {
  mounted?.stop()
  for (const gateway of gateways) await gateway.stop('SIGKILL')
  await controller?.process.stop('SIGTERM')
  await balancer?.stop()
  await plane?.stop()
})

test('a lost CA, a new certificate and a rolling restart under load: 10,000 admissions, none fails', {
  timeout: 600_000,
}, async () => {
  const load = startLoad(plane, { parallel: 24, pauseMs: 5 })
  await waitUntil('the load runs', async () => load.sent() > 500)
  const before = servingCertificate()
  await plane.request('DELETE', `${SECRETS}/portcullis-ca`)
  await waitUntil('the gateways have a certificate of another CA', async () => servingCertificate() !== before)
  await served()
  // Before it is lost: afterwards there may be another one at once.
  const second = servingCertificate()
  await plane.request('DELETE', `${SECRETS}/portcullis-tls`)
  await waitUntil('it is made anew', async () => servingCertificate() !== second)
  const old = gateways
  gateways = []
  for (const gateway of old) {
    await start()
    expect(await gateway.stop('SIGTERM')).toBe(0)
    balancer.remove(gateway)
  }
  await waitUntil('enough was sent', async () => load.sent() >= 10_000, { milliseconds: 400_000 })
  const { sent, failed } = await load.stop()
  process.stdout.write(`${sent} admissions, ${failed.length} failed\n`)
  expect(failed).toEqual([])
})

test('a Secret that is garbage is mended, and gateways go on by what they had', async () => {
  const before = servingCertificate()
  const data = { 'tls.crt': Buffer.from('garbage').toString('base64') }
  await plane.request('PATCH', `${SECRETS}/portcullis-tls`, { data }, 'application/merge-patch+json')
  const load = startLoad(plane)
  await waitUntil('it is mended', async () => {
    const now = servingCertificate()
    return now !== before && now?.includes('BEGIN CERTIFICATE') === true
  })
  await served()
  const atEnd = load.sent()
  await waitUntil('the load runs on', async () => load.sent() > atEnd + 100)
  const { failed } = await load.stop()
  expect(failed).toEqual([])
})
