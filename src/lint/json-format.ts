import { inertJson } from '../admission/text.ts'
import type { LintError, LintExclusion, LintExemption, LintFinding, LintSkip, Reporter, Summary } from './report.ts'
import { comparePlaces } from './report.ts'

/** A run as one JSON document. Its fields are a promise to scripts. */
export interface JsonReport {
  readonly summary: Summary
  readonly findings: readonly Omit<LintFinding, 'frame'>[]
  readonly skipped: readonly LintSkip[]
  /** What exceptions let pass, by their names; each is among the skipped too. */
  readonly exempt: readonly LintExemption[]
  readonly errors: readonly LintError[]
}

/** Collects a run and writes it as JSON at its end. */
export function jsonReporter(write: (text: string) => void): Reporter {
  const findings: JsonReport['findings'][number][] = []
  const skipped: LintSkip[] = []
  const exempt: LintExemption[] = []
  const errors: LintError[] = []
  return {
    file(report) {
      findings.push(...report.findings.map(plainFinding))
      // One shape for everything that was not judged, or not held against the object: a script sees that it is not green.
      skipped.push(
        ...[...report.skipped, ...report.exempt.map(asSkip), ...report.excluded.flatMap(asSkips)].map(plainSkip),
      )
      exempt.push(...report.exempt.map(plainExemption))
      errors.push(...report.errors.map(plainError))
    },
    end(summary, general) {
      errors.push(...general.map(plainError))
      const counted = { ...summary, skipped: skipped.length }
      write(
        inertJson({
          summary: counted,
          findings: findings.sort(comparePlaces),
          skipped: skipped.sort(comparePlaces),
          exempt: exempt.sort(comparePlaces),
          errors: errors.sort(comparePlaces),
        }),
      )
    },
  }
}

function plainFinding({ frame: _, ...finding }: LintFinding): JsonReport['findings'][number] {
  const { file, line, column, endLine, endColumn, policy, check, action, pointer, message, hint, object } = finding
  const place = { file, line, column, endLine, endColumn }
  return { ...place, policy, check, action, pointer, message, ...(hint !== undefined && { hint }), object }
}

function plainExemption(exemption: LintExemption): LintExemption {
  const { file, line, column, endLine, endColumn, policy, check, exception, reason, message, object } = exemption
  const place = { file, line, column, endLine, endColumn }
  return { ...place, policy, check, exception, reason, message, object }
}

function asSkip({ exception, reason, message, ...exempt }: LintExemption): LintSkip {
  return { ...exempt, reason: `exempt by ${exception} (${reason}): ${message}` }
}

function asSkips({ file, line, namespace, policies, object }: LintExclusion): readonly LintSkip[] {
  const reason = `namespace ${namespace} is excluded: see --exclude-namespaces`
  return policies.map(policy => ({ file, line, policy, check: '', reason, object }))
}

function plainSkip({ file, line, policy, check, reason, unjudged, object }: LintSkip): LintSkip {
  return { file, line, policy, check, reason, ...(unjudged && { unjudged }), object }
}

function plainError({ file, line, column, message }: LintError): LintError {
  return { file, line, column, message }
}
