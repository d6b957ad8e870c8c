import { expect, it } from 'vitest'
import { hostPathSet, judge, requestFor } from '../support/engine.ts'

const set = hostPathSet()
const volumes = [{ name: 'd', hostPath: { path: '/etc' } }]
const pod = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'i' }], volumes } }
const at = (place: string) => `${place}/volumes/0/hostPath/path`

// Written as their documentation shows them, not from the table.
it.each<readonly [apiVersion: string, kind: string, spec: object, pointer: string]>([
  [
    'tekton.dev/v1',
    'PipelineRun',
    { pipelineSpec: { tasks: [{ name: 'a', taskSpec: { steps: [{ image: 'i' }], volumes } }] } },
    at('/spec/pipelineSpec/tasks/0/taskSpec'),
  ],
  ['tekton.dev/v1', 'TaskRun', { taskRef: { name: 't' }, podTemplate: { volumes } }, at('/spec/podTemplate')],
  [
    'argoproj.io/v1alpha1',
    'Workflow',
    {
      entrypoint: 'm',
      volumes,
      templates: [{ name: 'm', container: { image: 'i', volumeMounts: [{ name: 'd', mountPath: '/d' }] } }],
    },
    at('/spec'),
  ],
  [
    'argoproj.io/v1alpha1',
    'CronWorkflow',
    { schedule: '@daily', workflowSpec: { templates: [{ name: 'm', volumes, container: { image: 'i' } }] } },
    at('/spec/workflowSpec/templates/0'),
  ],
  [
    'sparkoperator.k8s.io/v1beta2',
    'ScheduledSparkApplication',
    { schedule: '@daily', template: { volumes, driver: {}, executor: {} } },
    at('/spec/template'),
  ],
  [
    'ray.io/v1',
    'RayCluster',
    { headGroupSpec: { rayStartParams: {}, template: {} }, workerGroupSpecs: [{ groupName: 'w', template: pod }] },
    at('/spec/workerGroupSpecs/0/template/spec'),
  ],
  [
    'ray.io/v1',
    'RayJob',
    { entrypoint: 'python a.py', rayClusterSpec: { headGroupSpec: { template: pod } } },
    at('/spec/rayClusterSpec/headGroupSpec/template/spec'),
  ],
  [
    'kubeflow.org/v1',
    'MPIJob',
    { mpiReplicaSpecs: { Launcher: { replicas: 1, template: pod } } },
    at('/spec/mpiReplicaSpecs/Launcher/template/spec'),
  ],
  [
    'serving.kserve.io/v1beta1',
    'InferenceService',
    { predictor: { volumes, model: { modelFormat: { name: 'sklearn' } } } },
    at('/spec/predictor'),
  ],
  ['serving.knative.dev/v1', 'Configuration', { template: pod }, at('/spec/template/spec')],
  ['monitoring.coreos.com/v1', 'Alertmanager', { replicas: 3, volumes }, at('/spec')],
  [
    'elasticsearch.k8s.elastic.co/v1',
    'Elasticsearch',
    { nodeSets: [{ name: 'a', count: 3, podTemplate: { spec: { volumes } } }] },
    at('/spec/nodeSets/0/podTemplate/spec'),
  ],
  [
    'beat.k8s.elastic.co/v1beta1',
    'Beat',
    { type: 'filebeat', daemonSet: { podTemplate: { spec: { volumes } } } },
    at('/spec/daemonSet/podTemplate/spec'),
  ],
  [
    'acid.zalan.do/v1',
    'postgresql',
    { additionalVolumes: [{ name: 'd', mountPath: '/d', volumeSource: { hostPath: { path: '/etc' } } }] },
    '/spec/additionalVolumes/0/volumeSource/hostPath/path',
  ],
  [
    'batch.volcano.sh/v1alpha1',
    'Job',
    { tasks: [{ replicas: 1, name: 'w', template: pod }] },
    at('/spec/tasks/0/template/spec'),
  ],
  [
    'agones.dev/v1',
    'Fleet',
    { template: { spec: { ports: [], template: pod } } },
    at('/spec/template/spec/template/spec'),
  ],
  [
    'leaderworkerset.x-k8s.io/v1',
    'LeaderWorkerSet',
    { leaderWorkerTemplate: { workerTemplate: pod } },
    at('/spec/leaderWorkerTemplate/workerTemplate/spec'),
  ],
  [
    'apps.kruise.io/v1alpha1',
    'SidecarSet',
    { selector: {}, containers: [{ name: 'a', image: 'i' }], volumes },
    at('/spec'),
  ],
  [
    'actions.github.com/v1alpha1',
    'AutoscalingRunnerSet',
    { githubConfigUrl: 'u', template: { spec: { volumes } } },
    at('/spec/template/spec'),
  ],
  [
    'flink.apache.org/v1beta1',
    'FlinkDeployment',
    { jobManager: { podTemplate: { spec: { volumes } } } },
    at('/spec/jobManager/podTemplate/spec'),
  ],
  ['keda.sh/v1alpha1', 'ScaledJob', { jobTargetRef: { template: pod } }, at('/spec/jobTargetRef/template/spec')],
  [
    'opentelemetry.io/v1beta1',
    'OpenTelemetryCollector',
    { mode: 'daemonset', volumes, volumeMounts: [{ name: 'd', mountPath: '/d' }] },
    at('/spec'),
  ],
])('%s %s is refused', (apiVersion, kind, spec, pointer) => {
  const object = { apiVersion, kind, metadata: { name: 'x', namespace: 'shop' }, spec }
  expect(judge(set, requestFor(object)).denials.map(({ finding }) => finding.pointer)).toEqual([pointer])
})
