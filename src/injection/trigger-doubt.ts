import { quote } from '../admission/text.ts'
import type { Json } from '../json/value.ts'
import type { PodDraft } from './draft.ts'
import type { Injection } from './injection.ts'

type Asked = Extract<Injection['trigger'], { readonly kind: 'annotation' }>

/** What people write who mean yes. */
const YES: ReadonlySet<string> = new Set(['true', 'enabled', 'enable', 'yes', 'y', 'on', '1', 't'])

/** `"true" or "enabled"` */
export function describeValues({ values }: Asked): string {
  return values.map(quote).join(' or ')
}

/** Whether a value was meant to trigger, although it does not: by its case, blanks or quotes around it, or another word for yes. */
export function isMeant(value: string, { values }: Asked): boolean {
  const bare = bareOf(value)
  return YES.has(bare) || values.some(wanted => bareOf(wanted) === bare)
}

/** Short enough to look at. */
const MAX_LENGTH = 64

function bareOf(value: string): string {
  return value.length > MAX_LENGTH
    ? value
    : value
        .trim()
        .replace(/^["']+|["']+$/g, '')
        .toLowerCase()
}

/**
 * Says that a pod asks for an injection in a way that does not count: its author waits for a sidecar. Undefined if it does not ask, or
 * says no.
 */
export function triggerDoubt({ trigger }: Injection, { annotations, labels }: PodDraft): string | undefined {
  if (trigger.kind === 'always') return undefined
  const value = annotations.get(trigger.key)
  if (typeof value === 'string' && isMeant(value, trigger)) {
    return `nothing was injected: annotation ${quote(trigger.key)} is ${quote(value)}; only ${describeValues(trigger)} counts, exactly so`
  }
  const label = value === undefined ? labels.get(trigger.key) : undefined
  if (typeof label !== 'string' || !isMeant(label, trigger)) return undefined
  return `nothing was injected: the pod has ${quote(trigger.key)} as a label, and only an annotation counts`
}

/** A value as a person finds it in a manifest: what is not a text is named, because that is the fault. */
export function describeValue(value: Json): string {
  if (typeof value === 'string') return quote(value)
  if (value === null) return 'null'
  if (typeof value === 'boolean' || typeof value === 'number') {
    return `${value} without quotes, which the API server does not accept: write ${quote(String(value))}`
  }
  return Array.isArray(value) ? 'a list' : 'an object'
}
