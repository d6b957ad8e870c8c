// Pepr's admission path as its users run it: its own server over TLS, one policy that refuses dangerous hostPath volumes
// and one action that adds what examples/injections/log-tailer.yaml adds. It wants an API server for its store: a few
// lines of HTTP on the loopback stand in for it.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const [, cert, key] = process.argv.slice(2, 5)
const port = 20_000 + Math.floor(Math.random() * 10_000)

/** A store by the name that the request asks for. */
function storeOf(name) {
  const metadata = { name, namespace: 'pepr-system', resourceVersion: '1', uid: name }
  return { apiVersion: 'pepr.dev/v1', kind: 'PeprStore', metadata, data: {} }
}

const api = createServer((incoming, response) => {
  const url = new URL(incoming.url ?? '/', 'http://localhost')
  const name =
    url.pathname.split('/peprstores/')[1] ?? url.searchParams.get('fieldSelector')?.split('=').at(-1) ?? 'store'
  response.setHeader('content-type', 'application/json')
  if (url.searchParams.has('watch')) response.write(`${JSON.stringify({ type: 'ADDED', object: storeOf(name) })}\n`)
  else if (url.pathname.endsWith('/peprstores')) {
    response.end(JSON.stringify({ kind: 'PeprStoreList', metadata: { resourceVersion: '1' }, items: [storeOf(name)] }))
  } else response.end(JSON.stringify(storeOf(name)))
})
await new Promise(resolve => api.listen(0, '127.0.0.1', resolve))
const kubeconfig = join(mkdtempSync(join(tmpdir(), 'portcullis-bench-')), 'kubeconfig')
writeFileSync(
  kubeconfig,
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [
      { name: 'c', cluster: { server: `http://127.0.0.1:${api.address().port}`, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u', user: {} }],
  }),
)
Object.assign(process.env, {
  KUBECONFIG: kubeconfig,
  SSL_CERT_PATH: cert,
  SSL_KEY_PATH: key,
  PEPR_API_PATH: 'bench',
  LOG_LEVEL: 'error',
})

const { Capability, PeprModule, a } = await import('pepr')
const capability = new Capability({ name: 'bench', description: 'bench' })
const PROTECTED = ['/var/lib/kubelet', '/etc', '/var/run', '/run', '/proc', '/sys', '/boot', '/dev', '/root', '/usr']
capability
  .When(a.Pod)
  .IsCreatedOrUpdated()
  .Validate(review => {
    for (const { name, hostPath } of review.Raw.spec?.volumes ?? []) {
      if (hostPath === undefined) continue
      const path = hostPath.path.replace(/\/+$/, '')
      const isBad = PROTECTED.some(
        entry => entry === path || entry.startsWith(`${path}/`) || path.startsWith(`${entry}/`),
      )
      if (isBad) return review.Deny(`volume ${name} mounts ${hostPath.path}`)
    }
    return review.Approve()
  })
capability
  .When(a.Pod)
  .IsCreated()
  .Mutate(review => {
    review.SetLabel('logs.example.com/shipped', 'true')
    const { spec } = review.Raw
    spec.volumes = [...(spec.volumes ?? []), { name: 'app-logs', emptyDir: { sizeLimit: '512Mi' } }]
    for (const container of spec.containers) {
      container.volumeMounts = [...(container.volumeMounts ?? []), { name: 'app-logs', mountPath: '/var/log/app' }]
      container.env = [...(container.env ?? []), { name: 'LOG_DIR', value: '/var/log/app' }]
    }
    spec.containers.push({
      name: 'log-tailer',
      image: 'registry.example.com/observability/tailer:2.4.1',
      args: ['--follow', '/var/log/app'],
      volumeMounts: [{ name: 'app-logs', mountPath: '/var/log/app', readOnly: true }],
    })
  })
const module = new PeprModule(
  { description: 'bench', pepr: { uuid: 'bench', onError: 'reject', alwaysIgnore: { namespaces: [] } } },
  [capability],
  { deferStart: true },
)
module.start(port)

/** The paths are there once the store is. */
function isUp() {
  return new Promise(resolve => {
    const options = { host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false }
    const outgoing = request(options, incoming => {
      incoming.resume()
      resolve(incoming.statusCode === 200)
    })
    outgoing.on('error', () => resolve(false))
    outgoing.end()
  })
}
for (let i = 0; i < 300 && !(await isUp()); i++) await new Promise(resolve => setTimeout(resolve, 100))

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMicroseconds: user + system, rssBytes: process.memoryUsage.rss() })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ port })
