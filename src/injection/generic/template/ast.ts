import type { TemplateValue } from './value.ts'

/** A part of a template, in order. */
export type Node =
  | { readonly kind: 'text'; readonly text: string; readonly offset: number }
  | { readonly kind: 'output'; readonly pipe: Pipe }
  | Block

/** `{% if … %}body{% else %}otherwise{% end %}`; an `else if` is an `if` in `otherwise`. */
export interface Block {
  readonly kind: 'if' | 'with' | 'range'
  readonly pipe: Pipe
  readonly body: readonly Node[]
  readonly otherwise: readonly Node[]
}

/** `$x := a | b c`. */
export interface Pipe {
  readonly offset: number
  /** The variables that it sets, with their `$`. */
  readonly variables: readonly string[]
  /** `=` instead of `:=`. */
  readonly isAssignment: boolean
  readonly commands: readonly Command[]
}

/** A function or value, and what the function is given. */
export interface Command {
  readonly offset: number
  readonly terms: readonly Term[]
}

export type Term = { readonly offset: number } & (
  | { readonly kind: 'constant'; readonly value: TemplateValue }
  | { readonly kind: 'function'; readonly name: string }
  /** `.a.b`; without a path the dot itself. */
  | { readonly kind: 'dot'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly path: readonly string[] }
)

/** The names of the functions that templates may call. */
export const FUNCTIONS: readonly string[] = [
  'index',
  'fromYaml',
  'and',
  'or',
  'not',
  'len',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'print',
  'println',
  'printf',
]
