/**
 * What reading costs, in characters looked at: measured on scripts that are there to cost much, so that a budget is spent in about the
 * same time by all of them.
 */
export const COST = {
  /** A text that is parsed, and each character of it. */
  text: 2000,
  parsed: 32,
  /** What the aliases of a YAML text may stand for. */
  aliases: 1024 * 1024,
  /** A node of a script's tree: loops in loops need not run any command. */
  node: 400,
  /** A program that is run. */
  command: 2000,
  /** A word that a program is given, beside its characters. */
  word: 80,
  /** A line that sets something by a pattern. */
  setting: 200,
} as const

/** As much as two scripts of the longest kind, or four thousand commands. */
const WHOLE = 8 * 1024 * 1024

/**
 * How much of the commands of one object is read. All containers, hooks and scripts of an object share one: a limit for each of them is
 * none, an object has room for thousands.
 */
export class Budget {
  #left = WHOLE
  #isOverrun = false

  /** Whether something was not read because it would have cost more than was left. */
  get isOverrun(): boolean {
    return this.#isOverrun
  }

  /** Takes what something costs; false where there is not as much left, and then nothing is taken. */
  spend(cost: number): boolean {
    if (cost > this.#left) {
      this.#isOverrun = true
      return false
    }
    this.#left -= cost
    return true
  }
}
