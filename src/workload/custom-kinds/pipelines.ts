import type { ContainerPlace, PodParts, PodTemplateKind } from '../pod-places.ts'
import { readIn } from './source.ts'

const TEKTON = 'tektoncd/pipeline'

/** Tekton's steps call their resources by another name since v1. */
const RESOURCES = { resources: 'computeResources' }

/** A Tekton TaskSpec: steps and sidecars are containers, beside their volumes. */
function taskSpec(at: string): PodParts {
  return {
    at,
    containers: [
      { at: '/steps/*', rename: RESOURCES, script: 'script' },
      { at: '/sidecars/*', rename: RESOURCES, script: 'script' },
      { at: '/stepTemplate', name: 'stepTemplate', rename: RESOURCES },
    ],
    volumes: ['/volumes/*'],
  }
}

const EMBEDDED_TASKS = ['tasks', 'finally'].map(list => `/${list}/*/taskSpec`)

const TEKTON_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'tekton.dev',
    kind: 'Task',
    resource: 'tasks',
    pointers: [],
    parts: [taskSpec('/spec')],
    source: readIn(TEKTON, 'pkg/apis/pipeline/v1/task_types.go', '1027f728dd31', 'v1beta1, v1'),
  },
  {
    group: 'tekton.dev',
    kind: 'ClusterTask',
    resource: 'clustertasks',
    pointers: [],
    parts: [taskSpec('/spec')],
    source: readIn(TEKTON, 'pkg/apis/pipeline/v1/task_types.go', '1027f728dd31', 'v1beta1'),
  },
  {
    group: 'tekton.dev',
    kind: 'TaskRun',
    resource: 'taskruns',
    pointers: [],
    specs: ['/spec/podTemplate'],
    isPartial: true,
    parts: [taskSpec('/spec/taskSpec')],
    source: readIn(TEKTON, 'pkg/apis/pipeline/v1/taskrun_types.go', '01444f4bdb05', 'v1beta1, v1'),
  },
  {
    group: 'tekton.dev',
    kind: 'Pipeline',
    resource: 'pipelines',
    pointers: [],
    parts: EMBEDDED_TASKS.map(tasks => taskSpec(`/spec${tasks}`)),
    source: readIn(TEKTON, 'pkg/apis/pipeline/v1/task_types.go', '1027f728dd31', 'v1beta1, v1'),
  },
  {
    group: 'tekton.dev',
    kind: 'PipelineRun',
    resource: 'pipelineruns',
    pointers: [],
    specs: [
      '/spec/podTemplate',
      '/spec/taskRunTemplate/podTemplate',
      '/spec/taskRunSpecs/*/podTemplate',
      '/spec/taskRunSpecs/*/taskPodTemplate',
    ],
    isPartial: true,
    parts: EMBEDDED_TASKS.map(tasks => taskSpec(`/spec/pipelineSpec${tasks}`)),
    source: readIn(TEKTON, 'pkg/apis/pipeline/pod/template.go', '0505f23359fc', 'v1beta1, v1'),
  },
  {
    group: 'tekton.dev',
    kind: 'StepAction',
    resource: 'stepactions',
    pointers: [],
    parts: [{ at: '', containers: [{ at: '/spec', name: 'step', script: 'script' }] }],
    source: readIn(TEKTON, 'pkg/apis/pipeline/v1beta1/stepaction_types.go', '1edbbdba4730', 'v1alpha1, v1beta1'),
  },
  {
    group: 'triggers.tekton.dev',
    kind: 'EventListener',
    resource: 'eventlisteners',
    pointers: ['/spec/resources/kubernetesResource/spec/template', '/spec/resources/customResource/spec/template'],
    isPartial: true,
    source: readIn('tektoncd/triggers', 'pkg/apis/triggers/v1beta1/event_listener_types.go', '195b00e2608b', 'v1beta1'),
  },
]

const ARGO = 'argoproj.io'
const WORKFLOW_TYPES = readIn(
  'argoproj/argo-workflows',
  'pkg/apis/workflow/v1alpha1/workflow_types.go',
  '00068233afff',
  'v1alpha1',
)

/** Where a workflow has templates: by name, as the defaults of all, and inline in steps and tasks. */
const ARGO_TEMPLATES = [
  '/templates/*',
  '/templateDefaults',
  '/templates/*/steps/*/*/inline',
  '/templates/*/dag/tasks/*/inline',
]

/** An Argo workflow: its volumes are for all templates, and each template may have further ones. */
function workflowSpec(at: string): readonly PodParts[] {
  const containers = ARGO_TEMPLATES.flatMap((template): readonly ContainerPlace[] => [
    { at: `${template}/initContainers/*`, list: 'initContainers' },
    { at: `${template}/container`, name: 'main' },
    { at: `${template}/script`, name: 'main', script: 'source' },
    { at: `${template}/containerSet/containers/*` },
    { at: `${template}/sidecars/*` },
  ])
  return [
    {
      at,
      spec: { at: '', pick: ['hostNetwork', 'securityContext'] },
      containers,
      volumes: ['/volumes/*', ...ARGO_TEMPLATES.map(template => `${template}/volumes/*`)],
    },
    ...ARGO_TEMPLATES.map(template => ({ at: at + template, spec: { at: '', pick: ['securityContext'] } })),
  ]
}

/** The pods of Argo Events: a template with one container that is named apart. */
function eventsTemplate(at: string): PodParts {
  return {
    at,
    spec: { at: '', pick: ['securityContext'] },
    containers: [{ at: '/container', name: 'main' }],
    volumes: ['/volumes/*'],
  }
}

const ROLLOUTS = 'argoproj/argo-rollouts'
const ANALYSIS_TYPES = readIn(ROLLOUTS, 'pkg/apis/rollouts/v1alpha1/analysis_types.go', '002944a5a5a4', 'v1alpha1')
const ANALYSIS_JOBS = ['/spec/metrics/*/provider/job/spec/template']

const ARGO_KINDS: readonly PodTemplateKind[] = [
  {
    group: ARGO,
    kind: 'Rollout',
    resource: 'rollouts',
    pointers: ['/spec/template'],
    source: readIn(ROLLOUTS, 'pkg/apis/rollouts/v1alpha1/experiment_types.go', '0b88cecf273d', 'v1alpha1'),
  },
  {
    group: ARGO,
    kind: 'Experiment',
    resource: 'experiments',
    pointers: ['/spec/templates/*/template'],
    source: readIn(ROLLOUTS, 'pkg/apis/rollouts/v1alpha1/experiment_types.go', '0b88cecf273d', 'v1alpha1'),
  },
  { group: ARGO, kind: 'AnalysisRun', resource: 'analysisruns', pointers: ANALYSIS_JOBS, source: ANALYSIS_TYPES },
  {
    group: ARGO,
    kind: 'AnalysisTemplate',
    resource: 'analysistemplates',
    pointers: ANALYSIS_JOBS,
    source: ANALYSIS_TYPES,
  },
  {
    group: ARGO,
    kind: 'ClusterAnalysisTemplate',
    resource: 'clusteranalysistemplates',
    pointers: ANALYSIS_JOBS,
    source: ANALYSIS_TYPES,
  },
  ...(['Workflow', 'WorkflowTemplate', 'ClusterWorkflowTemplate'] as const).map(kind => ({
    group: ARGO,
    kind,
    resource: `${kind.toLowerCase()}s`,
    pointers: [],
    parts: workflowSpec('/spec'),
    source: WORKFLOW_TYPES,
  })),
  {
    group: ARGO,
    kind: 'CronWorkflow',
    resource: 'cronworkflows',
    pointers: [],
    parts: workflowSpec('/spec/workflowSpec'),
    source: WORKFLOW_TYPES,
  },
  {
    group: ARGO,
    kind: 'Sensor',
    resource: 'sensors',
    pointers: [],
    parts: [eventsTemplate('/spec/template')],
    source: readIn('argoproj/argo-events', 'pkg/apis/events/v1alpha1/sensor_types.go', '0d6291964dbb', 'v1alpha1'),
  },
  {
    group: ARGO,
    kind: 'EventSource',
    resource: 'eventsources',
    pointers: [],
    parts: [eventsTemplate('/spec/template')],
    source: readIn('argoproj/argo-events', 'pkg/apis/events/v1alpha1/sensor_types.go', '0d6291964dbb', 'v1alpha1'),
  },
]

const ARC = 'actions/actions-runner-controller'
const ARC_GROUP = 'actions.github.com'
const OLD_ARC_GROUP = 'actions.summerwind.dev'
const OLD_ARC_TYPES = readIn(ARC, 'apis/actions.summerwind.net/v1alpha1/runner_types.go', '012180210371', 'v1alpha1')

/** A runner's pod spec, with further containers beside, and the runner's own mounts. */
function runnerSpec(at: string): PodParts {
  return {
    at,
    spec: { at: '', pick: ['securityContext'] },
    containers: [
      { at: '/initContainers/*', list: 'initContainers' },
      { at: '/containers/*' },
      { at: '/sidecarContainers/*' },
      { at: '/ephemeralContainers/*', list: 'ephemeralContainers' },
      { at: '', name: 'runner', pick: ['image', 'volumeMounts', 'resources', 'env'] },
      { at: '', name: 'docker', pick: [], rename: { volumeMounts: 'dockerVolumeMounts' } },
    ],
    volumes: ['/volumes/*'],
  }
}

const ARC_KINDS: readonly PodTemplateKind[] = [
  {
    group: ARC_GROUP,
    kind: 'AutoscalingRunnerSet',
    resource: 'autoscalingrunnersets',
    pointers: ['/spec/template', '/spec/listenerTemplate'],
    isPartial: true,
    source: readIn(ARC, 'apis/actions.github.com/v1alpha1/autoscalingrunnerset_types.go', '03c274d103c7', 'v1alpha1'),
  },
  {
    group: ARC_GROUP,
    kind: 'AutoscalingListener',
    resource: 'autoscalinglisteners',
    pointers: ['/spec/template'],
    isPartial: true,
    source: readIn(ARC, 'apis/actions.github.com/v1alpha1/autoscalinglistener_types.go', '9deb87b2c24b', 'v1alpha1'),
  },
  {
    group: ARC_GROUP,
    kind: 'EphemeralRunnerSet',
    resource: 'ephemeralrunnersets',
    pointers: ['/spec/ephemeralRunnerSpec'],
    isPartial: true,
    source: readIn(ARC, 'apis/actions.github.com/v1alpha1/ephemeralrunnerset_types.go', '233ce28b3b52', 'v1alpha1'),
  },
  {
    group: ARC_GROUP,
    kind: 'EphemeralRunner',
    resource: 'ephemeralrunners',
    pointers: ['/spec'],
    isPartial: true,
    source: readIn(ARC, 'apis/actions.github.com/v1alpha1/ephemeralrunner_types.go', '233ce28b3b52', 'v1alpha1'),
  },
  {
    group: OLD_ARC_GROUP,
    kind: 'Runner',
    resource: 'runners',
    pointers: [],
    parts: [runnerSpec('/spec')],
    source: OLD_ARC_TYPES,
  },
  {
    group: OLD_ARC_GROUP,
    kind: 'RunnerReplicaSet',
    resource: 'runnerreplicasets',
    pointers: [],
    parts: [runnerSpec('/spec/template/spec')],
    source: OLD_ARC_TYPES,
  },
  {
    group: OLD_ARC_GROUP,
    kind: 'RunnerDeployment',
    resource: 'runnerdeployments',
    pointers: [],
    parts: [runnerSpec('/spec/template/spec')],
    source: OLD_ARC_TYPES,
  },
  {
    group: OLD_ARC_GROUP,
    kind: 'RunnerSet',
    resource: 'runnersets',
    pointers: ['/spec/template'],
    isPartial: true,
    source: readIn(ARC, 'apis/actions.summerwind.net/v1alpha1/runnerset_types.go', '61fa46197ead', 'v1alpha1'),
  },
]

/** What runs builds, pipelines and workflows. */
export const PIPELINE_KINDS: readonly PodTemplateKind[] = [...TEKTON_KINDS, ...ARGO_KINDS, ...ARC_KINDS]
