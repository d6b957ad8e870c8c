import type { PodFacts } from '../../injection.ts'
import { Named, NilPointer, Sized, Struct, TemplateList, TemplateMap, type TemplateValue } from './value.ts'

/**
 * The fields of a pod as a template of the original sees them: those of k8s.io/api v0.27.1, in their order, each with its
 * type. All are empty but the annotations and the service account. `test/tools/gotemplate pod` prints the same.
 */
const TYPE_META = 'Kind string;APIVersion string'
const OBJECT_META =
  'Name string;GenerateName string;Namespace string;SelfLink string;UID types.UID;ResourceVersion string;' +
  'Generation int64;CreationTimestamp v1.Time;DeletionTimestamp *v1.Time;DeletionGracePeriodSeconds *int64;' +
  'Labels map[string]string;Annotations map[string]string;OwnerReferences []v1.OwnerReference;Finalizers []string;' +
  'ManagedFields []v1.ManagedFieldsEntry'
const POD_SPEC =
  'Volumes []v1.Volume;InitContainers []v1.Container;Containers []v1.Container;' +
  'EphemeralContainers []v1.EphemeralContainer;RestartPolicy v1.RestartPolicy;TerminationGracePeriodSeconds *int64;' +
  'ActiveDeadlineSeconds *int64;DNSPolicy v1.DNSPolicy;NodeSelector map[string]string;ServiceAccountName string;' +
  'DeprecatedServiceAccount string;AutomountServiceAccountToken *bool;NodeName string;HostNetwork bool;HostPID bool;' +
  'HostIPC bool;ShareProcessNamespace *bool;SecurityContext *v1.PodSecurityContext;' +
  'ImagePullSecrets []v1.LocalObjectReference;Hostname string;Subdomain string;Affinity *v1.Affinity;' +
  'SchedulerName string;Tolerations []v1.Toleration;HostAliases []v1.HostAlias;PriorityClassName string;' +
  'Priority *int32;DNSConfig *v1.PodDNSConfig;ReadinessGates []v1.PodReadinessGate;RuntimeClassName *string;' +
  'EnableServiceLinks *bool;PreemptionPolicy *v1.PreemptionPolicy;Overhead v1.ResourceList;' +
  'TopologySpreadConstraints []v1.TopologySpreadConstraint;SetHostnameAsFQDN *bool;OS *v1.PodOS;HostUsers *bool;' +
  'SchedulingGates []v1.PodSchedulingGate;ResourceClaims []v1.PodResourceClaim'
const POD_STATUS =
  'Phase v1.PodPhase;Conditions []v1.PodCondition;Message string;Reason string;NominatedNodeName string;' +
  'HostIP string;PodIP string;PodIPs []v1.PodIP;StartTime *v1.Time;InitContainerStatuses []v1.ContainerStatus;' +
  'ContainerStatuses []v1.ContainerStatus;QOSClass v1.PodQOSClass;EphemeralContainerStatuses []v1.ContainerStatus;' +
  'Resize v1.PodResizeStatus'

const NO_TIME_TEXTS = {
  plain: '0001-01-01 00:00:00 +0000 UTC',
  go: 'time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC)',
} as const
const NO_GO_TIME = new Struct(
  'time.Time',
  new Map<string, TemplateValue>([
    ['wall', new Sized('uint64', 0n)],
    ['ext', new Sized('int64', 0n)],
    ['loc', new NilPointer('*time.Location')],
  ]),
  [],
  NO_TIME_TEXTS,
)
const NO_TIME = new Struct('v1.Time', new Map([['Time', NO_GO_TIME]]), ['Time'], NO_TIME_TEXTS)

type Fields = ReadonlyMap<string, TemplateValue>

/** The dot of a template, and `$`: a pod with these annotations and this service account, and nothing else. */
export function podValue({
  annotations,
  serviceAccountName,
}: Pick<PodFacts, 'annotations' | 'serviceAccountName'>): TemplateValue {
  const map = new TemplateMap('map[string]string', Object.entries(annotations))
  const fields = new Map<string, TemplateValue>([
    ['TypeMeta', new Struct('v1.TypeMeta', EMPTY.typeMeta)],
    ['ObjectMeta', new Struct('v1.ObjectMeta', new Map([...EMPTY.objectMeta, ['Annotations', map]]))],
    ['Spec', new Struct('v1.PodSpec', new Map([...EMPTY.spec, ['ServiceAccountName', serviceAccountName]]))],
    ['Status', new Struct('v1.PodStatus', EMPTY.status)],
  ])
  return new Struct('v1.Pod', fields, ['TypeMeta', 'ObjectMeta'])
}

const EMPTY = {
  typeMeta: emptyFields(TYPE_META),
  objectMeta: emptyFields(OBJECT_META),
  spec: emptyFields(POD_SPEC),
  status: emptyFields(POD_STATUS),
} as const

function emptyFields(text: string): Fields {
  return new Map(
    text.split(';').map(field => {
      const [name = '', type = ''] = field.split(' ')
      return [name, emptyValue(type)] as const
    }),
  )
}

function emptyValue(type: string): TemplateValue {
  if (type === 'string') return ''
  if (type === 'bool') return false
  if (type === 'int64') return new Sized(type, 0n)
  if (type === 'v1.Time') return NO_TIME
  if (type === 'v1.ResourceList' || type.startsWith('map[')) return new TemplateMap(type, [], true)
  if (type.startsWith('[]')) return new TemplateList(type, [], [], true)
  if (!type.startsWith('*')) return new Named(type, '')
  // These structs have a String method that takes nil; a time has one that does not.
  const isStruct = type.startsWith('*v1.') && type !== '*v1.Time' && type !== '*v1.PreemptionPolicy'
  return new NilPointer(type, isStruct ? 'nil' : '<nil>')
}
