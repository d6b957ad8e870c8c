import { dig, type Json, type JsonObject } from '../json/value.ts'

/** A resource that something may demand of a container, as a ResourceQuota names it. */
export type Demand = 'requests.cpu' | 'requests.memory' | 'limits.cpu' | 'limits.memory'

/** Whether a container says how much it wants. A request that is missing is the limit, as the API server defaults it. */
export function hasResource(container: JsonObject, demand: Demand): boolean {
  const [kind = '', resource = ''] = demand.split('.')
  const of = (list: string) => isQuantity(dig(container, 'resources', list, resource))
  return of(kind) || (kind === 'requests' && of('limits'))
}

function isQuantity(value: Json | undefined): boolean {
  return typeof value === 'string' || typeof value === 'number'
}
