import type { Json } from '../../json/value.ts'
import type { Problem } from '../../policy/problems.ts'
import { Assembled } from './assembled.ts'
import { Placeholders } from './placeholders.ts'
import { type Shaped, shape } from './sidecar-file.ts'
import type { PodSidecars } from './sidecars.ts'
import { readValue } from './source.ts'
import { Budget } from './template/budget.ts'
import { Fault, type TemplateFault } from './template/fault.ts'
import { execute } from './template/template.ts'
import type { TemplateValue } from './template/value.ts'
import { isControl, type ReadSidecars, refused, SAMPLE_POD, type TemplateSource } from './template-source.ts'

/** A file rendered for one pod, parsed, with placeholders for what its templates wrote. */
interface Rendered extends Shaped {
  readonly values: readonly { readonly text: string; readonly offset: number }[]
}

/**
 * Reads a file whose templates reach over more than one scalar: a block around lines of YAML. It is rendered for each
 * pod and parsed then, but every value that a template writes is a placeholder until the text has been parsed, so that
 * the structure comes from the file alone.
 */
export function readStructureTemplates(source: TemplateSource): ReadSidecars {
  const { file, text, pieces } = source
  const placeholders = new Placeholders(text)
  const sample = render(source, placeholders, SAMPLE_POD, new Budget())
  if ('offset' in sample) return refused(file.problem(sample.message, sample.offset))
  if ('message' in sample) return refused(sample)
  const [first, ...rest] = sample.problems
  if (first !== undefined) return refused(first, ...rest)
  const action = pieces.find(piece => piece.kind === 'action' && isControl(piece)) ?? pieces[0]
  const warning = file.problem(
    'this template makes structure, not a value: the file is read anew for each pod, and what templates write stays text',
    action?.offset ?? 0,
  )
  const sidecars = {
    sample: sample.lists,
    isComplete: false,
    isTemplated: (json: Json) => placeholders.isAnywhereIn(json),
    mayDeclare: (name: string) => text.includes(name),
    forPod: (pod: () => TemplateValue, budget: Budget) => forPod(source, placeholders, pod(), budget),
    place: (offset: number) => file.place(offset),
  }
  return { ok: true, sidecars, warnings: [warning, ...sample.warnings] }
}

function render(
  { file, template }: TemplateSource,
  placeholders: Placeholders,
  pod: TemplateValue,
  budget: Budget,
): Rendered | Problem | TemplateFault {
  const assembled = new Assembled()
  const values: { text: string; offset: number }[] = []
  const fault = execute(template, pod, budget, {
    text: (text, offset) => assembled.copy(text, offset),
    value: (text, offset) => {
      assembled.replace(placeholders.word(values.length), offset)
      values.push({ text, offset })
    },
  })
  if (fault !== undefined) return fault
  const value = readValue(file, assembled)
  return 'message' in value ? value : { ...shape(value, placeholders), values }
}

function forPod(source: TemplateSource, placeholders: Placeholders, pod: TemplateValue, budget: Budget): PodSidecars {
  const rendered = render(source, placeholders, pod, budget)
  if ('offset' in rendered) throw new Fault(rendered.message, rendered.offset)
  const problem = 'message' in rendered ? rendered : rendered.problems[0]
  if ('message' in rendered || problem !== undefined) {
    throw new Fault(`for this pod the file is wrong: ${problem?.message}`, offsetOf(source.text, problem))
  }
  return {
    lists: rendered.lists,
    render: string => {
      if (!placeholders.isIn(string)) return undefined
      const stretches = placeholders.split(string)
      const first = stretches.find(stretch => 'index' in stretch)
      const text = stretches
        .map(stretch => ('index' in stretch ? (rendered.values[stretch.index]?.text ?? '') : stretch.text))
        .join('')
      const offset = first === undefined ? 0 : (rendered.values[first.index]?.offset ?? 0)
      return { text, offset, beforeParse: characters => budget.parse(offset, characters) }
    },
  }
}

function offsetOf(text: string, problem: Problem | undefined): number {
  const { line, column } = problem ?? { line: 1, column: 1 }
  const source = new Assembled()
  source.copy(text, 0)
  return source.offsetOf({ line, column })
}
