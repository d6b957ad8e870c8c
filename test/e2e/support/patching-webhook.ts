import { createServer } from 'node:https'
import { type Authority, issueCertificate } from '../../../src/certs/issue.ts'
import type { JsonObject } from '../../../src/json/value.ts'
import { listen } from './processes.ts'

/** Somebody else's mutating webhook. */
export interface PatchingWebhook {
  readonly port: number
  /** How often it was asked. */
  calls(): number
  stop(): Promise<void>
}

/** A webhook that answers with whatever patch the function makes for a pod, and proves nothing. */
export async function startPatchingWebhook(
  authority: Authority,
  patchOf: (pod: JsonObject) => readonly unknown[],
): Promise<PatchingWebhook> {
  const { certificatePem, privateKeyPem } = await issueCertificate(authority, {
    commonName: 'somebody-else',
    dnsNames: [],
    ipAddresses: ['127.0.0.1'],
    usage: 'server',
    days: 2,
  })
  let calls = 0
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      calls++
      const { request: asked } = JSON.parse(Buffer.concat(chunks).toString()) as {
        request: { uid: string; object: JsonObject }
      }
      const patch = patchOf(asked.object)
      const encoded = Buffer.from(JSON.stringify(patch)).toString('base64')
      const answer = {
        uid: asked.uid,
        allowed: true,
        ...(patch.length > 0 && { patchType: 'JSONPatch', patch: encoded }),
      }
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }))
    })
  })
  const port = await listen(server)
  return {
    port,
    calls: () => calls,
    stop: () => {
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}
