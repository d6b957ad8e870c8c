import type { Budget } from './budget.ts'
import { Evaluation, type Sink } from './evaluate.ts'
import { attempt, Fault, type TemplateFault } from './fault.ts'
import { type Piece, piecesOf } from './lexer.ts'
import { nodesOf, type ParsedTemplate } from './parser.ts'
import type { TemplateValue } from './value.ts'

/** A template as `text/template` of Go reads it between `{%` and `%}`, with all that it knows. */
export type Template = ParsedTemplate

export type Parsed<Result> =
  | { readonly ok: true; readonly value: Result }
  | { readonly ok: false; readonly fault: TemplateFault }

/** Cuts a text into what is copied and `{% … %}`. */
export function parsePieces(text: string): Parsed<readonly Piece[]> {
  return parsed(attempt(() => piecesOf(text)))
}

/** Reads pieces into a template. Blocks must be closed, and variables defined, within them. */
export function parseTemplate(pieces: readonly Piece[]): Parsed<Template> {
  return parsed(attempt(() => nodesOf(pieces)))
}

function parsed<Result extends object>(result: Result | Fault): Parsed<Result> {
  return result instanceof Fault ? { ok: false, fault: result } : { ok: true, value: result }
}

/** Renders a template into a sink; what was written before a fault is there to be thrown away. Never throws. */
export function execute(template: Template, pod: TemplateValue, budget: Budget, sink: Sink): TemplateFault | undefined {
  return attempt(() => {
    new Evaluation(template, budget, sink).run(pod)
    return undefined
  })
}

/** Renders a template into a text. */
export function renderText(template: Template, pod: TemplateValue, budget: Budget): Parsed<string> {
  let text = ''
  const write = (piece: string) => {
    text += piece
  }
  const fault = execute(template, pod, budget, { text: write, value: write })
  return fault === undefined ? { ok: true, value: text } : { ok: false, fault }
}
