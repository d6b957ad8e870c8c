import type { TemplateValue } from './value.ts'

/** A part of a template, in order. */
export type Node =
  | { readonly kind: 'text'; readonly text: string; readonly offset: number }
  | { readonly kind: 'output'; readonly pipe: Pipe }
  | { readonly kind: 'break' | 'continue'; readonly offset: number }
  | Call
  | Block

/** `{% template "name" pipeline %}`. */
export interface Call {
  readonly kind: 'template'
  readonly name: string
  /** Undefined if the template is called without a value. */
  readonly pipe: Pipe | undefined
  readonly offset: number
}

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

/** A function or value, and the arguments of the function. */
export interface Command {
  readonly offset: number
  readonly terms: readonly Term[]
}

export type Term = { readonly offset: number } & (
  | { readonly kind: 'constant'; readonly value: TemplateValue }
  /** A number that no int holds: an error if it is ever used. */
  | { readonly kind: 'overflow'; readonly text: string }
  | { readonly kind: 'nil' }
  | { readonly kind: 'function'; readonly name: string }
  /** `.a.b`; without a path the dot itself. */
  | { readonly kind: 'dot'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'pipe'; readonly pipe: Pipe }
  /** `(pipeline).a.b`, and the same behind a function or nil. */
  | { readonly kind: 'chain'; readonly of: Term; readonly path: readonly string[] }
)

/** The names of the functions that templates may call: Go's own, and the one that the original adds. */
export const FUNCTIONS: readonly string[] = [
  'and',
  'call',
  'eq',
  'fromYaml',
  'ge',
  'gt',
  'html',
  'index',
  'js',
  'le',
  'len',
  'lt',
  'ne',
  'not',
  'or',
  'print',
  'printf',
  'println',
  'slice',
  'urlquery',
]
