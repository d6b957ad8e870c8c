/**
 * Subresources that carry no pod spec to judge: they change where a pod runs or what it says, not what it may reach.
 * Those that take the whole object change its labels all the same: a check that judges metadata is asked.
 */
export const HARMLESS_SUBRESOURCES: ReadonlySet<string> = new Set([
  'attach',
  'binding',
  'eviction',
  'exec',
  'log',
  'portforward',
  'proxy',
  'scale',
  'status',
  'token',
])
