import { quote } from '../../admission/text.ts'
import type { JsonObject } from '../../json/value.ts'
import { Budget, COST } from '../../workload/commands/budget.ts'
import { commandsInScript } from '../../workload/commands/commands.ts'
import { shortestFirst, textsOf } from '../../workload/config-map.ts'
import type { CheckResult, Finding } from '../check.ts'
import { isPattern } from './pattern.ts'
import {
  assignmentIn,
  isKept,
  isMentioned,
  isOpaque,
  mayName,
  type Setting,
  settingsOf,
  switchedOff,
  UNREADABLE,
  verdictOn,
  watchedName,
} from './settings.ts'
import { isSetInData, kindOfText } from './text-kind.ts'

/** What the texts of a ConfigMap set: as lines of sysctl.conf, or by the commands of a script. Prose sets nothing. */
export function judgeConfigMap(object: JsonObject): CheckResult {
  const findings: Finding[] = []
  const skipped: string[] = []
  const budget = new Budget()
  const texts = textsOf(object)
    .filter(({ text }) => mayName(text))
    .map(entry => ({
      key: entry.key,
      text: entry.text,
      pointer: entry.pointer,
      kind: kindOfText(entry.key, entry.text),
    }))
    .filter(({ kind, text }) => kind !== 'prose' && (kind !== 'data' || isSetInData(text)))
  const scripts = new Map(shortestFirst(texts).map(entry => [entry, commandsInScript(entry.text, budget)]))
  for (const entry of texts) {
    const { key, text, pointer, kind } = entry
    const commands = kind === 'settings' ? [] : (scripts.get(entry)?.commands ?? [])
    // A line of a script is a command, and what is in its here-documents goes where they go.
    const lines = kind === 'script' || (kind === 'unknown' && text.includes('<<')) ? [] : linesOf(text, budget)
    const verdicts = [...lines, ...commands.flatMap(settingsOf)].map(verdictOn)
    const off = new Set(verdicts.flatMap(verdict => (typeof verdict === 'string' ? [] : [verdict.off])))
    for (const sysctl of off) {
      findings.push(switchedOff(`the text ${quote(key)}`, sysctl, pointer, `in ${JSON.stringify(key)}`))
    }
    if (off.size > 0 || !(isMentioned(text) || budget.isOverrun)) continue
    // Of a script all commands are known; of anything else only what it sets.
    const isRead = kind === 'script' ? scripts.get(entry)?.unreadable.length === 0 : verdicts.includes('fine')
    if (verdicts.includes('unreadable') || !isRead || commands.some(isOpaque) || commands.some(isKept)) {
      skipped.push(
        `the text ${quote(key)} has to do with the sysctls of a node's network, and what it does cannot be read`,
      )
    }
  }
  return skipped.length === 0 ? { findings } : { findings, skipped: skipped.join('; ') }
}

/**
 * The lines of sysctl.conf that may be about these sysctls; comments begin with `#` or `;`. One that names a sysctl as it is
 * called costs nothing: it is found whatever else the object brings.
 */
function linesOf(text: string, budget: Budget): readonly Setting[] {
  const settings: Setting[] = []
  for (const line of text.split('\n')) {
    const setting = /^\s*[#;]/.test(line) ? undefined : assignmentIn(line)
    if (setting?.name === undefined) continue
    if (isPattern(setting.name)) settings.push(budget.spend(COST.setting) ? setting : UNREADABLE)
    else if (watchedName(setting.name) !== undefined) settings.push(setting)
  }
  return settings
}
