import { quote } from '../../../admission/text.ts'
import type { Block, Command, Node, Pipe, Term } from './ast.ts'
import type { Budget } from './budget.ts'
import { Fault } from './fault.ts'
import { callFunction, taker } from './functions.ts'
import { textOf } from './text.ts'
import { isTemplateList, isTrue, Struct, TemplateMap, type TemplateValue, typeName } from './value.ts'

/** Where a template writes to: what the template itself says, and what it computed, apart. */
export interface Sink {
  text(text: string, offset: number): void
  value(text: string, offset: number): void
}

/** One rendering of a template. Throws a Fault. */
export class Evaluation {
  readonly #budget: Budget
  readonly #sink: Sink
  readonly #variables: { readonly name: string; value: TemplateValue }[]

  constructor(pod: TemplateValue, budget: Budget, sink: Sink) {
    this.#budget = budget
    this.#sink = sink
    this.#variables = [{ name: '$', value: pod }]
  }

  run(nodes: readonly Node[], dot: TemplateValue): void {
    for (const node of nodes) {
      if (node.kind === 'text') {
        this.#budget.write(node.offset, node.text.length)
        this.#sink.text(node.text, node.offset)
      } else if (node.kind === 'output') this.#output(node.pipe, dot)
      else this.#block(node, dot)
    }
  }

  #output(pipe: Pipe, dot: TemplateValue): void {
    const value = this.#pipe(pipe, dot)
    if (pipe.variables.length > 0) return
    const text = textOf(value, taker({ offset: pipe.offset, budget: this.#budget }))
    this.#budget.write(pipe.offset, text.length)
    this.#sink.value(text, pipe.offset)
  }

  #block({ kind, pipe, body, otherwise }: Block, dot: TemplateValue): void {
    const mark = this.#variables.length
    const value = this.#pipe(pipe, dot)
    if (kind === 'range') this.#range(value, pipe, body, () => this.run(otherwise, dot))
    else if (isTrue(value)) this.run(body, kind === 'with' ? value : dot)
    else this.run(otherwise, dot)
    this.#variables.length = mark
  }

  #range(value: TemplateValue, pipe: Pipe, body: readonly Node[], otherwise: () => void): void {
    const entries = entriesOf(value)
    if (entries === undefined) throw new Fault(`range does not go over ${typeName(value)}`, pipe.offset)
    if (entries.length === 0) otherwise()
    this.#budget.step(pipe.offset, entries.length)
    for (const [key, item] of entries) {
      const mark = this.#variables.length
      const [first, second] = pipe.variables
      // One variable is set to the element, of two the first to its index or key.
      if (second !== undefined && first !== undefined) this.#declare(first, key)
      const name = second ?? first
      if (name !== undefined) this.#declare(name, item)
      this.run(body, item)
      this.#variables.length = mark
    }
  }

  #pipe(pipe: Pipe, dot: TemplateValue): TemplateValue {
    this.#budget.step(pipe.offset)
    let value: TemplateValue | undefined
    for (const command of pipe.commands) value = this.#command(command, dot, value)
    const result = value ?? null
    for (const name of pipe.variables) {
      if (pipe.isAssignment) this.#assign(name, result)
      else this.#declare(name, result)
    }
    return result
  }

  /** @param piped what stands before `|`; it becomes the last argument. */
  #command({ terms }: Command, dot: TemplateValue, piped: TemplateValue | undefined): TemplateValue {
    const [first, ...rest] = terms
    if (first?.kind !== 'function') return first === undefined ? null : this.#term(first, dot)
    if (first.name === 'and' || first.name === 'or') return this.#choose(first, rest, dot, piped)
    const args = rest.map(term => this.#term(term, dot))
    if (piped !== undefined) args.push(piped)
    return callFunction(first.name, args, { offset: first.offset, budget: this.#budget })
  }

  /** `and` gives the first argument that is false, `or` the first that is true; otherwise the last. */
  #choose(
    { name, offset }: Term & { kind: 'function' },
    terms: readonly Term[],
    dot: TemplateValue,
    piped: TemplateValue | undefined,
  ): TemplateValue {
    let value = piped
    for (const term of terms) {
      value = this.#term(term, dot)
      if (isTrue(value) === (name === 'or')) return value
    }
    if (terms.length === 0 && piped === undefined) throw new Fault(`${name} takes at least 1 argument, not 0`, offset)
    return piped ?? value ?? null
  }

  #term(term: Term, dot: TemplateValue): TemplateValue {
    this.#budget.step(term.offset)
    switch (term.kind) {
      case 'constant':
        return term.value
      case 'function':
        return this.#command({ offset: term.offset, terms: [term] }, dot, undefined)
      case 'dot':
        return follow(dot, term.path, term.offset)
      case 'variable':
        return follow(this.#find(term.name, term.offset).value, term.path, term.offset)
      default:
        return follow(this.#pipe(term.pipe, dot), term.path, term.offset)
    }
  }

  #declare(name: string, value: TemplateValue): void {
    this.#variables.push({ name, value })
  }

  #assign(name: string, value: TemplateValue): void {
    this.#find(name, 0).value = value
  }

  #find(name: string, offset: number): { value: TemplateValue } {
    const found = this.#variables.findLast(variable => variable.name === name)
    if (found === undefined) throw new Fault(`variable ${quote(name)} is not defined here`, offset)
    return found
  }
}

function follow(value: TemplateValue, path: readonly string[], offset: number): TemplateValue {
  let at = value
  for (const name of path) {
    const found: TemplateValue | undefined =
      at instanceof TemplateMap
        ? (at.entries.get(name) ?? at.missing)
        : at instanceof Struct
          ? at.fields.get(name)
          : undefined
    if (found === undefined) throw new Fault(`${typeName(at)} has no field ${quote(`.${name}`)}`, offset)
    at = found
  }
  return at
}

/** The elements that `range` goes over, maps sorted by key; undefined where it cannot. */
function entriesOf(value: TemplateValue): readonly (readonly [TemplateValue, TemplateValue])[] | undefined {
  if (value === null) return []
  if (isTemplateList(value)) return value.map((item, i) => [BigInt(i), item] as const)
  if (!(value instanceof TemplateMap)) return undefined
  return [...value.entries].sort(([a], [b]) => (a < b ? -1 : 1))
}
