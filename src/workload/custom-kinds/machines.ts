import type { PodParts, PodTemplateKind } from '../pod-places.ts'
import { readIn } from './source.ts'

const CORE = readIn(
  'kubevirt/kubevirt',
  'staging/src/kubevirt.io/api/core/v1/schema.go',
  '0154a7e4814f',
  'v1alpha3, v1',
)

/**
 * The volumes of a virtual machine are its disks. One that is a file of the node becomes a host path of the pod in which the
 * machine runs; all others are images, claims and generated files.
 */
function machineSpec(at: string): PodParts {
  return { at, volumes: [{ at: '/volumes/*', only: ['hostDisk'] }] }
}

/** KubeVirt. */
export const MACHINE_KINDS: readonly PodTemplateKind[] = [
  {
    group: 'kubevirt.io',
    kind: 'VirtualMachineInstance',
    resource: 'virtualmachineinstances',
    pointers: [],
    parts: [machineSpec('/spec')],
    source: CORE,
  },
  {
    group: 'kubevirt.io',
    kind: 'VirtualMachine',
    resource: 'virtualmachines',
    pointers: [],
    parts: [machineSpec('/spec/template/spec')],
    source: CORE,
  },
  {
    group: 'kubevirt.io',
    kind: 'VirtualMachineInstanceReplicaSet',
    resource: 'virtualmachineinstancereplicasets',
    pointers: [],
    parts: [machineSpec('/spec/template/spec')],
    source: CORE,
  },
  {
    group: 'pool.kubevirt.io',
    kind: 'VirtualMachinePool',
    resource: 'virtualmachinepools',
    pointers: [],
    parts: [machineSpec('/spec/virtualMachineTemplate/spec/template/spec')],
    source: readIn(
      'kubevirt/kubevirt',
      'staging/src/kubevirt.io/api/pool/v1beta1/types.go',
      '2d9842cf144e',
      'v1alpha1, v1beta1',
    ),
  },
]
