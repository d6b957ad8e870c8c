import type { YamlProblem } from '../../../yaml/document.ts'

/** Why a template cannot be read or rendered. */
export interface TemplateFault {
  readonly message: string
  /** Of the source text, in UTF-16 code units. */
  readonly offset: number
}

/**
 * A fault on its way out of a recursion. Thrown and caught only inside `src/injection/generic`, which hands it on as a
 * value.
 */
export class Fault extends Error implements TemplateFault {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** Runs what may throw a {@link Fault}; anything else that is thrown is a bug and goes on. */
export function attempt<Result>(run: () => Result): Result | Fault {
  try {
    return run()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}

/** What a text in YAML inside a template has against it, on one line. */
export function describeYaml({ message, position }: YamlProblem): string {
  return `line ${position.line}: ${message}`
}
