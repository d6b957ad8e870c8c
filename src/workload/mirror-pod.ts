import type { AdmissionRequest } from '../admission/request.ts'
import { dig, getString } from '../json/value.ts'

/**
 * Whether the request is a kubelet reporting one of its own static pods: a Pod with the annotation
 * `kubernetes.io/config.mirror`, sent by the very node that it names. The pod runs already, from a file on that node;
 * refusing its mirror would only hide it. The annotation alone grants nothing: anyone can write it.
 */
export function isOwnMirrorPod({ kind, object, userInfo }: AdmissionRequest): boolean {
  if (kind.kind !== 'Pod' || kind.group !== '' || object === null || userInfo === undefined) return false
  if (dig(object, 'metadata', 'annotations', 'kubernetes.io/config.mirror') === undefined) return false
  const node = getString(dig(object, 'spec'), 'nodeName')
  if (node === undefined || node === '') return false
  return userInfo.username === `system:node:${node}` && userInfo.groups.includes('system:nodes')
}
