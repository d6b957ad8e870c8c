import { Gauge, type Registry } from 'prom-client'
import { measuredGauge } from '../metrics.ts'

/** What is counted of the pods of the cluster, whether or not anything is rolled out. */
export function createPodMetrics(registry: Registry) {
  const registers = [registry]
  return {
    pods: measuredGauge({
      name: 'portcullis_cluster_pods',
      help: 'Pods of the cluster that have not ended and are not being deleted.',
      registers,
    }),
    orphans: new Gauge({
      name: 'portcullis_orphaned_pods',
      help: 'Pods that their owner does not select, or has let go of, by namespace; no series where there are none.',
      labelNames: ['namespace'] as const,
      registers,
    }),
    growth: new Gauge({
      name: 'portcullis_pod_growth_ratio',
      help: 'Pods of one owner for each that it wants, of the twenty worst owners that have too many.',
      labelNames: ['namespace', 'kind', 'owner'] as const,
      registers,
    }),
  }
}

export type PodMetrics = ReturnType<typeof createPodMetrics>
