import { fieldRef, keyToPath, labelSelector, localObjectReference, resourceFieldRef } from './references.ts'
import { any, bool, type FieldType, int, list, map, object, quantity, string, strings } from './types.ts'

const secretRef = localObjectReference

const downwardItems = list(object({ path: string, fieldRef, resourceFieldRef, mode: int }))

const projectedSource = object({
  secret: object({ name: string, items: keyToPath, optional: bool }),
  downwardAPI: object({ items: downwardItems }),
  configMap: object({ name: string, items: keyToPath, optional: bool }),
  serviceAccountToken: object({ audience: string, expirationSeconds: int, path: string }),
  clusterTrustBundle: object({ name: string, signerName: string, labelSelector, optional: bool, path: string }),
  podCertificate: object({
    signerName: string,
    keyType: string,
    maxExpirationSeconds: int,
    credentialBundlePath: string,
    keyPath: string,
    certificateChainPath: string,
    userAnnotations: map(string),
  }),
})

const volumeClaimTemplate = object({
  metadata: any,
  spec: object({
    accessModes: strings,
    selector: labelSelector,
    resources: object({ limits: map(quantity), requests: map(quantity) }),
    volumeName: string,
    storageClassName: string,
    volumeMode: string,
    dataSource: object({ apiGroup: string, kind: string, name: string }),
    dataSourceRef: object({ apiGroup: string, kind: string, name: string, namespace: string }),
    volumeAttributesClassName: string,
  }),
})

/** The sources that every cluster has. */
const plainSources = {
  hostPath: object({ path: string, type: string }),
  emptyDir: object({ medium: string, sizeLimit: quantity }),
  secret: object({ secretName: string, items: keyToPath, defaultMode: int, optional: bool }),
  configMap: object({ name: string, items: keyToPath, defaultMode: int, optional: bool }),
  downwardAPI: object({ items: downwardItems, defaultMode: int }),
  projected: object({ sources: list(projectedSource), defaultMode: int }),
  persistentVolumeClaim: object({ claimName: string, readOnly: bool }),
  ephemeral: object({ volumeClaimTemplate }),
  csi: object({
    driver: string,
    readOnly: bool,
    fsType: string,
    volumeAttributes: map(string),
    nodePublishSecretRef: secretRef,
  }),
  image: object({ reference: string, pullPolicy: string }),
  gitRepo: object({ repository: string, revision: string, directory: string }),
}

const disk = { fsType: string, readOnly: bool }

/** The sources that stand for one vendor's or protocol's storage. */
const storageSources = {
  nfs: object({ server: string, path: string, readOnly: bool }),
  iscsi: object({
    ...disk,
    targetPortal: string,
    iqn: string,
    lun: int,
    iscsiInterface: string,
    portals: strings,
    chapAuthDiscovery: bool,
    chapAuthSession: bool,
    secretRef,
    initiatorName: string,
  }),
  gcePersistentDisk: object({ ...disk, pdName: string, partition: int }),
  awsElasticBlockStore: object({ ...disk, volumeID: string, partition: int }),
  glusterfs: object({ endpoints: string, path: string, readOnly: bool }),
  rbd: object({ ...disk, monitors: strings, image: string, pool: string, user: string, keyring: string, secretRef }),
  flexVolume: object({ ...disk, driver: string, secretRef, options: map(string) }),
  cinder: object({ ...disk, volumeID: string, secretRef }),
  cephfs: object({ monitors: strings, path: string, user: string, secretFile: string, secretRef, readOnly: bool }),
  flocker: object({ datasetName: string, datasetUUID: string }),
  fc: object({ ...disk, targetWWNs: strings, lun: int, wwids: strings }),
  azureFile: object({ secretName: string, shareName: string, readOnly: bool }),
  azureDisk: object({ ...disk, diskName: string, diskURI: string, cachingMode: string, kind: string }),
  vsphereVolume: object({ volumePath: string, fsType: string, storagePolicyName: string, storagePolicyID: string }),
  quobyte: object({
    registry: string,
    volume: string,
    readOnly: bool,
    user: string,
    group: string,
    tenant: string,
  }),
  photonPersistentDisk: object({ pdID: string, fsType: string }),
  portworxVolume: object({ ...disk, volumeID: string }),
  scaleIO: object({
    ...disk,
    gateway: string,
    system: string,
    secretRef,
    sslEnabled: bool,
    protectionDomain: string,
    storagePool: string,
    storageMode: string,
    volumeName: string,
  }),
  storageos: object({ ...disk, volumeName: string, volumeNamespace: string, secretRef }),
}

/** `core/v1.Volume` of Kubernetes 1.36. */
export const volume: FieldType = object({ name: string, ...plainSources, ...storageSources })
