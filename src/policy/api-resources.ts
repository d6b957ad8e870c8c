import { KUBERNETES_KINDS, POD_TEMPLATE_KINDS } from '../workload/kinds.ts'

/** A resource of an API group. */
export interface ApiResource {
  readonly group: string
  readonly resource: string
  readonly isNamespaced: boolean
}

/** Kubernetes' own resources by group (1.36); those in no namespace stand behind the bar. */
const OWN: Readonly<Record<string, string>> = {
  '': 'bindings configmaps endpoints events limitranges persistentvolumeclaims pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services | componentstatuses namespaces nodes persistentvolumes',
  apps: 'controllerrevisions daemonsets deployments replicasets statefulsets',
  autoscaling: 'horizontalpodautoscalers scales',
  batch: 'cronjobs jobs',
  extensions: 'daemonsets deployments ingresses networkpolicies replicasets | podsecuritypolicies',
  policy: 'evictions poddisruptionbudgets | podsecuritypolicies',
  'admissionregistration.k8s.io':
    '| mutatingadmissionpolicies mutatingadmissionpolicybindings mutatingwebhookconfigurations validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations',
  'apiextensions.k8s.io': '| customresourcedefinitions',
  'apiregistration.k8s.io': '| apiservices',
  'certificates.k8s.io': 'podcertificaterequests | certificatesigningrequests clustertrustbundles',
  'coordination.k8s.io': 'leasecandidates leases',
  'discovery.k8s.io': 'endpointslices',
  'events.k8s.io': 'events',
  'flowcontrol.apiserver.k8s.io': '| flowschemas prioritylevelconfigurations',
  'networking.k8s.io': 'ingresses networkpolicies | ingressclasses ipaddresses servicecidrs',
  'node.k8s.io': '| runtimeclasses',
  'rbac.authorization.k8s.io': 'rolebindings roles | clusterrolebindings clusterroles',
  'resource.k8s.io': 'resourceclaims resourceclaimtemplates | deviceclasses devicetaintrules resourceslices',
  'scheduling.k8s.io': 'podgroups workloads | priorityclasses',
  'storage.k8s.io':
    'csistoragecapacities | csidrivers csinodes storageclasses volumeattachments volumeattributesclasses',
}

/** The resources of the groups that are Kubernetes' own: a group that is here has no others. */
export const KUBERNETES_RESOURCES: readonly ApiResource[] = Object.entries(OWN).flatMap(([group, text]) => {
  const [namespaced = '', cluster = ''] = text.split('|')
  const of = (names: string, isNamespaced: boolean) =>
    names
      .split(' ')
      .filter(name => name !== '')
      .map(resource => ({ group, resource, isNamespaced }))
  return [...of(namespaced, true), ...of(cluster, false)]
})

/** The groups whose resources are all known. */
export const KUBERNETES_GROUPS: readonly string[] = Object.keys(OWN)

/** Custom resources that are known, which may be not all of their groups. */
export const CUSTOM_RESOURCES: readonly Pick<ApiResource, 'group' | 'resource'>[] = POD_TEMPLATE_KINDS.filter(
  kind => !KUBERNETES_KINDS.includes(kind),
)
