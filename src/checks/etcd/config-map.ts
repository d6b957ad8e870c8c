import { quote } from '../../admission/text.ts'
import { pointerOf } from '../../json/pointer.ts'
import { get, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { parseYaml } from '../../yaml/parse.ts'
import type { CheckResult, Finding } from '../check.ts'

/** A configuration file of etcd, as far as its start is concerned. */
interface EtcdFile {
  readonly state: string
  readonly members: number
}

/**
 * The configuration files of etcd in a ConfigMap: one whose state changes from `existing` to `new`, also by leaving it
 * out, or that says `new` although the cluster is known to exist.
 */
export function judgeConfigMap(object: JsonObject, before: JsonObject | null, isInitialized: boolean): CheckResult {
  const findings: Finding[] = []
  const [data, old] = [get(object, 'data'), get(before ?? undefined, 'data')]
  for (const [key, text] of isObject(data) ? Object.entries(data) : []) {
    const file = etcdFile(text)
    if (file === undefined || file.state !== 'new' || file.members < 2) continue
    const previous = etcdFile(get(old, key))
    const isChanged = previous?.state === 'existing'
    if (!isChanged && !isInitialized) continue
    const what = isChanged
      ? 'changes the initial cluster state of etcd from "existing" to "new"'
      : 'has the initial cluster state "new", although the cluster is said to exist'
    findings.push({
      pointer: pointerOf(['data', key]),
      message: `the configuration ${quote(key)} ${what}: a member that starts without its data would make a new, empty cluster, and all that the old one held would be gone`,
      hint: "write initial-cluster-state: 'existing' for every member of a cluster that stands",
      level: 'violation',
      key: `etcd configuration ${isChanged ? 'state' : 'initialized'} ${key}`,
    })
  }
  return { findings }
}

/** What a text says, where it is a configuration of etcd. */
function etcdFile(text: Json | undefined): EtcdFile | undefined {
  if (typeof text !== 'string' || !text.includes('initial-cluster')) return undefined
  const [document] = parseYaml(text).documents
  const cluster = getString(document?.value, 'initial-cluster')
  if (cluster === undefined) return undefined
  const members = cluster.split(',').filter(Boolean).length
  return { state: getString(document?.value, 'initial-cluster-state') || 'new', members }
}
