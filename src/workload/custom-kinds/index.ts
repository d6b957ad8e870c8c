import type { PodTemplateKind } from '../pod-places.ts'
import { DATA_KINDS } from './data.ts'
import { LEARNING_KINDS } from './learning.ts'
import { MACHINE_KINDS } from './machines.ts'
import { OBSERVABILITY_KINDS } from './observability.ts'
import { PIPELINE_KINDS } from './pipelines.ts'
import { SERVING_KINDS } from './serving.ts'
import { WORKLOAD_KINDS } from './workloads.ts'

/**
 * Well-known custom resources that embed pods, as their published API types define them. A kind whose definition is not
 * installed in a cluster costs nothing there: no request is about it, and an audit lists what is served.
 */
export const CUSTOM_KINDS: readonly PodTemplateKind[] = [
  ...WORKLOAD_KINDS,
  ...PIPELINE_KINDS,
  ...MACHINE_KINDS,
  ...LEARNING_KINDS,
  ...SERVING_KINDS,
  ...OBSERVABILITY_KINDS,
  ...DATA_KINDS,
]
