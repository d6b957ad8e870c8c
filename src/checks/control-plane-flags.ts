/*
War story 5: the API servers of one cluster had different service-account keys. Tokens that one of them had signed the other
refused, and whatever had a token worked or failed by which of them it met.

Fields: the flags of kube-apiserver and kube-controller-manager in the static-pod manifests of several masters.

Allowed: the same value everywhere; lists in any order. A manifest alone has nothing to be compared with, and is skipped.
*/
import { z } from 'zod'
import { quote } from '../admission/text.ts'
import type { Pointer } from '../json/pointer.ts'
import { dig, get, getString } from '../json/value.ts'
import { POD_TEMPLATE_KINDS } from '../workload/kinds.ts'
import { type Check, type CheckResult, type Finding, type Subject, setRule } from './check.ts'
import { componentsIn, pointerOfFlag } from './control-plane/components.ts'
import { comparable, FLAGS } from './control-plane/flags.ts'
import { rulesFor } from './resources.ts'

const CLUSTER_LABEL = 'portcullis.dev/cluster'

interface ControlPlaneFlagsParams {
  readonly flags: readonly string[]
  readonly ignore: readonly string[]
}

/** What of one manifest is compared. */
interface Master {
  /** The component and the cluster that it belongs to: what the label says, else the namespace. */
  readonly group: string
  readonly component: string
  readonly origin: string
  readonly container: { readonly name: string; readonly image: string }
  readonly flags: readonly {
    readonly flag: string
    readonly pointer: Pointer
    readonly shown: string
    readonly value: string | undefined
  }[]
}

/** Compares the flags of a control plane's components over its masters. */
export const controlPlaneFlags: Check<ControlPlaneFlagsParams> = {
  id: 'control-plane-flags',
  summary: 'Compares the flags that must agree on every master of a control plane.',
  kinds: POD_TEMPLATE_KINDS,
  resources: rulesFor(POD_TEMPLATE_KINDS),
  params: z.strictObject({
    flags: z
      .array(z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be the name of a flag, without dashes before it'))
      .default([]),
    ignore: z.array(z.string()).default([]),
  }),
  run({ pods, facts }) {
    const [component] = pods.flatMap(componentsIn)
    if (component === undefined || facts.seen === 'among-others') return { findings: [] }
    return {
      findings: [],
      skipped: `the flags of ${component.name} have to be compared with those of the other masters: this manifest is seen alone`,
    }
  },
  set: setRule<ControlPlaneFlagsParams, readonly Master[]>({
    pick(subject, params) {
      const masters = mastersIn(subject, params)
      return masters.length === 0 ? undefined : masters
    },
    compare(members) {
      const results = members.map((): { findings: Finding[]; skipped?: string } => ({ findings: [] }))
      const all = members.flatMap((masters, index) => masters.map(master => ({ master, index })))
      for (const group of Map.groupBy(all, ({ master }) => master.group).values()) {
        const [first] = group
        if (first !== undefined && group.length === 1) {
          const result = results[first.index]
          if (result !== undefined)
            result.skipped = `the flags of ${first.master.component} have to be compared with those of the other masters: there is only this manifest`
        } else compareGroup(group, (index, finding) => results[index]?.findings.push(finding))
      }
      return results satisfies readonly CheckResult[]
    },
  }),
}

function mastersIn({ object, pods, facts }: Subject, { flags, ignore }: ControlPlaneFlagsParams): readonly Master[] {
  return pods.flatMap(pod =>
    componentsIn(pod).map((component): Master => {
      const metadata = dig(object, 'metadata')
      // Hosted control planes stand side by side in one cluster, each in a namespace of its own.
      const cluster =
        getString(get(pod.metadata, 'labels'), CLUSTER_LABEL) ?? `in ${getString(metadata, 'namespace') ?? ''}`
      const compared = [...FLAGS[component.name], ...flags].filter(flag => !ignore.includes(flag))
      const name = getString(metadata, 'name') ?? ''
      return {
        group: JSON.stringify([component.name, cluster]),
        component: component.name,
        origin: facts.origin === '' ? name : facts.origin,
        container: { name: component.container.name, image: component.container.image },
        flags: [...new Set(compared)].map(flag => ({
          flag,
          pointer: pointerOfFlag(component, flag),
          ...comparable(flag, component.flags.get(flag) ?? (component.isOpen ? [undefined] : undefined)),
        })),
      }
    }),
  )
}

type Grouped = readonly { readonly master: Master; readonly index: number }[]

function compareGroup(group: Grouped, report: (index: number, finding: Finding) => void): void {
  const flags = new Set(group.flatMap(({ master }) => master.flags.map(({ flag }) => flag)))
  for (const flag of flags) {
    const values = group.flatMap(({ master, index }) => {
      const found = master.flags.find(candidate => candidate.flag === flag)
      // What cannot be read agrees with nothing and differs from nothing.
      return found?.value === undefined ? [] : [{ master, index, found, value: found.value }]
    })
    const byValue = [...Map.groupBy(values, ({ value }) => value).values()].toSorted((a, b) => b.length - a.length)
    const [most, second] = byValue
    if (most === undefined || second === undefined) continue
    // Where no value has more masters than the others, nobody can say which is wrong: all are named.
    const wrong = most.length > second.length ? byValue.slice(1).flat() : values
    const list = values.map(({ master, found }) => `${master.origin}: ${found.shown}`).join('; ')
    for (const { master, index, found } of wrong) {
      report(index, {
        pointer: found.pointer,
        message: `--${flag} of ${master.component} is not the same on every master (${list})`,
        hint: 'give every master the same value; which API server a client meets is chance',
        level: 'violation',
        key: `flag ${flag} ${quote(found.shown)}`,
        facts: { containers: [master.container] },
      })
    }
  }
}
