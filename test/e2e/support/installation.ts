import { join } from 'node:path'
import { expect } from 'vitest'
import { type Balancer, startBalancer } from './balancer.ts'
import { runTool } from './commands.ts'
import { type ControlPlane, createNamespace } from './control-plane.ts'
import { registrationBecomes } from './controller.ts'
import { type KubeletOptions, type LocalKubelet, startKubelet } from './kubelet.ts'
import { withoutProxy } from './processes.ts'
import { rootPodGets } from './webhooks.ts'

const NAMESPACE = 'portcullis-system'

/** Portcullis, installed by its chart in mode enforce, its pods processes of this machine. */
export interface Installation {
  readonly balancer: Balancer
  readonly kubelet: LocalKubelet
  /** All pods end at once, as when the power fails; what is returned brings the node back. */
  powerOff(): Promise<() => void>
  stop(): Promise<void>
}

export interface InstallationOptions extends Omit<KubeletOptions, 'namespace' | 'onPod'> {
  /** More values, of the form `key=value`. */
  readonly values?: readonly string[]
}

/** Installs the chart with two gateways, and waits until it enforces. */
export async function install(
  plane: ControlPlane,
  { values = [], ...kubeletOptions }: InstallationOptions = {},
): Promise<Installation> {
  await createNamespace(plane, NAMESPACE)
  const balancer = await startBalancer()
  const startNode = () =>
    startKubelet(plane, {
      ...kubeletOptions,
      namespace: NAMESPACE,
      onPod: (event, pod) => {
        if (pod.component === 'gateway') balancer[event === 'started' ? 'add' : 'remove'](pod)
      },
    })
  let kubelet = startNode()
  const all = [
    'mode=enforce',
    'gateway.replicas=2',
    'gateway.drainSeconds=1',
    `service.port=${balancer.port}`,
    'clientAuth.names={kube-apiserver}',
    ...values,
  ]
  const env = { ...withoutProxy(), HOME: plane.directory, KUBECONFIG: join(plane.directory, 'admin.kubeconfig') }
  const { code, stderr } = await runTool(
    'helm3',
    [
      ...['install', 'portcullis', 'charts/portcullis', '-n', NAMESPACE, '--wait', '--timeout', '200s'],
      ...all.flatMap(value => ['--set', value]),
    ],
    { env },
  )
  expect(code, stderr).toBe(0)
  // No kube-proxy runs here: the Service leads to the balancer.
  const outside = { type: 'ExternalName', externalName: '127.0.0.1', clusterIP: null, clusterIPs: null }
  const path = `/api/v1/namespaces/${NAMESPACE}/services/portcullis`
  await plane.request('PATCH', path, { spec: outside }, 'application/merge-patch+json')
  await registrationBecomes(plane, 'enforce/in-force/Fail')
  await rootPodGets(plane, 403)
  return {
    balancer,
    get kubelet() {
      return kubelet
    },
    async powerOff() {
      for (const pod of kubelet.running('gateway')) balancer.remove(pod)
      await kubelet.stop()
      return () => {
        kubelet = startNode()
      }
    },
    async stop() {
      await kubelet.stop()
      await balancer.stop()
    },
  }
}
