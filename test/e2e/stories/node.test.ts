import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlPlane, createNamespace, startControlPlane } from '../support/control-plane.ts'
import { type GatewayProcess, startGateway } from '../support/gateway.ts'
import { waitUntil } from '../support/processes.ts'
import { registerGateway, registerObserver, WEBHOOK } from '../support/webhooks.ts'

let plane: ControlPlane
let gateway: GatewayProcess

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  await createNamespace(plane, 'shop')
  gateway = await startGateway({ directory: plane.directory, authority: plane.webhookCa })
  const registration = { port: gateway.port, authority: plane.webhookCa }
  await registerGateway(plane, registration)
  await registerObserver(plane, registration)
  await waitUntil(
    'warnings are in force',
    async () => (await create(agent(SYSCTL, ['--dry-run=server']))).stderr !== '',
  )
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

const SYSCTL = 'sysctl -w net.bridge.bridge-nf-call-iptables=0 && sleep infinity'

interface Creation {
  readonly object: unknown
  readonly args?: readonly string[]
}

/** A DaemonSet that runs a script on every node. */
function agent(script: string, args: readonly string[] = []): Creation {
  const labels = { app: 'tune' }
  const container = { name: 'tune', image: 'registry.example.com/tune:1', command: ['sh', '-c', script] }
  const template = { metadata: { labels }, spec: { hostNetwork: true, containers: [container] } }
  const spec = { selector: { matchLabels: labels }, template }
  return {
    object: { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'tune', namespace: 'shop' }, spec },
    args,
  }
}

const create = ({ object, args = [] }: Creation) => plane.kubectl(['create', ...args, '-f', '-'], { input: object })

describe('war story 1: pods that mount the node', () => {
  const pod = (path: string) => ({
    spec: {
      containers: [{ name: 'a', image: 'registry.example.com/a:1', volumeMounts: [{ name: 'h', mountPath: '/host' }] }],
      volumes: [{ name: 'h', hostPath: { path } }],
    },
  })
  const deployment = (path: string) => {
    const labels = { app: 'cleaner' }
    const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, ...pod(path) } }
    return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cleaner', namespace: 'shop' }, spec }
  }

  test.each(['/', '/var/lib/kubelet', '/var/lib//./kubelet/pods'])(
    '%s never comes to a node: neither as a pod nor by a controller',
    async path => {
      const direct = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'cleaner', namespace: 'shop' }, ...pod(path) }
      for (const object of [direct, deployment(path)]) {
        const { code, stderr } = await create({ object })
        expect(code, stderr).toBe(1)
        expect(stderr).toContain(`admission webhook "${WEBHOOK}" denied the request`)
      }
      expect(JSON.parse((await plane.request('GET', '/api/v1/namespaces/shop/pods')).body)).toMatchObject({ items: [] })
    },
  )
})

describe('war story 2: a bridge sysctl that one agent switches off', () => {
  test('is told to whoever creates it, with what breaks; it is not refused before the policy says so', async () => {
    const { code, stderr } = await create(agent(SYSCTL))
    process.stdout.write(stderr)
    expect(code).toBe(0)
    expect(stderr).toContain('sets "net.bridge.bridge-nf-call-iptables" to 0: kube-proxy\'s rules are skipped')
  })

  test('is counted, with the policy', async () => {
    expect(await gateway.metrics()).toMatch(
      /portcullis_decisions_total\{policy="node-network",action="Warn",operation="CREATE"\} [1-9]/,
    )
  })

  test('switched on, nobody hears of it', async () => {
    const { stderr } = await create(agent(SYSCTL.replace('=0', '=1'), ['--dry-run=server']))
    expect(stderr).not.toContain('net.bridge')
  })
})
