import type { JudgeOptions, RequestFields } from '../../support/engine.ts'
import { type Add, app, host, kind, pod, type Result, ROOT, result } from '../support.ts'

/** What the shipped exceptions let pass, and whose it is. */
export function exceptionTries(attack: Add): void {
  const hostPath = (
    expected: Result,
    what: string,
    object: unknown,
    fields: RequestFields = {},
    options: JudgeOptions = {},
  ) => attack(what, expected, () => result(object, 'host-path', fields, options))
  // Exceptions.
  const exporter = (container: object, spec: object = {}, metadata: object = {}) =>
    pod(
      {
        ...ROOT,
        containers: [
          {
            name: 'node-exporter',
            image: 'quay.io/prometheus/node-exporter:v1.9.1',
            volumeMounts: [{ name: 'h', mountPath: '/host', readOnly: true }],
            ...container,
          },
        ],
        ...spec,
      },
      { name: 'node-exporter-x', namespace: 'monitoring', ...metadata },
    )
  hostPath(
    'denied',
    'an exempted pod whose image is changed afterwards',
    exporter({ image: 'registry.example/evil:1' }),
    { oldObject: exporter({}) },
  )
  hostPath(
    'denied',
    'an exempted pod that a debug container joins, under the name of the exempted one',
    exporter(
      {},
      {
        ephemeralContainers: [
          { name: 'node-exporter', image: 'registry.example/evil:1', volumeMounts: [{ name: 'h', mountPath: '/h' }] },
        ],
      },
    ),
    { oldObject: exporter({}), subResource: 'ephemeralcontainers' },
  )
  hostPath(
    'denied',
    'an exempted container, and another that mounts the same volume',
    exporter({}, { initContainers: [{ ...app, volumeMounts: [{ name: 'h', mountPath: '/h' }] }] }),
  )
  hostPath(
    'denied',
    'an exempted image whose tag holds another registry',
    exporter({ image: 'registry.example/quay.io/prometheus/node-exporter:v1' }),
  )
  hostPath('denied', 'an exempted image in capitals', exporter({ image: 'QUAY.IO/prometheus/node-exporter:v1' }))
  hostPath('denied', 'an exempted pod, made by a Deployment', {
    ...kind('apps/v1', 'Deployment', { template: { metadata: {}, spec: exporter({}).spec } }),
    metadata: { name: 'node-exporter', namespace: 'monitoring' },
  })
  hostPath('denied', 'an exempted path’s neighbour, `/var/lib`', exporter({}, host('/var/lib')))
  hostPath('denied', 'an exempted path through a process, `/proc/1/root`', exporter({}, host('/proc/1/root')))
  hostPath(
    'denied',
    'a name of an exception in a namespace whose name begins like its own',
    exporter({}, {}, { namespace: 'monitoring-2' }),
  )
  hostPath('denied', 'an exempted path that no container mounts', exporter({ volumeMounts: [] }))
  hostPath(
    'denied',
    'a user who says that he is of system:masters in an annotation',
    pod(ROOT, { annotations: { 'authentication.kubernetes.io/groups': 'system:masters' } }),
  )
  hostPath('denied', 'a user of the group system:masters', pod(ROOT), {
    userInfo: { username: 'system:admin', uid: '', groups: ['system:masters'] },
  })
  hostPath(
    'denied',
    'a label of the namespace that an excluded one has',
    pod(ROOT),
    {},
    { namespaceLabels: { labelsOf: () => ({ 'kubernetes.io/metadata.name': 'kube-system' }) } },
  )
  hostPath(
    'denied',
    'annotations of a static pod',
    pod(ROOT, {
      annotations: {
        'kubernetes.io/config.source': 'file',
        'kubernetes.io/config.mirror': 'x',
        'kubernetes.io/config.hash': 'x',
      },
    }),
    { userInfo: { username: 'system:node:', uid: '', groups: ['system:nodes'] } },
  )
  hostPath(
    'denied',
    'a mirror pod by a user who is called like the node, without its group',
    pod({ ...ROOT, nodeName: 'n1' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
    { userInfo: { username: 'system:node:n1', uid: '', groups: ['system:authenticated', 'system:nodes-2'] } },
  )
}
