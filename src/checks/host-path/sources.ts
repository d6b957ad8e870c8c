/**
 * The volume sources of `core/v1` (Kubernetes 1.36) that name no path of the node. `hostPath` is judged by its path;
 * `gitRepo` and `flexVolume` run programs on the node; whatever is not here is newer than this list and unknown.
 */
export const HARMLESS_VOLUME_SOURCES: ReadonlySet<string> = new Set([
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'fc',
  'flocker',
  'gcePersistentDisk',
  'glusterfs',
  'image',
  'iscsi',
  'nfs',
  'persistentVolumeClaim',
  'photonPersistentDisk',
  'portworxVolume',
  'projected',
  'quobyte',
  'rbd',
  'scaleIO',
  'secret',
  'storageos',
  'vsphereVolume',
])

/** The fields of a PersistentVolume's spec that are no volume source. */
export const PERSISTENT_VOLUME_FIELDS: ReadonlySet<string> = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
])

/** Why a source is refused unless the policy's `sources` names it. */
export function refusalOfSource(source: string): string {
  if (source === 'gitRepo') return 'it runs git on the node, with what the repository brings along (CVE-2024-10220)'
  if (source === 'flexVolume') return 'it runs a driver on the node that may mount any of its paths'
  return 'this volume source is not known here, so what it reaches cannot be judged'
}
