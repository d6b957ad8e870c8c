import type { PodParts, PodTemplateKind } from '../pod-places.ts'
import { readIn } from './source.ts'

const SPARK = readIn(
  'kubeflow/spark-operator',
  'api/v1beta2/sparkapplication_types.go',
  '07f3cecdbf9a',
  'v1beta1, v1beta2',
)

/** A Spark application: driver and executor are each a container and the pod around it; volumes are for both. */
function sparkSpec(at: string): readonly PodParts[] {
  return ['driver', 'executor'].map(role => ({
    at,
    spec: {
      at: `/${role}`,
      pick: ['hostNetwork', 'shareProcessNamespace'],
      rename: { securityContext: 'podSecurityContext' },
    },
    containers: [
      { at: `/${role}/initContainers/*`, list: 'initContainers' as const },
      { at: `/${role}`, name: role, pick: ['image', 'volumeMounts', 'securityContext', 'env', 'lifecycle'] },
      { at: `/${role}/sidecars/*` },
    ],
    // Once is enough to find them; the mounts of both are compared with them.
    volumes: ['/volumes/*'],
  }))
}

function sparkTemplates(at: string): readonly string[] {
  return ['driver', 'executor'].map(role => `${at}/${role}/template`)
}

const SPARK_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'sparkoperator.k8s.io',
    kind: 'SparkApplication',
    resource: 'sparkapplications',
    pointers: sparkTemplates('/spec'),
    isPartial: true,
    parts: sparkSpec('/spec'),
    source: SPARK,
  },
  {
    group: 'sparkoperator.k8s.io',
    kind: 'ScheduledSparkApplication',
    resource: 'scheduledsparkapplications',
    pointers: sparkTemplates('/spec/template'),
    isPartial: true,
    parts: sparkSpec('/spec/template'),
    source: SPARK,
  },
]

const RAY = 'ray-project/kuberay'

function rayCluster(at: string): readonly string[] {
  return [`${at}/headGroupSpec/template`, `${at}/workerGroupSpecs/*/template`]
}

const RAY_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'ray.io',
    kind: 'RayCluster',
    resource: 'rayclusters',
    pointers: rayCluster('/spec'),
    source: readIn(RAY, 'ray-operator/apis/ray/v1/raycluster_types.go', '026f143324c0', 'v1alpha1, v1'),
  },
  {
    group: 'ray.io',
    kind: 'RayJob',
    resource: 'rayjobs',
    pointers: [...rayCluster('/spec/rayClusterSpec'), '/spec/submitterPodTemplate'],
    source: readIn(RAY, 'ray-operator/apis/ray/v1/rayjob_types.go', '0057210ed5a9', 'v1alpha1, v1'),
  },
  {
    group: 'ray.io',
    kind: 'RayService',
    resource: 'rayservices',
    pointers: rayCluster('/spec/rayClusterConfig'),
    source: readIn(RAY, 'ray-operator/apis/ray/v1/rayservice_types.go', '834fe3a876c5', 'v1alpha1, v1'),
  },
]

const TRAINING = 'kubeflow/training-operator'

/** A job of the training operator: a map of replica specs, each with a pod template. */
function trainingJob(kind: string, field: string, file: string, commit: string): PodTemplateKind {
  return {
    group: 'kubeflow.org',
    kind,
    resource: `${kind.toLowerCase()}s`,
    pointers: [`/spec/${field}/*/template`],
    source: readIn(TRAINING, `pkg/apis/kubeflow.org/v1/${file}`, commit, 'v1'),
  }
}

const KUBEFLOW_KINDS: readonly PodTemplateKind[] = [
  trainingJob('PyTorchJob', 'pytorchReplicaSpecs', 'pytorch_types.go', 'bf3787f18ff6'),
  trainingJob('TFJob', 'tfReplicaSpecs', 'tensorflow_types.go', '2c099d5d6a54'),
  trainingJob('MPIJob', 'mpiReplicaSpecs', 'mpi_types.go', '5fa872ff10ed'),
  trainingJob('XGBoostJob', 'xgbReplicaSpecs', 'xgboost_types.go', 'bf3787f18ff6'),
  trainingJob('PaddleJob', 'paddleReplicaSpecs', 'paddlepaddle_types.go', '93c758c60330'),
  trainingJob('JAXJob', 'jaxReplicaSpecs', 'jax_types.go', 'd1c29833fa29'),
  {
    group: 'kubeflow.org',
    kind: 'Notebook',
    resource: 'notebooks',
    pointers: ['/spec/template'],
    source: readIn(
      'kubeflow/kubeflow',
      'components/notebook-controller/api/v1/notebook_types.go',
      '0708d13821a2',
      'v1alpha1, v1beta1, v1',
    ),
  },
  {
    group: 'trainer.kubeflow.org',
    kind: 'TrainJob',
    resource: 'trainjobs',
    pointers: [
      '/spec/runtimePatches/*/trainingRuntimeSpec/template/spec/replicatedJobs/*/template/spec/template',
      '/spec/podTemplateOverrides/*',
    ],
    isPartial: true,
    source: readIn('kubeflow/trainer', 'pkg/apis/trainer/v1alpha1/trainjob_types.go', '0015772c282d', 'v1alpha1'),
  },
  ...(['TrainingRuntime', 'ClusterTrainingRuntime'] as const).map(kind => ({
    group: 'trainer.kubeflow.org',
    kind,
    resource: `${kind.toLowerCase()}s`,
    pointers: ['/spec/template/spec/replicatedJobs/*/template/spec/template'],
    isPartial: true,
    source: readIn(
      'kubeflow/trainer',
      'pkg/apis/trainer/v1alpha1/trainingruntime_types.go',
      'ec2c640789b4',
      'v1alpha1',
    ),
  })),
]

const DASK = readIn(
  'dask/dask-kubernetes',
  'dask_kubernetes/operator/customresources/daskcluster.yaml',
  '057df96223a5',
  'v1',
)

const DASK_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'kubernetes.dask.org',
    kind: 'DaskCluster',
    resource: 'daskclusters',
    pointers: [],
    specs: ['/spec/worker/spec', '/spec/scheduler/spec'],
    source: DASK,
  },
  {
    group: 'kubernetes.dask.org',
    kind: 'DaskWorkerGroup',
    resource: 'daskworkergroups',
    pointers: [],
    specs: ['/spec/worker/spec'],
    source: DASK,
  },
  {
    group: 'kubernetes.dask.org',
    kind: 'DaskJob',
    resource: 'daskjobs',
    pointers: [],
    specs: ['/spec/job/spec', '/spec/cluster/spec/worker/spec', '/spec/cluster/spec/scheduler/spec'],
    source: DASK,
  },
]

/** What computes and learns: Spark, Ray, Kubeflow, Dask. */
export const LEARNING_KINDS: readonly PodTemplateKind[] = [
  ...SPARK_KINDS,
  ...RAY_KINDS,
  ...KUBEFLOW_KINDS,
  ...DASK_KINDS,
]
