import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { toolsFolder } from './commands.ts'
import type { ControlPlane } from './control-plane.ts'
import { type BackgroundProcess, startProcess, waitUntil } from './processes.ts'

/** Nodes on which pods become ready without a kubelet, and the scheduler that places them there. */
export interface Nodes {
  stop(): Promise<void>
}

/** Only pods that say so run there: those of Portcullis itself are processes of this machine. */
export const TOLERATION = { key: 'simulated', operator: 'Exists', effect: 'NoSchedule' } as const
const ANNOTATION = { 'kwok.x-k8s.io/node': 'fake' }

/** A pod with this annotation is never ready, as one whose sidecar crashes. */
export const BROKEN = 'simulated/broken'

const where = (key: string, operator: string, ...values: readonly string[]) => ({
  key,
  operator,
  ...(values.length > 0 && { values }),
})
const stage = (name: string, kind: string, matchExpressions: readonly object[], next: object) => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name },
  spec: { resourceRef: { apiGroup: 'v1', kind }, selector: { matchExpressions }, next },
})
const NOT_READY = where('.status.conditions.[] | select( .type == "Ready" ) | .status', 'NotIn', 'True')

/** What becomes of a node, of a pod that has one, and of a pod that is deleted. */
const STAGES = [
  stage('node-ready', 'Node', [NOT_READY], {
    statusTemplate: 'conditions:\n- {type: Ready, status: "True", reason: KubeletReady, message: ready}\n',
  }),
  stage(
    'pod-ready',
    'Pod',
    [
      where('.metadata.deletionTimestamp', 'DoesNotExist'),
      where(`.metadata.annotations["${BROKEN}"]`, 'DoesNotExist'),
      where('.status.phase', 'In', 'Pending'),
      NOT_READY,
    ],
    {
      statusTemplate: `{{ $now := Now }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: true, restartCount: 0, state: {running: {startedAt: {{ $now | Quote }}}}}
{{ end }}
phase: Running
startTime: {{ $now | Quote }}
`,
    },
  ),
  stage('pod-delete', 'Pod', [where('.metadata.deletionTimestamp', 'Exists')], { delete: true }),
]

/** Starts kube-scheduler, KWOK and so many nodes. */
export async function startNodes(plane: ControlPlane, count: number): Promise<Nodes> {
  const assets = process.env['KUBEBUILDER_ASSETS'] ?? ''
  const kubeconfig = join(plane.directory, 'admin.kubeconfig')
  mkdirSync(join(plane.directory, 'logs'), { recursive: true })
  const start = (name: string, program: string, args: readonly string[]) =>
    startProcess(name, program, [`--kubeconfig=${kubeconfig}`, ...args], {
      logFile: join(plane.directory, 'logs', `${name}.log`),
      cwd: plane.directory,
    })
  const stages = join(plane.directory, 'stages.yaml')
  writeFileSync(stages, STAGES.map(document => JSON.stringify(document)).join('\n---\n'))
  const running: BackgroundProcess[] = [
    start('kube-scheduler', join(assets, 'kube-scheduler'), ['--leader-elect=false', '--secure-port=0']),
    start('kwok', join(toolsFolder(), 'kwok'), [
      '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
      `--config=${stages}`,
    ]),
  ]
  for (let index = 0; index < count; index++) {
    const name = `node-${index}`
    const resources = { cpu: '64', memory: '512Gi', pods: '500' }
    const node = {
      metadata: { name, annotations: ANNOTATION, labels: { 'kubernetes.io/os': 'linux' } },
      spec: { taints: [{ key: TOLERATION.key, effect: TOLERATION.effect }] },
      status: { allocatable: resources, capacity: resources },
    }
    const { status, body } = await plane.request('POST', '/api/v1/nodes', node)
    if (status !== 201) throw new Error(`node ${name}: ${body}`)
    // The API server adds one that a controller takes away where there is one.
    const taints = [{ key: TOLERATION.key, effect: TOLERATION.effect }]
    await plane.request('PATCH', `/api/v1/nodes/${name}`, { spec: { taints } }, 'application/merge-patch+json')
  }
  const [, kwok] = running
  await waitUntil(
    'the nodes are ready',
    async () => {
      const { body } = await plane.request('GET', '/api/v1/nodes')
      const { items } = JSON.parse(body) as {
        items: { status: { conditions?: { type: string; status: string }[] } }[]
      }
      return items.every(({ status }) =>
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      )
    },
    kwok === undefined ? {} : { process: kwok },
  )
  return {
    async stop() {
      for (const program of running) await program.stop('SIGKILL')
    },
  }
}
