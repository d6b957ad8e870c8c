import { Budget } from '../../../src/injection/generic/template/budget.ts'
import { podValue } from '../../../src/injection/generic/template/pod-value.ts'
import {
  type Parsed,
  parsePieces,
  parseTemplate,
  renderText,
} from '../../../src/injection/generic/template/template.ts'
import type { TemplateCase } from './arbitrary.ts'

/** What Go's text/template said: a text, or an error. */
export interface GoAnswer {
  readonly text?: string
  readonly error?: string
  /** The text is not UTF-8, which JSON cannot hold. */
  readonly isBroken?: boolean
}

/** How the two engines agree, or why they differ on purpose. Undefined: they differ, and nothing explains it. */
export type Agreement = 'same text' | 'both refuse' | Deviation

export type Deviation = keyof typeof DEVIATIONS

/** The deliberate differences; each is told by its own rule. */
export const DEVIATIONS = {
  'broken text': 'Go writes bytes that are not UTF-8; here it is an error',
  address: 'Go writes an address in memory, another one on each run; here it is an error',
  bounds: 'the template does more work, or writes more, than is allowed here',
  yaml: 'fromYaml is stricter here about what different readers of YAML take differently',
  'slice position': 'Go takes no position for slice out of a list or map',
  'absent annotation': 'an annotation that is absent is empty here, and no value in Go',
} as const

/** Renders a template here. */
export function renderHere({ template, annotations, serviceAccountName }: TemplateCase): Parsed<string> {
  const pieces = parsePieces(template)
  if (!pieces.ok) return pieces
  const parsed = parseTemplate(pieces.value)
  return parsed.ok ? renderText(parsed.value, podValue({ annotations, serviceAccountName }), new Budget()) : parsed
}

/** Compares both engines on one case. */
export function compare(asked: TemplateCase, go: GoAnswer): Agreement | undefined {
  const here = renderHere(asked)
  if (here.ok) {
    if (here.value === go.text) return 'same text'
    if (go.error?.includes('cannot index slice/array with type interface {}') === true) return 'slice position'
    return asksForAbsent(asked) ? 'absent annotation' : undefined
  }
  if (go.text === undefined) return 'both refuse'
  const { message } = here.fault
  if (go.isBroken === true && /cuts a character|unknown escape/.test(message)) return 'broken text'
  if (message.includes('an address in memory')) return 'address'
  if (/too much work|is longer than|write more than|deep$/.test(message)) return 'bounds'
  if (message.startsWith('fromYaml: line ')) return 'yaml'
  return asksForAbsent(asked) ? 'absent annotation' : undefined
}

/** Whether a template may ask the annotations for one that is not there, other than by `index`. */
function asksForAbsent({ template, annotations }: TemplateCase): boolean {
  const isAbsent = (name: string | undefined) => name !== undefined && !Object.hasOwn(annotations, name)
  const direct = [...template.matchAll(/\.Annotations\.(\w+)/g)].some(([, name]) => isAbsent(name))
  // Below `with .Annotations` or in a variable, any field may be one.
  return (
    direct ||
    (/\.Annotations\b(?!\.\w)/.test(template) && [...template.matchAll(/\.(\w+)/g)].some(([, name]) => isAbsent(name)))
  )
}
