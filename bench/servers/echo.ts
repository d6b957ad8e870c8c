// The yardstick: Fastify over mutual TLS that parses a review and echoes its uid. No webhook in JavaScript can do less.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { answerCpu } from './cpu.ts'

const [ca, cert, key] = process.argv.slice(2, 5).map(file => readFileSync(file))
const app = fastify({
  logger: false,
  bodyLimit: 40 * 1024 * 1024,
  keepAliveTimeout: 120_000,
  https: {
    ca,
    cert,
    key,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
  },
})
app.post('/:path', async request => {
  const {
    apiVersion,
    kind,
    request: review,
  } = request.body as { apiVersion: string; kind: string; request: { uid: string } }
  return { apiVersion, kind, response: { uid: review.uid, allowed: true } }
})
await app.listen({ host: '127.0.0.1', port: 0 })
answerCpu((app.server.address() as AddressInfo).port)
