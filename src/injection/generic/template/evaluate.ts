import { quote } from '../../../admission/text.ts'
import type { Block, Call, Command, Node, Pipe, Term } from './ast.ts'
import type { Budget } from './budget.ts'
import { Fault } from './fault.ts'
import { follow } from './fields.ts'
import { callFunction, taker } from './functions.ts'
import type { ParsedTemplate } from './parser.ts'
import { printed } from './print.ts'
import { integerOf, isTrue, Sized, TemplateList, TemplateMap, type TemplateValue, typeName, unwrap } from './value.ts'

/** Where a template writes to: its own text, and what it computed, apart. */
export interface Sink {
  text(text: string, offset: number): void
  value(text: string, offset: number): void
}

/** Templates that call templates do so no deeper, so that the stack holds. */
const CALL_DEPTH = 100

interface Variable {
  readonly name: string
  value: TemplateValue
}

/** A way out of the nodes of a `range`. */
type Exit = 'break' | 'continue' | undefined

/** One rendering of a template. Throws a Fault. */
export class Evaluation {
  readonly #template: ParsedTemplate
  readonly #budget: Budget
  readonly #sink: Sink
  #variables: Variable[] = []
  #depth = 0

  constructor(template: ParsedTemplate, budget: Budget, sink: Sink) {
    this.#template = template
    this.#budget = budget
    this.#sink = sink
  }

  run(pod: TemplateValue): void {
    this.#variables = [{ name: '$', value: pod }]
    this.#nodes(this.#template.nodes, pod)
  }

  #nodes(nodes: readonly Node[], dot: TemplateValue): Exit {
    for (const node of nodes) {
      switch (node.kind) {
        case 'text':
          this.#budget.write(node.offset, node.text.length)
          this.#sink.text(node.text, node.offset)
          break
        case 'output':
          this.#output(node.pipe, dot)
          break
        case 'template':
          this.#call(node, dot)
          break
        case 'break':
        case 'continue':
          return node.kind
        default: {
          const exit = this.#block(node, dot)
          if (exit !== undefined) return exit
        }
      }
    }
    return undefined
  }

  #output(pipe: Pipe, dot: TemplateValue): void {
    const value = this.#pipe(pipe, dot)
    if (pipe.variables.length > 0) return
    const text = printed(value, taker({ offset: pipe.offset, budget: this.#budget }))
    this.#budget.write(pipe.offset, text.length)
    this.#sink.value(text, pipe.offset)
  }

  /** A template that is called sees the value that it is given, and no variable. */
  #call({ name, pipe, offset }: Call, dot: TemplateValue): void {
    this.#budget.step(offset)
    const nodes = this.#template.defined.get(name)
    if (nodes === undefined) throw new Fault(`there is no template ${quote(name)}`, offset)
    if (this.#depth >= CALL_DEPTH) throw new Fault(`templates call each other more than ${CALL_DEPTH} deep`, offset)
    const value = pipe === undefined ? null : this.#pipe(pipe, dot)
    const variables = this.#variables
    this.#variables = [{ name: '$', value }]
    this.#depth++
    this.#nodes(nodes, value)
    this.#depth--
    this.#variables = variables
  }

  #block({ kind, pipe, body, otherwise }: Block, dot: TemplateValue): Exit {
    const mark = this.#variables.length
    const value = this.#pipe(pipe, dot)
    let exit: Exit
    if (kind === 'range') exit = this.#range(value, pipe, body) ? undefined : this.#nodes(otherwise, dot)
    else exit = isTrue(value) ? this.#nodes(body, kind === 'with' ? value : dot) : this.#nodes(otherwise, dot)
    this.#variables.length = mark
    return exit
  }

  /** Whether there was anything to go over. */
  #range(value: TemplateValue, pipe: Pipe, body: readonly Node[]): boolean {
    const { offset, variables } = pipe
    const count = integerOf(value)
    if (count !== undefined && variables.length > 1) {
      throw new Fault('range over an integer sets one variable at most', offset)
    }
    let isEmpty = true
    const mark = this.#variables.length
    for (const [key, item] of this.#entriesOf(value, offset)) {
      isEmpty = false
      this.#budget.step(offset)
      this.#setLoop(pipe, key, item, mark)
      const exit = this.#nodes(body, item)
      this.#variables.length = mark
      if (exit === 'break') break
    }
    return !isEmpty
  }

  /** One variable is set to the element, of two the first to its index or key. Go declares them once, around the loop. */
  #setLoop(pipe: Pipe, key: TemplateValue, item: TemplateValue, mark: number): void {
    const { isAssignment, offset } = pipe
    const [first, second] = pipe.variables
    if (first === undefined) return
    if (isAssignment) {
      this.#assign(first, second === undefined ? item : key, offset)
      if (second !== undefined) this.#assign(second, item, offset)
      return
    }
    const top = this.#variables[mark - 1]
    const below = this.#variables[mark - 2]
    if (top !== undefined) top.value = item
    if (second !== undefined && below !== undefined) below.value = key
  }

  *#entriesOf(value: TemplateValue, offset: number): Generator<readonly [TemplateValue, TemplateValue]> {
    const count = integerOf(value)
    if (count !== undefined) {
      for (let i = 0n; i < count; i++) yield [null, value instanceof Sized ? new Sized(value.type, i) : i]
    } else if (value instanceof TemplateList) {
      for (const [i, item] of value.items.entries()) yield [BigInt(i), item]
    } else if (value instanceof TemplateMap) {
      yield* value.entries
    } else if (value !== null) throw new Fault(`range does not go over ${typeName(value)}`, offset)
  }

  #pipe(pipe: Pipe, dot: TemplateValue): TemplateValue {
    this.#budget.step(pipe.offset)
    let value: TemplateValue | undefined
    for (const command of pipe.commands) value = unwrap(this.#command(command, dot, value))
    const result = value ?? null
    for (const name of pipe.variables) {
      if (pipe.isAssignment) this.#assign(name, result, pipe.offset)
      else this.#variables.push({ name, value: result })
    }
    return result
  }

  /** @param piped the value before `|`; it becomes the last argument. */
  #command({ terms, offset }: Command, dot: TemplateValue, piped: TemplateValue | undefined): TemplateValue {
    const [first, ...rest] = terms
    if (first === undefined) return null
    if (first.kind === 'function') return this.#function(first, rest, dot, piped)
    if (rest.length > 0 || piped !== undefined) {
      throw new Fault('the first value is not a function and takes no arguments', offset)
    }
    if (first.kind === 'nil') throw new Fault('nil cannot be written', offset)
    return this.#term(first, dot)
  }

  #function(
    { name, offset }: Term & { kind: 'function' },
    terms: readonly Term[],
    dot: TemplateValue,
    piped: TemplateValue | undefined,
  ): TemplateValue {
    if (name === 'and' || name === 'or') return this.#choose(name, offset, terms, dot, piped)
    const args = terms.map(term => this.#term(term, dot))
    if (piped !== undefined) args.push(piped)
    return callFunction(name, args, { offset, budget: this.#budget })
  }

  /** `and` gives the first argument that is false, `or` the first that is true; otherwise the last. */
  #choose(
    name: 'and' | 'or',
    offset: number,
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
      case 'overflow':
        throw new Fault(`${term.text} is larger than any int`, term.offset)
      case 'nil':
        return null
      case 'function':
        return this.#function(term, [], dot, undefined)
      case 'dot':
        return follow(dot, term.path, term.offset)
      case 'variable':
        return follow(this.#find(term.name, term.offset).value, term.path, term.offset)
      case 'chain':
        return follow(this.#term(term.of, dot), term.path, term.offset)
      default:
        return this.#pipe(term.pipe, dot)
    }
  }

  #assign(name: string, value: TemplateValue, offset: number): void {
    this.#find(name, offset).value = value
  }

  #find(name: string, offset: number): Variable {
    const found = this.#variables.findLast(variable => variable.name === name)
    if (found === undefined) throw new Fault(`variable ${quote(name)} is not defined here`, offset)
    return found
  }
}
