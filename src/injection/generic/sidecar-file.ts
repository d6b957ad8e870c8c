import { quote } from '../../admission/text.ts'
import type { Pointer } from '../../json/pointer.ts'
import { append } from '../../json/pointer.ts'
import { isList, isObject, type Json } from '../../json/value.ts'
import type { Problem, ValueProblem } from '../../policy/problems.ts'
import { conform } from '../pod-types/conform.ts'
import type { Placeholders } from './placeholders.ts'
import { listsOf, type SidecarLists, sidecarFile } from './sidecars.ts'
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
  const problems = [...templatedKeys(value.root, '', placeholders), ...conformed.problems]
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

/** Keys are structure: an annotation does not choose them. */
function templatedKeys(value: Json, pointer: Pointer, placeholders: Placeholders): readonly ValueProblem[] {
  if (isList(value)) return value.flatMap((item, i) => templatedKeys(item, append(pointer, i), placeholders))
  if (!isObject(value)) return []
  return Object.keys(value).flatMap((key): readonly ValueProblem[] => {
    const at = append(pointer, key)
    if (placeholders.isIn(key)) return [{ pointer: at, part: 'key', message: 'a template cannot stand in a key' }]
    return templatedKeys(value[key] ?? null, at, placeholders)
  })
}
