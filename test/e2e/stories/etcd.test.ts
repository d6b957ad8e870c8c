import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { type EtcdCluster, etcdCluster } from '../support/etcd-cluster.ts'
import { type GatewayProcess, startGateway } from '../support/gateway.ts'
import { waitUntil } from '../support/processes.ts'
import { registerGateway, unregisterGateway } from '../support/webhooks.ts'

const MEMBERS = [0, 1, 2]

describe('war story 3: three members of a real etcd', () => {
  let cluster: EtcdCluster

  beforeAll(async () => {
    cluster = await etcdCluster()
    for (const member of MEMBERS) await cluster.start(member, 'new', 'first')
    await cluster.put('/registry/pods/shop/checkout', 'the state of Kubernetes')
  })

  afterAll(() => cluster?.close())

  const allHealthy = () =>
    waitUntil('all members are healthy', async () =>
      (await Promise.all(MEMBERS.map(member => cluster.isHealthy(member)))).every(Boolean),
    )
  const restartAll = async (state: 'new' | 'existing', data: string) => {
    for (const member of MEMBERS) await cluster.stop(member)
    for (const member of MEMBERS) await cluster.start(member, state, data)
  }

  test('a restart with their data keeps everything, whatever the flag says: etcd ignores it then', async () => {
    await restartAll('new', 'first')
    await allHealthy()
    expect(await cluster.get(0, '/registry/pods/shop/checkout')).toBe('the state of Kubernetes')
  })

  test('a restart without their data and with "new" is a new, empty cluster, and nobody complains', async () => {
    await restartAll('new', 'second')
    await allHealthy()
    for (const member of MEMBERS) expect(await cluster.get(member, '/registry/pods/shop/checkout')).toBe(undefined)
    process.stdout.write('the cluster is healthy, and empty\n')
  })

  test('with "existing" members without their data do not start: that is seen, and nothing is made anew', async () => {
    for (const member of MEMBERS) await cluster.stop(member)
    await cluster.start(0, 'existing', 'third')
    await expect(waitUntil('a member starts', () => cluster.isHealthy(0), { milliseconds: 5000 })).rejects.toThrow(
      'not within 5 s',
    )
  })
})

describe('war story 3: the manifests that would do it', () => {
  let plane: ControlPlane
  let gateway: GatewayProcess

  beforeAll(async () => {
    plane = await startControlPlane()
    gateway = await startGateway({ directory: plane.directory, authority: plane.webhookCa })
    // etcd lives in kube-system, and so the registration of this cluster includes it.
    await registerGateway(plane, {
      port: gateway.port,
      authority: plane.webhookCa,
      change: { namespaceSelector: {} },
    })
  })

  afterAll(async () => {
    if (gateway !== undefined) await unregisterGateway(plane)
    await gateway?.stop()
    await plane?.stop()
  })

  const statefulSet = (state: string | undefined, annotations: Readonly<Record<string, string>> = {}) => {
    const labels = { app: 'etcd' }
    const flags = [
      '--data-dir=/var/lib/etcd',
      '--initial-cluster=etcd-0=https://etcd-0:2380,etcd-1=https://etcd-1:2380,etcd-2=https://etcd-2:2380',
      ...(state === undefined ? [] : [`--initial-cluster-state=${state}`]),
    ]
    const container = {
      name: 'etcd',
      image: 'registry.k8s.io/etcd:3.6.8-0',
      command: ['etcd', ...flags],
      volumeMounts: [{ name: 'data', mountPath: '/var/lib/etcd' }],
    }
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '8Gi' } } }
    return {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'etcd', namespace: 'kube-system', annotations },
      spec: {
        replicas: 3,
        serviceName: 'etcd',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
      },
    }
  }
  const apply = (object: unknown) => plane.kubectl(['apply', '-f', '-'], { input: object })

  test('a cluster that is made may say "new", and then "existing"', async () => {
    expect(await apply(statefulSet('new'))).toMatchObject({ code: 0 })
    expect(await apply(statefulSet('existing'))).toMatchObject({ code: 0 })
  })

  test.each([
    ['"existing" to "new"', 'new'],
    ['"existing" to nothing, which is "new"', undefined],
  ])('%s is refused by the API server, with what would be lost', async (_what, state) => {
    const { code, stderr } = await apply(statefulSet(state))
    expect(code).toBe(1)
    process.stdout.write(stderr)
    expect(stderr).toContain('StatefulSet "kube-system/etcd" is refused by policy etcd:')
    expect(stderr).toContain(
      'changes its initial cluster state from "existing" to "new": a member that starts without its data would make a new, empty cluster',
    )
  })

  test('"new" is refused on what is annotated as existing', async () => {
    await plane.kubectl(['delete', 'statefulset', 'etcd', '-n', 'kube-system'])
    const { code, stderr } = await apply(statefulSet('new', { 'portcullis.dev/etcd-initialized': 'true' }))
    expect(code).toBe(1)
    expect(stderr).toContain('although "portcullis.dev/etcd-initialized" says that the cluster exists')
  })
})
