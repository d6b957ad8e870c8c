import { isList, isObject, type Json } from '../../json/value.ts'
import type { Problem } from '../../policy/problems.ts'
import { Assembled } from './assembled.ts'
import { Placeholders } from './placeholders.ts'
import { shape } from './sidecar-file.ts'
import type { PodSidecars, SidecarLists } from './sidecars.ts'
import { readValue } from './source.ts'
import { Budget } from './template/budget.ts'
import { Fault } from './template/fault.ts'
import { type Action, type Piece, trimmed } from './template/lexer.ts'

import { parseTemplate, renderText, type Template } from './template/template.ts'
import type { TemplateValue } from './template/value.ts'
import { isControl, isShared, type ReadSidecars, refused, SAMPLE_POD, type TemplateSource } from './template-source.ts'

/**
 * Reads a file whose templates each stand inside one scalar: it is parsed as YAML once, with a word of letters and
 * digits for each `{% … %}`, and what they give for a pod is put into the parsed scalars. So an annotation is text and
 * never structure. Undefined where a template reaches over more than one scalar.
 */
export function readScalarTemplates(source: TemplateSource): ReadSidecars | undefined {
  const { file, text, pieces } = source
  const actions = pieces.filter((piece): piece is Action => piece.kind === 'action')
  // What one scalar defines, another may call.
  if (actions.some(isShared)) return undefined
  const placeholders = new Placeholders(text)
  const value = readValue(file, assemble(pieces, actions, placeholders))
  if ('message' in value) return actions.length === 0 ? refused(value) : undefined
  const templates = templatesIn(value.root, actions, placeholders)
  if (templates === undefined) return undefined
  const { lists, problems, warnings } = shape(value, placeholders)
  const [first, ...rest] = [...problems, ...faultsFor(SAMPLE_POD, templates, source)]
  if (first !== undefined) return refused(first, ...rest)
  const sidecars = {
    sample: lists,
    isComplete: true,
    isTemplated: (json: Json) => templates.size > 0 && placeholders.isAnywhereIn(json),
    mayDeclare: () => false,
    forPod: (pod: () => TemplateValue, budget: Budget) => forPod(lists, templates, pod, budget),
    place: (offset: number) => file.place(offset),
  }
  return { ok: true, sidecars, warnings }
}

/** The text with its placeholders, trimmed as when it is rendered; comments are nothing. */
function assemble(pieces: readonly Piece[], actions: readonly Action[], placeholders: Placeholders): Assembled {
  const assembled = new Assembled()
  const indexes = new Map(actions.map(({ offset }, index) => [offset, index]))
  for (const piece of trimmed(pieces)) {
    if (piece.kind === 'text') assembled.copy(piece.text, piece.offset)
    if (piece.kind === 'action') assembled.replace(placeholders.word(indexes.get(piece.offset) ?? 0), piece.offset)
  }
  return assembled
}

/** A string's template, and where it begins in the file. */
interface ScalarTemplate {
  readonly template: Template
  readonly offset: number
}

/** The templates by the strings they are in; undefined where one does not stand for itself. */
function templatesIn(
  root: Json,
  actions: readonly Action[],
  placeholders: Placeholders,
): ReadonlyMap<string, ScalarTemplate> | undefined {
  const templates = new Map<string, ScalarTemplate>()
  const seen = new Set<Action>()
  for (const string of stringsIn(root)) {
    if (!placeholders.isIn(string) || templates.has(string)) continue
    const pieces = placeholders.split(string).map((stretch): Piece => {
      const action = 'index' in stretch ? actions[stretch.index] : undefined
      if (action !== undefined) seen.add(action)
      return action ?? { kind: 'text', text: 'text' in stretch ? stretch.text : '', offset: 0 }
    })
    const parsed = parseTemplate(pieces)
    if (!parsed.ok) return undefined
    templates.set(string, {
      template: parsed.value,
      offset: pieces.find(piece => piece.kind === 'action')?.offset ?? 0,
    })
  }
  // One that stands nowhere is in a comment of the YAML text: nothing comes of it, unless it governs something.
  return actions.every(action => seen.has(action) || !isControl(action)) ? templates : undefined
}

function* stringsIn(value: Json): Generator<string> {
  if (typeof value === 'string') yield value
  else if (isList(value)) for (const item of value) yield* stringsIn(item)
  else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      yield key
      yield* stringsIn(value[key] ?? null)
    }
  }
}

function faultsFor(
  pod: TemplateValue,
  templates: ReadonlyMap<string, ScalarTemplate>,
  { file }: TemplateSource,
): readonly Problem[] {
  const budget = new Budget()
  return [...templates.values()].flatMap(({ template }) => {
    const rendered = renderText(template, pod, budget)
    return rendered.ok ? [] : [file.problem(rendered.fault.message, rendered.fault.offset)]
  })
}

function forPod(
  lists: SidecarLists,
  templates: ReadonlyMap<string, ScalarTemplate>,
  pod: () => TemplateValue,
  budget: Budget,
): PodSidecars {
  let value: TemplateValue | undefined
  return {
    lists,
    render: string => {
      const found = templates.get(string)
      if (found === undefined) return undefined
      value ??= pod()
      const rendered = renderText(found.template, value, budget)
      if (!rendered.ok) throw new Fault(rendered.fault.message, rendered.fault.offset)
      const beforeParse = (characters: number) => budget.parse(found.offset, characters)
      return { text: rendered.value, offset: found.offset, beforeParse }
    },
  }
}
