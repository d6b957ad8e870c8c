import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAuthority, issueCertificate, type KeyPairPem } from '../../src/certs/issue.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { waitUntil } from './support/processes.ts'
import { dryRunCreate, podWith, registerGateway, unregisterGateway, WEBHOOK } from './support/webhooks.ts'

let plane: ControlPlane
let gateway: GatewayProcess

beforeAll(async () => {
  plane = await startControlPlane()
  gateway = await startGateway({ directory: plane.directory, authority: plane.webhookCa })
  await registerGateway(plane, { port: gateway.port, authority: plane.webhookCa })
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

test('the API server with the expected certificate is answered', async () => {
  expect(await dryRunCreate(plane, podWith())).toMatchObject({ status: 201 })
  expect(await dryRunCreate(plane, podWith({ path: '/etc' }))).toMatchObject({ status: 403 })
  expect(await gateway.metrics()).toMatch(/^portcullis_client_requests_total\{.*\} [1-9]/m)
})

test('an API server without a certificate can create nothing', async () => {
  const stranger = await plane.addApiServer({ webhookClient: undefined })
  const answers: { status: number; body: string }[] = []
  // In TLS 1.3 the client has sent its request before it hears of the refusal; the end of the connection may overtake it.
  await waitUntil('it says why', async () => {
    answers.push(await dryRunCreate(stranger, podWith()))
    return answers.length >= 5 && answers.some(({ body }) => body.includes('certificate required'))
  })
  for (const answer of answers) {
    expect(answer.status).toBe(500)
    expect(answer.body).toContain(`failed calling webhook \\"${WEBHOOK}\\"`)
  }
})

test('an API server whose certificate has another name can create nothing', async () => {
  const stranger = await plane.addApiServer({ webhookClient: 'someone-else' })
  const { code, stderr } = await stranger.kubectl(['create', '--dry-run=server', '-f', '-'], { input: podWith() })
  expect(code).toBe(1)
  expect(stderr).toContain(`failed calling webhook "${WEBHOOK}"`)
  expect(stderr).toContain('someone-else')
})

test('a caller without a certificate does not get through the handshake', async () => {
  await expect(ask(undefined)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })
})

test('a caller with a certificate of another authority gets no answer', async () => {
  const foreign = await createAuthority({ commonName: 'webhook-ca', days: 1 })
  const pair = await issueCertificate(foreign, {
    commonName: 'kube-apiserver',
    dnsNames: [],
    ipAddresses: [],
    usage: 'client',
    days: 1,
  })
  await expect(ask(pair)).rejects.toThrow(/^(?:closed without an answer|.*ECONNRESET|.*EPIPE)$/)
})

test('a caller of the right authority with another name gets 403', async () => {
  const answer = await ask(await plane.issueWebhookClient('someone-else'))
  expect(answer).toMatch(/^HTTP\/1\.1 403 /)
})

test('a gateway whose certificate the registration does not trust is not believed', async () => {
  await unregisterGateway(plane)
  const foreign = await createAuthority({ commonName: 'webhook-ca', days: 1 })
  await registerGateway(plane, { port: gateway.port, authority: foreign, refusal: 500 })
  const answer = await dryRunCreate(plane, podWith())
  expect(answer.status).toBe(500)
  expect(answer.body).toContain('failed to verify certificate')
})

/**
 * Sends a review to the gateway directly; returns the beginning of the answer. Without a certificate nothing is sent: what the gateway
 * has not read when it closes would make its alert be lost.
 */
function ask(client: KeyPairPem | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port: gateway.port,
      ca: plane.webhookCa.certificatePem,
      servername: 'portcullis.portcullis-system.svc',
      ...(client !== undefined && { cert: client.certificatePem, key: client.privateKeyPem }),
    })
    socket.setTimeout(30_000, () => socket.destroy(new Error('no answer within 30 s')))
    socket.once('secureConnect', () => {
      if (client === undefined) return
      socket.write('POST /validate?timeout=5s HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n')
      socket.write('Content-Length: 2\r\n\r\n{}')
    })
    socket.once('data', data => {
      socket.destroy()
      resolve(data.toString())
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed without an answer')))
  })
}
