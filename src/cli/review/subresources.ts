/** Those that only pods have (kubernetes/pkg/registry/core/rest). */
const OF_PODS = ['attach', 'binding', 'ephemeralcontainers', 'eviction', 'exec', 'log', 'portforward', 'resize']

/** The subresources of Kubernetes' own kinds that come before admission. */
export const SUBRESOURCES: readonly string[] = [...OF_PODS, 'approval', 'finalize', 'proxy', 'scale', 'status', 'token']

/** Whether no other kind has this subresource. */
export function isOfPodsAlone(subresource: string): boolean {
  return OF_PODS.includes(subresource)
}
