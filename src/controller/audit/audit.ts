import type { ClusterClient } from '../../cluster/client.ts'
import type { DiscoveredResource } from '../../cluster/discovery.ts'
import { decide } from '../../policy/decide.ts'
import { compareMembers } from '../../policy/evaluate-set.ts'
import { type SweepContext, type SweepOptions, sweep } from '../sweep.ts'
import { type FindingLimits, Findings, type PolicyFindings } from './findings.ts'
import { type Compared, comparing, Held } from './held.ts'

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

/**
 * Judges everything that policies are about and that is there already. Checks that compare objects see all of them. In memory is
 * a page, what was found, and what is compared: see {@link Held}.
 */
export async function audit(
  client: Pick<ClusterClient, 'list'>,
  context: SweepContext,
  { limits, ...options }: AuditOptions = {},
): Promise<Audit> {
  const findings = new Findings(limits)
  const held = new Held(selectedLabels(context))
  const failures = new Map<string, unknown>()
  let objects = 0
  const onFailure = ({ group, resource }: DiscoveredResource, error: unknown) => {
    failures.set(`${group}/${resource}`, error)
  }
  for await (const swept of sweep(client, { ...context, seen: 'among-others' }, { ...options, onFailure })) {
    objects++
    const { object, members, policies } = swept
    // A policy that compares has not said all that it has to say.
    const spoke = findings.add(object, swept, without(policies, comparing(members)))
    if (members.length > 0) held.add(swept, spoke)
  }
  addCompared(findings, held.all, context)
  return { findings: findings.all(), objects, failures }
}

function selectedLabels({ set }: SweepContext): ReadonlySet<string> {
  return new Set(set.exceptions.flatMap(({ objectSelector }) => objectSelector.map(({ key }) => key)))
}

function addCompared(findings: Findings, compared: readonly Compared[], context: SweepContext): void {
  const { set, namespaceLabels, now } = context
  const results = compareMembers(compared.map(({ members }) => members))
  for (const [index, { object, members, request, spoke, followers, alike }] of compared.entries()) {
    const decision = decide(results[index] ?? [], set, request, { namespaceLabels, now })
    const policies = without(comparing(members), spoke)
    const said = findings.add(object, { decision }, policies)
    // What was said of the template is not said again of its pods; what was not, they pass too.
    findings.addPasses(object, without(new Set(policies), said), followers + alike)
    findings.addAlike(object, { decision }, alike)
  }
}

function without(names: ReadonlySet<string>, others: ReadonlySet<string>): readonly string[] {
  return [...names].filter(name => !others.has(name))
}
