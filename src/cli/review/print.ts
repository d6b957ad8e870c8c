import { dump } from 'js-yaml'
import { inertJson, oneLine, printable } from '../../admission/text.ts'
import type { Verdict } from './verdict.ts'

/** A verdict and what it is about. */
export interface Reviewed extends Verdict {
  readonly file: string
  readonly line: number
  /** `Pod "shop/checkout"`. */
  readonly object: string
}

export type OutputFormat = 'text' | 'json' | 'yaml'

/** The whole result in one of the formats. The same verdicts give the same text. */
export function formatReviews(reviews: readonly Reviewed[], format: OutputFormat): string {
  if (format === 'json') return inertJson(reviews)
  // YAML escapes controls itself; marks that reorder text are written out, and only JSON gives them back exactly.
  if (format === 'yaml') return printable(dump(reviews, { lineWidth: -1, noRefs: true }))
  return reviews.map(describe).join('\n')
}

function describe(reviewed: Reviewed): string {
  const { file, line, object, allowed, code, reason, message, warnings, auditAnnotations, patch, patched } = reviewed
  const status = [code, reason].filter(Boolean).join(' ')
  const denied = status === '' ? 'denied' : `denied (${status})`
  const word = allowed ? (patch === undefined ? 'allowed' : 'patched') : denied
  const lines = [`${file}:${line}: ${object}: ${word}`]
  if (message !== undefined) lines.push(...indent(message))
  for (const warning of warnings) lines.push(...indent(`Warning: ${warning}`))
  for (const [key, value] of Object.entries(auditAnnotations)) lines.push(...indent(`audit ${key}: ${value}`))
  if (patch !== undefined) {
    lines.push(...indent('patch:'))
    for (const operation of patch) lines.push(...indent(`  ${JSON.stringify(operation)}`))
    lines.push(...indent('patched object:'), ...indent(dump(patched, { lineWidth: -1, noRefs: true }).trimEnd(), 4))
  }
  // What stands in a manifest or comes from a server must not move the cursor of whoever reads it.
  return `${lines.map(oneLine).join('\n')}\n`
}

function indent(text: string, width = 2): readonly string[] {
  return text.split('\n').map(line => `${' '.repeat(width)}${line}`)
}
