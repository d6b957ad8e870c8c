import { quote } from '../../admission/text.ts'
import type { JsonObject } from '../../json/value.ts'
import { Budget, COST } from '../../workload/commands/budget.ts'
import { commandsInScript } from '../../workload/commands/commands.ts'
import { textsOf } from '../../workload/config-map.ts'
import type { CheckResult, Finding } from '../check.ts'
import {
  assignmentIn,
  isMentioned,
  isOpaque,
  mayName,
  type Setting,
  settingsOf,
  switchedOff,
  verdictOn,
} from './settings.ts'

/** What the texts of a ConfigMap say: lines of sysctl.conf, or a script. */
export function judgeConfigMap(object: JsonObject): CheckResult {
  const findings: Finding[] = []
  const skipped: string[] = []
  const budget = new Budget()
  for (const { key, text, pointer } of textsOf(object)) {
    if (!mayName(text)) continue
    const { commands } = commandsInScript(text, budget)
    const verdicts = [...linesOf(text, budget), ...commands.flatMap(settingsOf)].map(verdictOn)
    const off = new Set(verdicts.flatMap(verdict => (typeof verdict === 'string' ? [] : [verdict.off])))
    for (const sysctl of off) {
      findings.push(switchedOff(`the text ${quote(key)}`, sysctl, pointer, `in ${JSON.stringify(key)}`))
    }
    if (off.size > 0 || !(isMentioned(text) || budget.isOverrun)) continue
    if (verdicts.includes('unreadable') || !verdicts.includes('fine') || commands.some(isOpaque)) {
      skipped.push(
        `the text ${quote(key)} has to do with the sysctls of a node's network, and what it does cannot be read`,
      )
    }
  }
  return skipped.length === 0 ? { findings } : { findings, skipped: skipped.join('; ') }
}

/** The lines of sysctl.conf; comments begin with `#` or `;`. */
function linesOf(text: string, budget: Budget): readonly Setting[] {
  const settings: Setting[] = []
  for (const line of text.split('\n')) {
    const setting = /^\s*[#;]/.test(line) ? undefined : assignmentIn(line)
    if (setting === undefined) continue
    if (!budget.spend(COST.setting)) return [...settings, { name: undefined, value: undefined }]
    settings.push(setting)
  }
  return settings
}
