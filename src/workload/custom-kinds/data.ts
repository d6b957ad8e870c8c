import type { PodParts, PodTemplateKind } from '../pod-places.ts'
import { readIn } from './source.ts'

const FLINK = 'apache/flink-kubernetes-operator'
const FLINK_SPECS =
  'flink-kubernetes-operator-api/src/main/java/org/apache/flink/kubernetes/operator/api/spec/FlinkDeploymentSpec.java'

const STREAMING_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'flink.apache.org',
    kind: 'FlinkDeployment',
    resource: 'flinkdeployments',
    pointers: ['/spec/podTemplate', '/spec/jobManager/podTemplate', '/spec/taskManager/podTemplate'],
    isPartial: true,
    source: readIn(FLINK, FLINK_SPECS, '24643c8c6d9d', 'v1beta1'),
  },
  {
    group: 'rabbitmq.com',
    kind: 'RabbitmqCluster',
    resource: 'rabbitmqclusters',
    pointers: ['/spec/override/statefulSet/spec/template'],
    isPartial: true,
    source: readIn('rabbitmq/cluster-operator', 'api/v1beta1/rabbitmqcluster_types.go', '039848e02910', 'v1beta1'),
  },
]

/** What a vertex of Numaflow has of a pod, beside the containers that the operator adds. */
function vertex(at: string): PodParts {
  return {
    at,
    spec: { at: '', pick: ['securityContext'] },
    containers: [
      { at: '/initContainers/*', list: 'initContainers' },
      { at: '/sidecars/*' },
      ...['/udf', '/source/udsource', '/source/transformer', '/sink/udsink'].map(own => ({
        at: `${own}/container`,
        name: own.slice(1).replace('/', '-'),
      })),
      { at: '/containerTemplate', name: 'numa' },
    ],
    volumes: ['/volumes/*'],
  }
}

const NUMAFLOW = 'numaproj/numaflow'
const NUMAFLOW_GROUP = 'numaflow.numaproj.io'

const NUMAFLOW_KINDS: readonly PodTemplateKind[] = [
  {
    group: NUMAFLOW_GROUP,
    kind: 'Pipeline',
    resource: 'pipelines',
    pointers: [],
    parts: [vertex('/spec/vertices/*')],
    source: readIn(NUMAFLOW, 'pkg/apis/numaflow/v1alpha1/vertex_types.go', '6193bdac3b0d', 'v1alpha1'),
  },
  {
    group: NUMAFLOW_GROUP,
    kind: 'Vertex',
    resource: 'vertices',
    pointers: [],
    parts: [vertex('/spec')],
    source: readIn(NUMAFLOW, 'pkg/apis/numaflow/v1alpha1/vertex_types.go', '6193bdac3b0d', 'v1alpha1'),
  },
  {
    group: NUMAFLOW_GROUP,
    kind: 'MonoVertex',
    resource: 'monovertices',
    pointers: [],
    parts: [vertex('/spec')],
    source: readIn(NUMAFLOW, 'pkg/apis/numaflow/v1alpha1/mono_vertex_types.go', '025f7f37efe4', 'v1alpha1'),
  },
]

const DATABASE_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'cassandra.datastax.com',
    kind: 'CassandraDatacenter',
    resource: 'cassandradatacenters',
    pointers: ['/spec/podTemplateSpec'],
    isPartial: true,
    parts: [
      {
        at: '/spec',
        spec: { at: '/networking', pick: ['hostNetwork'] },
        volumes: [{ at: '/storageConfig/additionalVolumes/*', source: 'volumeSource' }],
      },
    ],
    source: readIn(
      'k8ssandra/cass-operator',
      'apis/cassandra/v1beta1/cassandradatacenter_types.go',
      '003c09fe7e94',
      'v1beta1',
    ),
  },
  {
    group: 'postgresql.cnpg.io',
    kind: 'Pooler',
    resource: 'poolers',
    pointers: ['/spec/template'],
    isPartial: true,
    source: readIn('cloudnative-pg/cloudnative-pg', 'api/v1/pooler_types.go', '04a1fc57d3d4', 'v1'),
  },
  {
    group: 'acid.zalan.do',
    kind: 'postgresql',
    resource: 'postgresqls',
    pointers: [],
    parts: [
      {
        at: '/spec',
        containers: [
          { at: '/initContainers/*', list: 'initContainers' },
          { at: '/init_containers/*', list: 'initContainers' },
          { at: '/sidecars/*' },
        ],
        volumes: [{ at: '/additionalVolumes/*', source: 'volumeSource' }],
      },
    ],
    source: readIn('zalando/postgres-operator', 'pkg/apis/acid.zalan.do/v1/postgresql_type.go', '00453b1148f9', 'v1'),
  },
  {
    group: 'mongodbcommunity.mongodb.com',
    kind: 'MongoDBCommunity',
    resource: 'mongodbcommunity',
    pointers: ['/spec/statefulSet/spec/template'],
    isPartial: true,
    source: readIn('mongodb/mongodb-kubernetes-operator', 'api/v1/mongodbcommunity_types.go', '025b8f85fa08', 'v1'),
  },
]

/** What stores and streams data. */
export const DATA_KINDS: readonly PodTemplateKind[] = [...STREAMING_KINDS, ...NUMAFLOW_KINDS, ...DATABASE_KINDS]
