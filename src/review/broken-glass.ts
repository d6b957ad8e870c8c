import type { Decision, ExemptFinding } from '../policy/decide.ts'

/** What one break-glass exception let pass in one request. */
export interface GlassFact {
  readonly policy: string
  readonly exception: string
  /** The group of the user that gave the right. */
  readonly group: string
  /** The user's own, from the object; on one line, printable and of bounded length. */
  readonly reason: string
}

/** The exceptions whose glass was broken, each once for each policy. */
export function brokenGlass({ exempt }: Pick<Decision, 'exempt'>): readonly GlassFact[] {
  const facts: GlassFact[] = []
  for (const { policy, exception, glass } of exempt) {
    if (glass === undefined) continue
    if (facts.some(fact => fact.policy === policy && fact.exception === exception)) continue
    facts.push({ policy, exception, ...glass })
  }
  return facts
}

/** The findings that went through broken glass. */
export function throughGlass({ exempt }: Pick<Decision, 'exempt'>, fact: GlassFact): readonly ExemptFinding[] {
  return exempt.filter(({ policy, exception }) => policy === fact.policy && exception === fact.exception)
}
