import { expect, it, onTestFinished } from 'vitest'
import { portcullis } from '../../src/cli/portcullis.ts'
import { json } from '../support/engine.ts'
import { FakeCluster } from '../support/fake-cluster.ts'
import { testIo } from '../support/io.ts'
import { serveCluster } from '../support/served-cluster.ts'

const LEFT = {
  pods: 3,
  unready: 2,
  names: ['shop/web-1', 'shop/web-2'],
  command: 'kubectl delete pod -n shop web-1 web-2',
}

async function statusWith(left: object): Promise<string> {
  const cluster = new FakeCluster()
  const spec = { target: { kind: 'SidecarInjection', name: 'team' }, stages: [{ name: 'canary', hold: '30m' }] }
  const status = { phase: 'RolledBack', stage: '', message: 'a gate was breached', left }
  cluster.put(
    '/apis/portcullis.dev/v1alpha1/canaryrollouts',
    json({ kind: 'CanaryRollout', metadata: { name: 'roll' }, spec, status }),
  )
  const served = await serveCluster(cluster, [])
  onTestFinished(() => served.stop())
  const test = testIo()
  await portcullis(['rollout', 'status', 'roll', '--kubeconfig', served.kubeconfig], test.io)
  return test.out()
}

it('names the pods that an injection was left in, with the command that lets them be made anew', async () => {
  expect(await statusWith(LEFT)).toContain(
    `
3 pods still have the injection, 2 of them are not ready:
  shop/web-1
  shop/web-2
Let them be made anew without it:
  kubectl delete pod -n shop web-1 web-2
`,
  )
})

it('says that pods which run lose it by themselves, and gives no command that would restart nothing', async () => {
  expect(await statusWith({ ...LEFT, unready: 0, names: [], command: '' })).toContain(
    '3 pods still have the injection, 0 of them are not ready. They lose it when they are made anew.\n',
  )
  expect(await statusWith({ ...LEFT, command: '' })).toContain('Let them be made anew without it: by hand\n')
})
