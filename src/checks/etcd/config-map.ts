import { quote } from '../../admission/text.ts'
import type { JsonObject } from '../../json/value.ts'
import { Budget } from '../../workload/commands/budget.ts'
import { type ConfigMapText, shortestFirst, textsOf } from '../../workload/config-map.ts'
import type { CheckResult, Finding } from '../check.ts'
import { type EtcdText, readText } from './texts.ts'

/** A text that has to do with the start of etcd. */
interface Configured {
  readonly text: ConfigMapText
  readonly etcd: EtcdText
}

/**
 * The texts of a ConfigMap that say how etcd starts: one whose state changes from `existing` to `new`, also by leaving it
 * out or under another key; one that forces a new cluster; or one that says `new` although the cluster is known to exist.
 */
export function judgeConfigMap(object: JsonObject, before: JsonObject | null, isInitialized: boolean): CheckResult {
  const findings: Finding[] = []
  const oldBudget = new Budget()
  // What stood there before takes nothing from what comes.
  const old = configured(textsOf(before), new Map(), oldBudget)
  const budget = new Budget()
  const texts = textsOf(object)
  const keys = new Set(texts.map(({ key }) => key))
  // What stood under a key that is gone may stand under another one now.
  const moved = [...old.values()].find(({ text }) => !keys.has(text.key))
  for (const { text, etcd } of configured(texts, old, budget).values()) {
    const { key } = text
    const previous = (old.get(key) ?? moved)?.etcd
    if (Math.max(etcd.members, previous?.members ?? 0) < 2) continue
    const rule = ruleOf(etcd, previous, isInitialized)
    if (rule === undefined) continue
    findings.push({
      pointer: text.pointer,
      message: `the configuration ${quote(key)} ${SAYS[rule]}`,
      hint: "write initial-cluster-state: 'existing' for every member of a cluster that stands",
      level: 'violation',
      key: `etcd configuration ${rule} ${key}`,
    })
  }
  if (!budget.isOverrun && !oldBudget.isOverrun) return { findings }
  return { findings, skipped: budget.isOverrun ? TOO_MUCH : TOO_MUCH_BEFORE }
}

const TOO_MUCH = 'it has too many texts about etcd to read them all'
const TOO_MUCH_BEFORE = 'before the update, it had too many texts about etcd to read them all'

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

function configured(
  texts: readonly ConfigMapText[],
  old: ReadonlyMap<string, Configured>,
  budget: Budget,
): ReadonlyMap<string, Configured> {
  const read = new Map<ConfigMapText, EtcdText | undefined>()
  for (const text of shortestFirst(texts)) {
    read.set(text, readText(text, old.get(text.key)?.etcd.isFile === true, budget))
  }
  const found = new Map<string, Configured>()
  for (const text of texts) {
    const etcd = read.get(text)
    if (etcd !== undefined) found.set(text.key, { text, etcd })
  }
  return found
}
