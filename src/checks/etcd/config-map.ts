import { quote } from '../../admission/text.ts'
import type { JsonObject } from '../../json/value.ts'
import { type ConfigMapText, textsOf } from '../../workload/config-map.ts'
import type { CheckResult, Finding } from '../check.ts'
import { type EtcdText, readText } from './texts.ts'

/** A text that has to do with the start of etcd. */
interface Configured extends ConfigMapText {
  readonly etcd: EtcdText
}

/**
 * The texts of a ConfigMap that say how etcd starts: one whose state changes from `existing` to `new`, also by leaving it
 * out or under another key; one that forces a new cluster; or one that says `new` although the cluster is known to exist.
 */
export function judgeConfigMap(object: JsonObject, before: JsonObject | null, isInitialized: boolean): CheckResult {
  const findings: Finding[] = []
  const old = configured(before, [])
  for (const text of configured(object, old)) {
    const { etcd, key, pointer } = text
    const previous = previousOf(text, old, object)
    if (Math.max(etcd.members, previous?.members ?? 0) < 2) continue
    const rule = ruleOf(etcd, previous, isInitialized)
    if (rule === undefined) continue
    findings.push({
      pointer,
      message: `the configuration ${quote(key)} ${SAYS[rule]}`,
      hint: "write initial-cluster-state: 'existing' for every member of a cluster that stands",
      level: 'violation',
      key: `etcd configuration ${rule} ${key}`,
    })
  }
  return { findings }
}

const LOST =
  'a member that starts without its data would make a new, empty cluster, and all that the old one held would be gone'
const SAYS = {
  state: `changes the initial cluster state of etcd from "existing" to "new": ${LOST}`,
  initialized: `has the initial cluster state "new", although the cluster is said to exist: ${LOST}`,
  forced: 'forces a new cluster: the member drops all others and goes on alone, at every start',
} as const

function ruleOf(etcd: EtcdText, previous: EtcdText | undefined, isInitialized: boolean): keyof typeof SAYS | undefined {
  if (etcd.isForced) return 'forced'
  if (etcd.state !== 'new') return undefined
  if (previous?.state === 'existing') return 'state'
  return isInitialized ? 'initialized' : undefined
}

function configured(configMap: JsonObject | null, old: readonly Configured[]): readonly Configured[] {
  return textsOf(configMap).flatMap(text => {
    const wasConfiguration = old.some(({ key, etcd }) => key === text.key && etcd.isFile)
    const etcd = readText(text, wasConfiguration)
    return etcd === undefined ? [] : [{ ...text, etcd }]
  })
}

/** What stood under the same key or, where there was none, under one that is gone. */
function previousOf({ key }: Configured, old: readonly Configured[], object: JsonObject): EtcdText | undefined {
  const same = old.find(other => other.key === key)
  if (same !== undefined) return same.etcd
  const keys = new Set(textsOf(object).map(text => text.key))
  return old.find(other => !keys.has(other.key))?.etcd
}
