import { Fault } from './fault.ts'

/** How much work the templates of one injection may do for one pod: what they read comes from anyone. */
export const LIMITS = {
  /** Nodes, function calls, and pieces of values: some ten milliseconds of work. */
  steps: 25_000,
  /** Characters that are written: twice what the annotations of a valid pod hold. */
  output: 524_288,
  /** Characters of one text that is read as YAML: a third of all steps. */
  yaml: 32_768,
} as const

/** Characters that cost as much as one step: to copy them, and to read them as YAML. */
const COPIED_PER_STEP = 256
const PARSED_PER_STEP = 4

/** What is left to spend on one pod. */
export class Budget {
  #steps: number = LIMITS.steps
  #output: number = LIMITS.output

  step(offset: number, count = 1): void {
    this.#steps -= count
    if (this.#steps < 0) throw new Fault('the template does too much work for this pod', offset)
  }

  /** Before `characters` are copied into a value that is `total` long with them. */
  copy(offset: number, characters: number, total = characters): void {
    if (total > LIMITS.output) throw new Fault(`a value is longer than ${LIMITS.output} characters`, offset)
    this.step(offset, 1 + Math.floor(characters / COPIED_PER_STEP))
  }

  parse(offset: number, characters: number): void {
    if (characters > LIMITS.yaml) throw new Fault(`a text of YAML has more than ${LIMITS.yaml} characters`, offset)
    this.parseAgain(offset, characters)
  }

  /** Before a text is parsed once more for one of its lines. */
  parseAgain(offset: number, characters: number): void {
    this.step(offset, 1 + Math.ceil(characters / PARSED_PER_STEP))
  }

  write(offset: number, characters: number): void {
    this.#output -= characters
    if (this.#output < 0) throw new Fault(`the templates write more than ${LIMITS.output} characters`, offset)
  }
}
