import { quote } from '../../admission/text.ts'
import type { Pointer } from '../../json/pointer.ts'
import { append } from '../../json/pointer.ts'
import { get, isList, isObject, type Json } from '../../json/value.ts'
import type { Problem, ValueProblem } from '../../policy/problems.ts'
import { conform } from '../pod-types/conform.ts'
import { any, type FieldType, typeAt } from '../pod-types/types.ts'
import type { Placeholders } from './placeholders.ts'
import { listsOf, SIDECAR_LISTS, type SidecarLists, sidecarFile } from './sidecars.ts'
import type { SourceValue } from './source.ts'

/** A sidecar file's lists, and what is wrong with it. */
export interface Shaped {
  readonly lists: SidecarLists
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** Brings a parsed sidecar file into the form of the API's types, as the original's decoder does. */
export function shape(value: SourceValue, placeholders: Placeholders): Shaped {
  const conformed = conform(value.root, sidecarFile, {
    isOpaque: text => placeholders.isIn(text),
    spell: (scalar, pointer) => value.spell(scalar, pointer),
  })
  const problems = [
    ...templatedKeys(value.root, sidecarFile, '', placeholders),
    ...templatedEntries(value.root, placeholders),
    ...conformed.problems,
  ]
  const respelt = conformed.spelled.flatMap(({ pointer, text }): ValueProblem[] => {
    const written = value.textAt(pointer)
    if (written === text) return []
    const isAlias = written.startsWith('*')
    const message = isAlias
      ? `${quote(written)} stands for no string and becomes ${quote(text)}: quote what it stands for`
      : `${quote(written)} is no string in YAML 1.1 and becomes ${quote(text)}: quote it`
    return [{ pointer, part: 'value', message }]
  })
  return {
    lists: listsOf(conformed.value),
    problems: problems.map(problem => value.locate(problem)),
    warnings: [...conformed.warnings, ...respelt].map(problem => value.locate(problem)),
  }
}

/** The names of fields are structure: no annotation chooses them. The keys of a map, such as limits, are values. */
function templatedKeys(
  value: Json,
  type: FieldType,
  pointer: Pointer,
  placeholders: Placeholders,
): readonly ValueProblem[] {
  if (isList(value)) {
    const of = type.kind === 'list' ? type.of : any
    return value.flatMap((item, i) => templatedKeys(item, of, append(pointer, i), placeholders))
  }
  if (!isObject(value)) return []
  return Object.keys(value).flatMap((key): readonly ValueProblem[] => {
    const at = append(pointer, key)
    if (type.kind !== 'map' && placeholders.isIn(key)) {
      return [{ pointer: at, part: 'key', message: 'a template cannot be the name of a field' }]
    }
    return templatedKeys(value[key] ?? null, typeAt(type, key), at, placeholders)
  })
}

/** Containers, volumes and mounts are selected by name, so each must be there before anything is rendered. */
function templatedEntries(root: Json, placeholders: Placeholders): readonly ValueProblem[] {
  return Object.keys(SIDECAR_LISTS).flatMap((name): readonly ValueProblem[] => {
    const list = get(root, name) ?? null
    const isTemplate = (value: Json) => typeof value === 'string' && placeholders.isIn(value)
    const message = 'a template gives a value, and no whole entry: write the entry, or {% range %} around its lines'
    if (isTemplate(list)) return [{ pointer: append('', name), part: 'value', message }]
    if (!isList(list)) return []
    return list.flatMap((item, i) =>
      isTemplate(item) ? [{ pointer: append(append('', name), i), part: 'value' as const, message }] : [],
    )
  })
}
