/*
War story 3: members of an etcd cluster that had lost their data were started with --initial-cluster-state=new. Instead of
joining, they made a new, empty cluster, and the state of Kubernetes was gone. etcd ignores the flag once its data directory
is initialised, so the danger is a member that loses its data while "new" stands.

Fields: the flags, variables (ETCD_*) and data volume of containers that run etcd, before and after; configuration files,
variables and scripts of etcd in ConfigMaps.

Allowed: single members, whatever they say; "new" for a cluster that is made for the first time, on volumes that last.
*/
import { z } from 'zod'
import { quote } from '../admission/text.ts'
import { append, type Pointer } from '../json/pointer.ts'
import { dig, get, type JsonObject } from '../json/value.ts'
import { POD_TEMPLATE_KINDS, sameKind } from '../workload/kinds.ts'
import { type Pod, podsOf } from '../workload/pod.ts'
import type { Check, CheckResult, Finding, FindingFacts, Subject } from './check.ts'
import { judgeConfigMap } from './etcd/config-map.ts'
import { type EtcdMember, type EtcdPod, etcdIn, isSamePlace, NONE } from './etcd/members.ts'
import { CONFIG_MAP, rulesFor } from './resources.ts'

const KINDS = [...POD_TEMPLATE_KINDS, CONFIG_MAP]

/** Says of an object that its etcd cluster exists: a member that starts as new would make another one. */
export const INITIALIZED = 'portcullis.dev/etcd-initialized'

/** Refuses what makes a member of an existing etcd cluster start a new, empty one. */
export const etcdBootstrap: Check<Record<string, never>> = {
  id: 'etcd-bootstrap',
  summary: 'Refuses what would make members of an etcd cluster start a new, empty one.',
  kinds: KINDS,
  resources: rulesFor(KINDS),
  params: z.strictObject({}),
  run(subject) {
    const { request, object, pods } = subject
    if (sameKind(request.kind, CONFIG_MAP))
      return judgeConfigMap(object, before(subject), isInitialized(object, undefined))
    const findings: Finding[] = []
    const skipped = new Set<string>()
    const old = before(subject)
    const oldPods = old === null ? [] : podsOf(request.kind, old)
    for (const [index, pod] of pods.entries()) {
      const { members, unread } = etcdIn(pod, object)
      for (const reason of unread) skipped.add(reason)
      const earlierPod = old === null ? NONE : etcdBefore(old, oldPods, index)
      if (members.length > 0) for (const reason of earlierPod.unread) skipped.add(`before the update, ${reason}`)
      const names = new Set(members.map(nameOf))
      const earlier = new Map(earlierPod.members.toReversed().map(member => [nameOf(member), member]))
      const gone = new Set(earlierPod.members.filter(member => !names.has(nameOf(member))))
      for (const member of members) {
        // One of another name stands in for one that is gone.
        const previous = earlier.get(nameOf(member)) ?? gone.values().next().value
        if (previous !== undefined) gone.delete(previous)
        const result = judgeMember(member, previous, isInitialized(object, pod))
        findings.push(...result.findings)
        if (result.skipped !== undefined) skipped.add(result.skipped)
      }
      for (const { container, size } of gone) {
        if (size !== 'one') skipped.add(`whether etcd still runs in container ${quote(container.name)} cannot be read`)
      }
    }
    return skipped.size === 0 ? { findings } : { findings, skipped: [...skipped].join('; ') }
  },
}

/** What the pod at the same place had to do with etcd. What of it is not read may have been a member. */
function etcdBefore(old: JsonObject, pods: ReturnType<typeof podsOf>, index: number): EtcdPod {
  if (typeof pods === 'string') return { members: [], unread: [`it had ${pods}`] }
  const pod = pods?.[index]
  return pod === undefined ? NONE : etcdIn(pod, old)
}

function nameOf({ container }: EtcdMember): string {
  return container.name
}

/** The object as it was before an update; asked about the old object itself there is nothing before it. */
function before({ request, object, oldObject }: Subject): JsonObject | null {
  return request.operation === 'UPDATE' && object !== oldObject ? oldObject : null
}

function isInitialized(object: JsonObject, pod: Pod | undefined): boolean {
  const annotations = [dig(object, 'metadata', 'annotations'), get(pod?.metadata, 'annotations')]
  return annotations.some(map => get(map, INITIALIZED) !== undefined && get(map, INITIALIZED) !== 'false')
}

const LOST =
  'a member that starts without its data would make a new, empty cluster, and all that the old one held would be gone'

function judgeMember(member: EtcdMember, previous: EtcdMember | undefined, isInitialized: boolean): CheckResult {
  // What is one member now may be what is left of a cluster.
  if (member.size === 'one' && (previous === undefined || previous.size === 'one')) return { findings: [] }
  const { container, state, statePointer, volume } = member
  const name = `etcd in container ${quote(container.name)}`
  const facts = { containers: [{ name: container.name, image: container.image }] }
  if (member.isForced) {
    const message = `${name} forces a new cluster: it drops all other members and goes on alone, at every start`
    return { findings: [violation(statePointer, message, 'forced', member, facts)] }
  }
  if (state === undefined) {
    return { findings: [], skipped: `the initial cluster state of ${name} cannot be read: ${member.unread}` }
  }
  if (state !== 'new') return { findings: [] }
  const findings: Finding[] = []
  if (previous?.state === 'existing') {
    findings.push(
      violation(
        statePointer,
        `${name} changes its initial cluster state from "existing" to "new": ${LOST}`,
        'state',
        member,
        facts,
      ),
    )
  }
  if (previous !== undefined && !isSamePlace(previous.volume, volume)) {
    const what = volume.identity === undefined ? 'loses the volume of its data' : 'gets another volume for its data'
    findings.push(
      violation(
        volume.pointer,
        `${name} ${what} while its initial cluster state is "new": ${LOST}`,
        'volume',
        member,
        facts,
      ),
    )
  }
  if (isInitialized && findings.length === 0) {
    findings.push(
      violation(
        statePointer,
        `${name} has the initial cluster state "new", although ${quote(INITIALIZED)} says that the cluster exists: ${LOST}`,
        'initialized',
        member,
        facts,
      ),
    )
  }
  if (findings.length === 0 && member.size === 'several' && !volume.lasts) {
    findings.push({
      pointer: volume.pointer,
      message: `${name} is one of several members that start as "new", and keeps its data ${volume.identity === undefined ? 'on no volume' : 'on an emptyDir'}: ${LOST}`,
      hint: 'keep the data on a PersistentVolumeClaim or, in a static pod, on a hostPath; set --initial-cluster-state=existing once the cluster stands',
      level: 'warning',
      key: `etcd ephemeral ${container.name}`,
      facts,
    })
  }
  return { findings }
}

function violation(
  pointer: Pointer,
  message: string,
  rule: string,
  { container }: EtcdMember,
  facts: FindingFacts,
): Finding {
  return {
    pointer,
    message,
    hint: 'set --initial-cluster-state=existing for every member of a cluster that stands, and leave its data volume as it is',
    level: 'violation',
    key: `etcd ${rule} ${append('', container.list, container.name)}`,
    facts,
  }
}
