import { quote } from '../admission/text.ts'
import { isObject } from '../json/value.ts'
import { suggest } from '../policy/suggest.ts'

const CHOICES =
  'a pod asks by an annotation (trigger: {annotation: example.com/inject}, with values if "true" and "enabled" do not fit), or every pod that matchConstraints selects gets it (trigger: {always: true})'

const FIELDS = ['annotation', 'values', 'always']

/** Says what is wrong with a `trigger` that is neither an annotation nor `always: true`, and what to write. */
export function describeTriggerFault(input: unknown): string {
  if (input === undefined) return `required field "trigger" is missing: ${CHOICES}`
  if (!isObject(input)) return `must be an object: ${CHOICES}`
  const keys = Object.keys(input)
  if (keys.length === 0) return `must not be empty: ${CHOICES}`
  const unknown = keys.find(key => !FIELDS.includes(key))
  if (unknown !== undefined && /label|selector/i.test(unknown)) {
    return `there is no ${quote(unknown)}: pods are chosen by labels with always: true and matchConstraints.objectSelector, namespaces with matchConstraints.namespaceSelector; otherwise ${CHOICES}`
  }
  if (unknown !== undefined) return `unknown field ${quote(unknown)}${suggest(unknown, FIELDS)}: ${CHOICES}`
  if (keys.includes('annotation') && keys.includes('always'))
    return `must not have both annotation and always: ${CHOICES}`
  if (keys.includes('always')) {
    return input['always'] === true
      ? 'always: true takes no values: every pod that matchConstraints selects gets the injection'
      : `always must be true, or be left out: ${CHOICES}`
  }
  if (!keys.includes('annotation')) return `values need an annotation: ${CHOICES}`
  return typeof input['annotation'] === 'string'
    ? `values must be a list of texts; write "true" in quotes: ${CHOICES}`
    : `annotation must be a text: ${CHOICES}`
}
