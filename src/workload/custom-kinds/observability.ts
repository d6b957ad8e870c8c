import type { ContainerPlace, PodParts, PodTemplateKind } from '../pod-places.ts'
import { readIn } from './source.ts'

/** The operator's own container, whose mounts stand in the spec itself. */
function mainContainer(name: string): ContainerPlace {
  return { at: '', name, pick: ['image', 'volumeMounts', 'resources'] }
}

const PROMETHEUS = 'prometheus-operator/prometheus-operator'
const PROMETHEUS_GROUP = 'monitoring.coreos.com'

/** Containers, init containers and volumes that the operator merges into the pods that it makes. */
function monitor(kind: string, resource: string, file: string, commit: string, versions: string): PodTemplateKind {
  return {
    group: PROMETHEUS_GROUP,
    kind,
    resource,
    pointers: [],
    parts: [
      {
        at: '/spec',
        spec: { at: '', pick: ['hostNetwork', 'hostUsers', 'securityContext'] },
        containers: [
          { at: '/initContainers/*', list: 'initContainers' },
          { at: '/containers/*' },
          mainContainer(kind.toLowerCase()),
        ],
        volumes: ['/volumes/*'],
      },
    ],
    source: readIn(PROMETHEUS, `pkg/apis/monitoring/${file}`, commit, versions),
  }
}

const PROMETHEUS_KINDS: readonly PodTemplateKind[] = [
  monitor('Prometheus', 'prometheuses', 'v1/prometheus_types.go', 'd9f72134bfb9', 'v1'),
  monitor('PrometheusAgent', 'prometheusagents', 'v1alpha1/prometheusagent_types.go', 'db62b371df9a', 'v1alpha1'),
  monitor('Alertmanager', 'alertmanagers', 'v1/alertmanager_types.go', '1aa717277920', 'v1'),
  monitor('ThanosRuler', 'thanosrulers', 'v1/thanos_types.go', '035b6071001a', 'v1'),
]

const OTEL_SPEC: PodParts = {
  at: '/spec',
  spec: {
    at: '',
    pick: ['hostNetwork', 'shareProcessNamespace'],
    rename: { securityContext: 'podSecurityContext' },
  },
  containers: [
    { at: '/initContainers/*', list: 'initContainers' },
    {
      at: '',
      name: 'otc-container',
      pick: ['image', 'volumeMounts', 'resources', 'securityContext', 'env', 'lifecycle', 'ports'],
    },
    { at: '/additionalContainers/*' },
  ],
  volumes: ['/volumes/*'],
}

/** What JaegerCommonSpec has, for all components and for each. */
const JAEGER_PARTS = ['', '/allInOne', '/query', '/collector', '/ingester', '/agent', '/ingress'].map(
  (component): PodParts => ({
    at: `/spec${component}`,
    spec: { at: '', pick: ['hostNetwork', 'securityContext'] },
    containers: [
      {
        at: '',
        name: component.slice(1) || 'jaeger',
        pick: ['image', 'volumeMounts', 'resources'],
        rename: { securityContext: 'containerSecurityContext' },
      },
    ],
    volumes: ['/volumes/*'],
  }),
)

const FLUENT_BIT: PodParts = {
  at: '/spec',
  spec: { at: '', pick: ['hostNetwork', 'securityContext'] },
  containers: [
    { at: '/initContainers/*', list: 'initContainers' },
    {
      at: '',
      name: 'fluent-bit',
      pick: ['image', 'resources', 'ports'],
      rename: { volumeMounts: 'volumesMounts', securityContext: 'containerSecurityContext' },
    },
  ],
  volumes: ['/volumes/*'],
}

const AGENT_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'opentelemetry.io',
    kind: 'OpenTelemetryCollector',
    resource: 'opentelemetrycollectors',
    pointers: [],
    parts: [OTEL_SPEC],
    source: readIn(
      'open-telemetry/opentelemetry-operator',
      'apis/v1beta1/common.go',
      '01416c28a436',
      'v1alpha1, v1beta1',
    ),
  },
  {
    group: 'jaegertracing.io',
    kind: 'Jaeger',
    resource: 'jaegers',
    pointers: [],
    parts: JAEGER_PARTS,
    source: readIn('jaegertracing/jaeger-operator', 'apis/v1/jaeger_types.go', '031f4d666fd9', 'v1'),
  },
  {
    group: 'fluentbit.fluent.io',
    kind: 'FluentBit',
    resource: 'fluentbits',
    pointers: [],
    parts: [FLUENT_BIT],
    source: readIn('fluent/fluent-operator', 'apis/fluentbit/v1alpha2/fluentbit_types.go', '02e3d56fe020', 'v1alpha2'),
  },
]

const GRAFANA_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'grafana.integreatly.org',
    kind: 'Grafana',
    resource: 'grafanas',
    pointers: ['/spec/deployment/spec/template'],
    isPartial: true,
    source: readIn('grafana/grafana-operator', 'api/v1beta1/grafana_types.go', '041cfc784d60', 'v1beta1'),
  },
  {
    group: 'monitoring.grafana.com',
    kind: 'GrafanaAgent',
    resource: 'grafanaagents',
    pointers: [],
    parts: [
      {
        at: '/spec',
        spec: { at: '', pick: ['securityContext'] },
        containers: [
          { at: '/initContainers/*', list: 'initContainers' },
          { at: '/containers/*' },
          mainContainer('grafana-agent'),
        ],
        volumes: ['/volumes/*'],
      },
    ],
    source: readIn('grafana/agent', 'pkg/operator/apis/monitoring/v1alpha1/types.go', '029d015daf54', 'v1alpha1'),
  },
]

const ECK = 'elastic/cloud-on-k8s'

function elastic(
  group: string,
  kind: string,
  resource: string,
  pointers: readonly string[],
  [file, commit, versions]: readonly [string, string, string],
): PodTemplateKind {
  const source = readIn(ECK, `pkg/apis/${file}`, commit, versions)
  return { group: `${group}.k8s.elastic.co`, kind, resource, pointers, isPartial: true, source }
}

const POD_TEMPLATE = ['/spec/podTemplate']

const ELASTIC_KINDS: readonly PodTemplateKind[] = [
  elastic(
    'elasticsearch',
    'Elasticsearch',
    'elasticsearches',
    ['/spec/nodeSets/*/podTemplate'],
    ['elasticsearch/v1/elasticsearch_types.go', '0024cc46280c', 'v1beta1, v1'],
  ),
  elastic('kibana', 'Kibana', 'kibanas', POD_TEMPLATE, ['kibana/v1/kibana_types.go', '01eaa4d411d2', 'v1beta1, v1']),
  elastic('apm', 'ApmServer', 'apmservers', POD_TEMPLATE, ['apm/v1/apmserver_types.go', 'd30eddf81598', 'v1beta1, v1']),
  elastic('enterprisesearch', 'EnterpriseSearch', 'enterprisesearches', POD_TEMPLATE, [
    'enterprisesearch/v1/enterprisesearch_types.go',
    '060d55be656f',
    'v1beta1, v1',
  ]),
  elastic('maps', 'ElasticMapsServer', 'elasticmapsservers', POD_TEMPLATE, [
    'maps/v1alpha1/maps_types.go',
    '094a1a9401bc',
    'v1alpha1',
  ]),
  elastic('logstash', 'Logstash', 'logstashes', POD_TEMPLATE, [
    'logstash/v1alpha1/logstash_types.go',
    '005d417bd36b',
    'v1alpha1',
  ]),
  elastic(
    'beat',
    'Beat',
    'beats',
    ['/spec/daemonSet/podTemplate', '/spec/deployment/podTemplate'],
    ['beat/v1beta1/beat_types.go', '00ad553a5386', 'v1beta1'],
  ),
  elastic(
    'agent',
    'Agent',
    'agents',
    ['/spec/daemonSet/podTemplate', '/spec/deployment/podTemplate', '/spec/statefulSet/podTemplate'],
    ['agent/v1alpha1/agent_types.go', 'fb6dba407fed', 'v1alpha1'],
  ),
]

/** What measures, logs and traces. */
export const OBSERVABILITY_KINDS: readonly PodTemplateKind[] = [
  ...PROMETHEUS_KINDS,
  ...AGENT_KINDS,
  ...GRAFANA_KINDS,
  ...ELASTIC_KINDS,
]
