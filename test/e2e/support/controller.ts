import { mkdtempSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type ControlPlane, createNamespace } from './control-plane.ts'
import { type BackgroundProcess, freePort, startProcess, waitUntil, withoutProxy } from './processes.ts'

const MAIN = fileURLToPath(new URL('../../../dist/main/portcullis.js', import.meta.url))

/** The built controller as a process of its own. */
export interface ControllerProcess {
  readonly process: BackgroundProcess
  metrics(): Promise<string>
  log(): string
}

/** What a cluster has before the controller comes: what the chart brings along. */
export async function prepareCluster(plane: ControlPlane): Promise<void> {
  for (const name of ['portcullis-system', 'portcullis-probe', 'shop']) await createNamespace(plane, name)
  await applyDefinitions(plane)
  const service = {
    metadata: { name: 'portcullis' },
    spec: { type: 'ExternalName', externalName: '127.0.0.1' },
  }
  await plane.request('POST', '/api/v1/namespaces/portcullis-system/services', service)
}

/** Applies the definitions of our kinds, and waits until the API server serves them, which is a while after it says so. */
export async function applyDefinitions(plane: ControlPlane): Promise<void> {
  const applied = await plane.kubectl(['apply', '-f', 'charts/portcullis/files/crds'])
  if (applied.code !== 0) throw new Error(applied.stderr)
  const kinds = ['policies', 'policyexceptions', 'sidecarinjections', 'canaryrollouts']
  const names = kinds.map(kind => `${kind}.portcullis.dev`).join()
  await waitUntil('the kinds are served', async () => (await plane.kubectl(['get', names, '-A'])).code === 0)
}

/** Starts `portcullis controller` for a gateway on a port of the loopback, and waits until it runs. */
export async function startController(
  plane: ControlPlane,
  gatewayPort: number,
  args: readonly string[] = [],
): Promise<ControllerProcess> {
  const directory = mkdtempSync(join(plane.directory, 'controller-'))
  const healthPort = await freePort()
  await writeFile(join(directory, 'ca.crt'), plane.webhookCa.certificatePem)
  const running = startProcess(
    'controller',
    process.execPath,
    [
      ...[MAIN, 'controller', '--kubeconfig', join(plane.directory, 'admin.kubeconfig')],
      ...['--health-listen', `127.0.0.1:${healthPort}`, '--service-port', String(gatewayPort)],
      ...(args.includes('--certificates') ? [] : ['--certificates', 'files', '--ca-file', 'ca.crt']),
      ...args,
    ],
    {
      logFile: join(directory, 'controller.log'),
      cwd: directory,
      env: { ...withoutProxy(), POD_NAMESPACE: 'portcullis-system' },
    },
  )
  const url = `http://127.0.0.1:${healthPort}`
  await waitUntil('the controller is ready', async () => (await fetch(`${url}/readyz`)).ok, { process: running })
  return {
    process: running,
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    log: () => readFileSync(running.logFile, 'utf8'),
  }
}

/** Mode and stage of the registration, as `mode/stage/failurePolicy of its first webhook`; `none` without one. */
export async function registrationOf(plane: ControlPlane): Promise<string> {
  const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/portcullis'
  const { status, body } = await plane.request('GET', path)
  if (status === 404) return 'none'
  const { metadata, webhooks } = JSON.parse(body) as {
    metadata: { annotations: Record<string, string> }
    webhooks: { failurePolicy: string }[]
  }
  const { annotations } = metadata
  return [annotations['portcullis.dev/mode'], annotations['portcullis.dev/stage'], webhooks[0]?.failurePolicy].join('/')
}

/** Waits until the registration is this. */
export async function registrationBecomes(plane: ControlPlane, expected: string): Promise<void> {
  await waitUntil(`the registration is ${expected}`, async () => (await registrationOf(plane)) === expected)
}
