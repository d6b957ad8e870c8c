import type { PodTemplateKind } from '../pod-places.ts'
import { readIn } from './source.ts'

const KNATIVE = readIn('knative/serving', 'pkg/apis/serving/v1/revision_types.go', '00204e7bff9e', 'v1')

const KNATIVE_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'serving.knative.dev',
    kind: 'Service',
    resource: 'services',
    pointers: ['/spec/template'],
    source: KNATIVE,
  },
  {
    group: 'serving.knative.dev',
    kind: 'Configuration',
    resource: 'configurations',
    pointers: ['/spec/template'],
    source: KNATIVE,
  },
  { group: 'serving.knative.dev', kind: 'Revision', resource: 'revisions', pointers: [''], source: KNATIVE },
  {
    group: 'sources.knative.dev',
    kind: 'ContainerSource',
    resource: 'containersources',
    pointers: ['/spec/template'],
    source: readIn('knative/eventing', 'pkg/apis/sources/v1/container_types.go', 'f12b521c02cd', 'v1'),
  },
  {
    group: 'sinks.knative.dev',
    kind: 'JobSink',
    resource: 'jobsinks',
    pointers: ['/spec/job/spec/template'],
    source: readIn('knative/eventing', 'pkg/apis/sinks/v1alpha1/job_sink_types.go', '01c8068f77db', 'v1alpha1'),
  },
]

/** The frameworks that a predictor may name in place of containers; each is a container with further fields. */
const FRAMEWORKS = [
  'model',
  'sklearn',
  'xgboost',
  'tensorflow',
  'pytorch',
  'triton',
  'onnx',
  'huggingface',
  'pmml',
  'lightgbm',
  'paddle',
]

const KSERVE_GROUP = 'serving.kserve.io'
const KSERVE = readIn('kserve/kserve', 'pkg/apis/serving/v1beta1/predictor.go', '0217bdabaaa2', 'v1beta1')

const KSERVE_KINDS: readonly PodTemplateKind[] = [
  {
    group: KSERVE_GROUP,
    kind: 'InferenceService',
    resource: 'inferenceservices',
    pointers: [],
    specs: ['/spec/predictor', '/spec/predictor/workerSpec', '/spec/transformer', '/spec/explainer'],
    isPartial: true,
    parts: [
      {
        at: '/spec/predictor',
        containers: FRAMEWORKS.map(framework => ({ at: `/${framework}`, name: framework })),
      },
    ],
    source: KSERVE,
  },
  ...(['ServingRuntime', 'ClusterServingRuntime'] as const).map(kind => ({
    group: KSERVE_GROUP,
    kind,
    resource: `${kind.toLowerCase()}s`,
    pointers: [],
    specs: ['/spec', '/spec/workerSpec'],
    isPartial: true,
    source: readIn('kserve/kserve', 'pkg/apis/serving/v1alpha1/servingruntime_types.go', '94adc24f1e19', 'v1alpha1'),
  })),
]

/** What serves requests, events and models. */
export const SERVING_KINDS: readonly PodTemplateKind[] = [...KNATIVE_KINDS, ...KSERVE_KINDS]
