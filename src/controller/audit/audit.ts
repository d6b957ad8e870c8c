import type { ClusterClient } from '../../cluster/client.ts'
import type { DiscoveredResource } from '../../cluster/discovery.ts'
import type { JsonObject } from '../../json/value.ts'
import { decide } from '../../policy/decide.ts'
import { compareMembers } from '../../policy/evaluate-set.ts'
import type { JudgedObject } from '../judge-object.ts'
import { type SweepContext, type SweepOptions, sweep } from '../sweep.ts'
import { type FindingLimits, Findings, type PolicyFindings } from './findings.ts'

/** What an audit found. */
export interface Audit {
  readonly findings: readonly PolicyFindings[]
  /** How many objects were judged. */
  readonly objects: number
  /** What could not be listed or judged, as `group/resource`, and why. */
  readonly failures: ReadonlyMap<string, unknown>
}

export interface AuditOptions extends Omit<SweepOptions, 'onFailure'> {
  readonly limits?: FindingLimits
}

type Compared = Pick<JudgedObject, 'request' | 'members'> & {
  readonly object: JsonObject
  /** The policies that have said something about it already. */
  readonly spoke: ReadonlySet<string>
}

/**
 * Judges everything that policies are about and that is there already. Checks that compare objects see all of them. In memory is
 * a page, what was found, and what is compared.
 */
export async function audit(
  client: Pick<ClusterClient, 'list'>,
  context: SweepContext,
  { limits, ...options }: AuditOptions = {},
): Promise<Audit> {
  const findings = new Findings(limits)
  const compared: Compared[] = []
  const failures = new Map<string, unknown>()
  let objects = 0
  const onFailure = ({ group, resource }: DiscoveredResource, error: unknown) => {
    failures.set(`${group}/${resource}`, error)
  }
  for await (const swept of sweep(client, { ...context, seen: 'among-others' }, { ...options, onFailure })) {
    objects++
    const { object, members, request, policies } = swept
    // A policy that compares has not said all that it has to say.
    const spoke = findings.add(object, swept, without(policies, comparing(members)))
    if (members.length > 0) compared.push({ object, members, request, spoke })
  }
  addCompared(findings, compared, context)
  return { findings: findings.all(), objects, failures }
}

function addCompared(findings: Findings, compared: readonly Compared[], context: SweepContext): void {
  const { set, namespaceLabels, now } = context
  const results = compareMembers(compared.map(({ members }) => members))
  for (const [index, { object, members, request, spoke }] of compared.entries()) {
    const decision = decide(results[index] ?? [], set, request, { namespaceLabels, now })
    findings.add(object, { decision }, without(comparing(members), spoke))
  }
}

function comparing(members: JudgedObject['members']): ReadonlySet<string> {
  return new Set(members.map(({ policy }) => policy.name))
}

function without(names: ReadonlySet<string>, others: ReadonlySet<string>): readonly string[] {
  return [...names].filter(name => !others.has(name))
}
