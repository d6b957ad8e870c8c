import type { DiscoveredResource } from '../../cluster/discovery.ts'

/** A kind of report, and how the API calls it. */
export interface ReportKind {
  readonly resource: string
  readonly kind: string
}

/** Where reports can be written. */
export interface ReportApi {
  readonly group: string
  readonly version: string
  readonly namespaced: ReportKind
  /** About what is in no namespace. */
  readonly cluster: ReportKind
}

/**
 * The APIs of reports, the preferred one first: OpenReports (https://openreports.io) and its predecessor, whose fields have the
 * same names (https://github.com/kubernetes-sigs/wg-policy-prototypes).
 */
const APIS: readonly Omit<ReportApi, 'version'>[] = [
  {
    group: 'openreports.io',
    namespaced: { resource: 'reports', kind: 'Report' },
    cluster: { resource: 'clusterreports', kind: 'ClusterReport' },
  },
  {
    group: 'wgpolicyk8s.io',
    namespaced: { resource: 'policyreports', kind: 'PolicyReport' },
    cluster: { resource: 'clusterpolicyreports', kind: 'ClusterPolicyReport' },
  },
]

/** The APIs of reports that this cluster serves, the preferred one first; empty where their definitions are not installed. */
export function reportApis(
  served: readonly Pick<DiscoveredResource, 'group' | 'version' | 'resource'>[],
): readonly ReportApi[] {
  return APIS.flatMap(api => {
    const found = (wanted: string) => served.find(({ group, resource }) => group === api.group && resource === wanted)
    const namespaced = found(api.namespaced.resource)
    return namespaced !== undefined && found(api.cluster.resource) !== undefined
      ? [{ ...api, version: namespaced.version }]
      : []
  })
}
