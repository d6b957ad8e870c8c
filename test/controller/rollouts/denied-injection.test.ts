import { expect, it } from 'vitest'
import { preview } from '../../../src/controller/preview/preview.ts'
import { denialsOfInjection } from '../../../src/controller/rollouts/denied-injection.ts'
import { dig, type JsonObject } from '../../../src/json/value.ts'
import { namespaceLabelsOf } from '../../../src/policy/match.ts'
import { setOf } from '../../support/engine.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'
import { injectionSetOf, injectionText } from '../../support/injection.ts'
import { recordOf, rolloutSources } from '../../support/rollouts.ts'

const LABELS = namespaceLabelsOf({ shop: {}, bank: {} })
const SERVED = [
  { group: 'apps', version: 'v1', resource: 'deployments', verbs: ['list'] },
  { group: 'apps', version: 'v1', resource: 'replicasets', verbs: ['list'] },
].map(resource => ({ ...resource, kind: '', isNamespaced: true }))

function workload(kind: string, namespace: string, name: string, container: string, owner?: JsonObject): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      namespace,
      name,
      uid: `uid-${name}`,
      ...(owner !== undefined && {
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            name: 'web',
            uid: dig(owner, 'metadata', 'uid') ?? '',
            controller: true,
          },
        ],
      }),
    },
    spec: { selector: {}, template: { metadata: {}, spec: { containers: [{ name: container, image: 'other' }] } } },
  }
}

it('an injection that refuses pods with something in its way is previewed as a policy is, old ReplicaSets too', async () => {
  const cluster = new FakeCluster()
  const web = cluster.put('/apis/apps/v1/deployments', workload('Deployment', 'shop', 'web', 'app'))
  cluster.put('/apis/apps/v1/replicasets', workload('ReplicaSet', 'shop', 'web-old', 'proxy', web))
  cluster.put('/apis/apps/v1/deployments', workload('Deployment', 'kube-system', 'dns', 'proxy'))
  const next = injectionText('next', {
    staged: true,
    onConflict: 'Deny',
    containers: [{ name: 'proxy', image: 'proxy' }],
  })
  const before = injectionText('before', { containers: [{ name: 'sidecar', image: 'proxy' }] })
  const record = recordOf(
    { phase: 'Pending', stage: -1 },
    { target: { kind: 'SidecarInjection', name: 'next' }, replaces: 'before' },
  )
  const injections = injectionSetOf([next, before].join('\n---\n'), rolloutSources([record]))
  const [shadow] = injections.shadows
  if (shadow === undefined) throw new Error('there is no shadow')
  const policy = denialsOfInjection(shadow, injections, LABELS)
  const set = { ...setOf(''), policies: [policy] }
  const found = await preview(cluster.client, { set, namespaceLabels: LABELS, now: 0, served: SERVED }, [])
  expect(found.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)).toEqual(['Deployment shop/web'])
  expect(found[0]?.reasons).toMatchObject([
    { via: 'ReplicaSet web-old', policy: 'next', message: expect.stringContaining('proxy') },
  ])
})
