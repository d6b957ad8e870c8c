import type { PodTemplateKind } from '../pod-places.ts'
import { readIn } from './source.ts'

const TEMPLATE = ['/spec/template']

const KRUISE = 'openkruise/kruise'
const KRUISE_GROUP = 'apps.kruise.io'
const STS_IN_UNITED = [
  'statefulSetTemplate',
  'advancedStatefulSetTemplate',
  'cloneSetTemplate',
  'deploymentTemplate',
].map(name => `/spec/template/${name}/spec/template`)

/** OpenKruise's workloads, beside Kubernetes' own. */
const KRUISE_KINDS: readonly PodTemplateKind[] = [
  {
    group: KRUISE_GROUP,
    kind: 'CloneSet',
    resource: 'clonesets',
    pointers: TEMPLATE,
    source: readIn(KRUISE, 'apis/apps/v1beta1/cloneset_types.go', '044a5eb319cf', 'v1alpha1, v1beta1'),
  },
  {
    group: KRUISE_GROUP,
    kind: 'StatefulSet',
    resource: 'statefulsets',
    pointers: TEMPLATE,
    source: readIn(KRUISE, 'apis/apps/v1beta1/statefulset_types.go', '58ffbc15eefa', 'v1alpha1, v1beta1'),
  },
  {
    group: KRUISE_GROUP,
    kind: 'DaemonSet',
    resource: 'daemonsets',
    pointers: TEMPLATE,
    source: readIn(KRUISE, 'apis/apps/v1beta1/daemonset_types.go', 'ac57efda17ca', 'v1alpha1, v1beta1'),
  },
  {
    group: KRUISE_GROUP,
    kind: 'BroadcastJob',
    resource: 'broadcastjobs',
    pointers: TEMPLATE,
    source: readIn(KRUISE, 'apis/apps/v1beta1/broadcastjob_types.go', 'ac57efda17ca', 'v1alpha1, v1beta1'),
  },
  {
    group: KRUISE_GROUP,
    kind: 'AdvancedCronJob',
    resource: 'advancedcronjobs',
    pointers: ['/spec/template/jobTemplate/spec/template', '/spec/template/broadcastJobTemplate/spec/template'],
    source: readIn(KRUISE, 'apis/apps/v1beta1/advancedcronjob_types.go', 'ac57efda17ca', 'v1alpha1, v1beta1'),
  },
  {
    // Its containers go into pods of others.
    group: KRUISE_GROUP,
    kind: 'SidecarSet',
    resource: 'sidecarsets',
    pointers: [],
    specs: ['/spec'],
    isPartial: true,
    source: readIn(KRUISE, 'apis/apps/v1beta1/sidecarset_types.go', '3bd3b84d9316', 'v1alpha1, v1beta1'),
  },
  {
    group: KRUISE_GROUP,
    kind: 'UnitedDeployment',
    resource: 'uniteddeployments',
    pointers: STS_IN_UNITED,

    source: readIn(KRUISE, 'apis/apps/v1alpha1/uniteddeployment_types.go', '024644c76891', 'v1alpha1'),
  },
  {
    group: KRUISE_GROUP,
    kind: 'EphemeralJob',
    resource: 'ephemeraljobs',
    pointers: [],
    specs: ['/spec/template'],
    isPartial: true,
    source: readIn(KRUISE, 'apis/apps/v1beta1/ephemeraljob_types.go', 'ac57efda17ca', 'v1alpha1, v1beta1'),
  },
]

const REPLICATED_JOBS = '/spec/replicatedJobs/*/template/spec/template'

/** Batch workloads, and those that are made of groups of pods. */
const BATCH_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'jobset.x-k8s.io',
    kind: 'JobSet',
    resource: 'jobsets',
    pointers: [REPLICATED_JOBS],
    source: readIn('kubernetes-sigs/jobset', 'api/jobset/v1alpha2/jobset_types.go', '0336a8fd9fd3', 'v1alpha2'),
  },
  {
    group: 'leaderworkerset.x-k8s.io',
    kind: 'LeaderWorkerSet',
    resource: 'leaderworkersets',
    pointers: ['/spec/leaderWorkerTemplate/leaderTemplate', '/spec/leaderWorkerTemplate/workerTemplate'],
    source: readIn('kubernetes-sigs/lws', 'api/leaderworkerset/v1/leaderworkerset_types.go', '024af0845195', 'v1'),
  },
  {
    group: 'kueue.x-k8s.io',
    kind: 'Workload',
    resource: 'workloads',
    pointers: ['/spec/podSets/*/template'],
    source: readIn('kubernetes-sigs/kueue', 'apis/kueue/v1beta1/workload_types.go', '00caa3119fc1', 'v1beta1'),
  },
  {
    group: 'batch.volcano.sh',
    kind: 'Job',
    resource: 'jobs',
    pointers: ['/spec/tasks/*/template'],
    source: readIn('volcano-sh/apis', 'pkg/apis/batch/v1alpha1/job.go', '032c8b66ae90', 'v1alpha1'),
  },
  {
    group: 'batch.volcano.sh',
    kind: 'CronJob',
    resource: 'cronjobs',
    pointers: ['/spec/jobTemplate/spec/tasks/*/template'],
    source: readIn('volcano-sh/apis', 'pkg/apis/batch/v1alpha1/job.go', '032c8b66ae90', 'v1alpha1'),
  },
  {
    group: 'flow.volcano.sh',
    kind: 'JobTemplate',
    resource: 'jobtemplates',
    pointers: ['/spec/tasks/*/template'],
    source: readIn('volcano-sh/apis', 'pkg/apis/flow/v1alpha1/jobtemplate_types.go', '15f306618564', 'v1alpha1'),
  },
  {
    group: 'keda.sh',
    kind: 'ScaledJob',
    resource: 'scaledjobs',
    pointers: ['/spec/jobTargetRef/template'],
    source: readIn('kedacore/keda', 'apis/keda/v1alpha1/scaledjob_types.go', '0597498da1f8', 'v1alpha1'),
  },
]

const AGONES = 'googleforgames/agones'

/** Workloads of platforms. */
const PLATFORM_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'apps.openshift.io',
    kind: 'DeploymentConfig',
    resource: 'deploymentconfigs',
    pointers: TEMPLATE,
    source: readIn('openshift/api', 'apps/v1/types.go', '1a1b0c567b89', 'v1'),
  },
  {
    group: 'agones.dev',
    kind: 'GameServer',
    resource: 'gameservers',
    pointers: TEMPLATE,
    isPartial: true,
    source: readIn(AGONES, 'pkg/apis/agones/v1/gameserver.go', 'be61e67a7ea3', 'v1'),
  },
  {
    group: 'agones.dev',
    kind: 'GameServerSet',
    resource: 'gameserversets',
    pointers: ['/spec/template/spec/template'],
    isPartial: true,
    source: readIn(AGONES, 'pkg/apis/agones/v1/gameserverset.go', '8da03a6cfae2', 'v1'),
  },
  {
    group: 'agones.dev',
    kind: 'Fleet',
    resource: 'fleets',
    pointers: ['/spec/template/spec/template'],
    isPartial: true,
    source: readIn(AGONES, 'pkg/apis/agones/v1/fleet.go', '05738e6811fd', 'v1'),
  },
  {
    group: 'pkg.crossplane.io',
    kind: 'DeploymentRuntimeConfig',
    resource: 'deploymentruntimeconfigs',
    pointers: ['/spec/deploymentTemplate/spec/template'],
    isPartial: true,
    source: readIn(
      'crossplane/crossplane',
      'apis/pkg/v1beta1/deployment_runtime_config_types.go',
      '1a3b827598ea',
      'v1beta1',
    ),
  },
  {
    group: 'core.spinkube.dev',
    kind: 'SpinApp',
    resource: 'spinapps',
    pointers: [],
    parts: [
      {
        at: '/spec',
        containers: [{ at: '', name: 'app', pick: ['image', 'volumeMounts', 'resources'] }],
        volumes: ['/volumes/*'],
      },
    ],
    source: readIn('spinkube/spin-operator', 'api/v1alpha1/spinapp_types.go', '17193bdde563', 'v1alpha1'),
  },
]

export const WORKLOAD_KINDS: readonly PodTemplateKind[] = [...KRUISE_KINDS, ...BATCH_KINDS, ...PLATFORM_KINDS]
