import { dig, getList, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'

/** A rollout as a person reads it. */
export interface RolloutView {
  readonly name: string
  readonly target: string
  readonly replaces: string | undefined
  readonly phase: string
  readonly stage: string
  /** RFC 3339; undefined before it began. */
  readonly since: string | undefined
  readonly verdict: string
  readonly reason: string
  readonly message: string
  readonly revision: string
  readonly stages: readonly { readonly name: string; readonly reaches: string; readonly hold: string }[]
  readonly gates: readonly GateView[]
  readonly replicas: { readonly total: number; readonly current: number } | undefined
  /** In how many namespaces the target is in force, of how many. */
  readonly namespaces: { readonly reached: number; readonly total: number } | undefined
  /** The pods that still have an injection that was taken back; undefined without any. */
  readonly left:
    | { readonly pods: number; readonly unready: number; readonly names: readonly string[]; readonly command: string }
    | undefined
  readonly isPaused: boolean
}

export interface GateView {
  readonly gate: string
  readonly state: string
  readonly value: number | undefined
  readonly limit: number
}

export function nameOf(rollout: JsonObject): string {
  return getString(dig(rollout, 'metadata'), 'name') ?? ''
}

/** Reads a rollout; what no controller has looked at yet has no phase. */
export function viewOf(rollout: JsonObject): RolloutView {
  const { spec, status } = rollout
  const target = dig(spec, 'target')
  const replicas = dig(status, 'replicas')
  const namespaces = dig(status, 'namespaces')
  const left = dig(status, 'left')
  return {
    name: nameOf(rollout),
    target: `${getString(target, 'kind')} ${getString(target, 'name')}`,
    replaces: getString(spec, 'replaces'),
    phase: getString(status, 'phase') ?? 'Unseen',
    stage: getString(status, 'stage') ?? '',
    since: getString(status, 'since'),
    verdict: getString(status, 'verdict') ?? '',
    reason: getString(status, 'reason') ?? '',
    message: getString(status, 'message') ?? 'no controller has looked at it yet',
    revision: getString(status, 'revision') ?? '',
    stages: getList(spec, 'stages').map(stage => ({
      name: getString(stage, 'name') ?? '',
      reaches: reachesOf(stage),
      hold: getString(stage, 'hold') ?? '',
    })),
    gates: getList(status, 'gates').map(gate => ({
      gate: getString(gate, 'gate') ?? '',
      state: getString(gate, 'state') ?? '',
      value: numberOf(dig(gate, 'value')),
      limit: numberOf(dig(gate, 'limit')) ?? 0,
    })),
    replicas: isObject(replicas)
      ? { total: numberOf(replicas['total']) ?? 0, current: numberOf(replicas['current']) ?? 0 }
      : undefined,
    namespaces: isObject(namespaces)
      ? { reached: numberOf(namespaces['reached']) ?? 0, total: numberOf(namespaces['total']) ?? 0 }
      : undefined,
    left: isObject(left)
      ? {
          pods: numberOf(left['pods']) ?? 0,
          unready: numberOf(left['unready']) ?? 0,
          names: getList(left, 'names').map(String),
          command: getString(left, 'command') ?? '',
        }
      : undefined,
    isPaused: dig(spec, 'paused') === true,
  }
}

function reachesOf(stage: Json): string {
  const percent = dig(stage, 'percent')
  if (typeof percent === 'number') return `${percent} % of all namespaces`
  const selector = dig(stage, 'namespaceSelector')
  if (!isObject(selector)) return 'all namespaces'
  const labels = Object.entries(isObject(selector['matchLabels']) ? selector['matchLabels'] : {}).map(
    ([key, value]) => `${key}=${String(value)}`,
  )
  const expressions = getList(selector, 'matchExpressions').map(expression => {
    const values = getList(expression, 'values').map(String)
    const set = values.length > 0 ? ` (${values.join(', ')})` : ''
    return `${getString(expression, 'key')} ${getString(expression, 'operator')}${set}`
  })
  return `namespaces with ${[...labels, ...expressions].join(', ') || 'any labels'}`
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Columns under their headings, each as wide as it has to be. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(
      row =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** `4m12s`, `3h5m`, `2d4h`. */
export function ageOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ]
  if (days > 0) return `${days}d${hours}h`
  if (hours > 0) return `${hours}h${minutes}m`
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`
}
