import type { GroupVersionKind } from './request.ts'

/** How the API serves a kind. */
export interface ServedKind {
  /** Plural resource name, as in the API's paths. */
  readonly resource: string
  readonly isNamespaced: boolean
}

/** The kinds of Kubernetes, and well-known custom ones, that live in no namespace, as `group/kind`. */
const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  '/ComponentStatus',
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  'admissionregistration.k8s.io/MutatingAdmissionPolicy',
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'authentication.k8s.io/SelfSubjectReview',
  'authentication.k8s.io/TokenReview',
  'authorization.k8s.io/SelfSubjectAccessReview',
  'authorization.k8s.io/SelfSubjectRulesReview',
  'authorization.k8s.io/SubjectAccessReview',
  'certificates.k8s.io/CertificateSigningRequest',
  'certificates.k8s.io/ClusterTrustBundle',
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'internal.apiserver.k8s.io/StorageVersion',
  'networking.k8s.io/IngressClass',
  'networking.k8s.io/IPAddress',
  'networking.k8s.io/ServiceCIDR',
  'node.k8s.io/RuntimeClass',
  'policy/PodSecurityPolicy',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'resource.k8s.io/DeviceClass',
  'resource.k8s.io/DeviceTaintRule',
  'resource.k8s.io/ResourceSlice',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/CSINode',
  'storage.k8s.io/StorageClass',
  'storage.k8s.io/VolumeAttachment',
  'storage.k8s.io/VolumeAttributesClass',
  'storagemigration.k8s.io/StorageVersionMigration',
  'apps.kruise.io/SidecarSet',
  'argoproj.io/ClusterAnalysisTemplate',
  'argoproj.io/ClusterWorkflowTemplate',
  'pkg.crossplane.io/DeploymentRuntimeConfig',
  'serving.kserve.io/ClusterServingRuntime',
  'tekton.dev/ClusterTask',
  'trainer.kubeflow.org/ClusterTrainingRuntime',
  'portcullis.dev/Policy',
  'portcullis.dev/SidecarInjection',
  'portcullis.dev/CanaryRollout',
])

/** Kinds whose plural does not follow from the word. */
const IRREGULAR: Readonly<Record<string, string>> = {
  Endpoints: 'endpoints',
  MongoDBCommunity: 'mongodbcommunity',
  MonoVertex: 'monovertices',
  Vertex: 'vertices',
}

/**
 * How the API serves a kind, as far as a manifest alone tells: a kind that is not Kubernetes' own is taken to live in
 * the namespace that it names.
 */
export function servedAs({ group, kind }: Pick<GroupVersionKind, 'group' | 'kind'>): ServedKind {
  const irregular = Object.hasOwn(IRREGULAR, kind) ? IRREGULAR[kind] : undefined
  return { resource: irregular ?? plural(kind.toLowerCase()), isNamespaced: !CLUSTER_SCOPED.has(`${group}/${kind}`) }
}

/** English plurals, as API machinery guesses them (`meta.UnsafeGuessKindToResource`). */
function plural(word: string): string {
  if (/(s|x|ch|sh)$/.test(word)) return `${word}es`
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`
  return `${word}s`
}

/** Group, version and kind of a manifest; undefined where it has no kind or an unreadable apiVersion. */
export function kindOfManifest(apiVersion: string | undefined, kind: string | undefined): GroupVersionKind | undefined {
  const [, group = '', version] = /^(?:([^/\s]+)\/)?([^/\s]+)$/.exec(apiVersion ?? '') ?? []
  return version === undefined || kind === undefined || kind === '' ? undefined : { group, version, kind }
}
