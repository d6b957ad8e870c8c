import { quote } from '../../admission/text.ts'
import { pointerOf } from '../../json/pointer.ts'
import { get, isObject, type JsonObject } from '../../json/value.ts'
import { commandsInScript } from '../../workload/commands/commands.ts'
import type { CheckResult, Finding } from '../check.ts'
import { assignmentIn, isMentioned, type Setting, settingsOf, switchedOff, verdictOn } from './settings.ts'

/** What the texts of a ConfigMap say: lines of sysctl.conf, or a script. */
export function judgeConfigMap(object: JsonObject): CheckResult {
  const data = get(object, 'data')
  const findings: Finding[] = []
  const skipped: string[] = []
  for (const [key, text] of isObject(data) ? Object.entries(data) : []) {
    if (typeof text !== 'string' || !isMentioned(text)) continue
    const verdicts = [...linesOf(text), ...commandsInScript(text).commands.flatMap(settingsOf)].map(verdictOn)
    const off = new Set(verdicts.flatMap(verdict => (typeof verdict === 'string' ? [] : [verdict.off])))
    for (const sysctl of off) {
      findings.push(
        switchedOff(`the text ${quote(key)}`, sysctl, pointerOf(['data', key]), `in ${JSON.stringify(key)}`),
      )
    }
    if (off.size === 0 && (verdicts.includes('unreadable') || !verdicts.includes('fine'))) {
      skipped.push(
        `the text ${quote(key)} has to do with the sysctls of a node's network, and what it does cannot be read`,
      )
    }
  }
  return skipped.length === 0 ? { findings } : { findings, skipped: skipped.join('; ') }
}

/** The lines of sysctl.conf; comments begin with `#` or `;`. */
function linesOf(text: string): readonly Setting[] {
  return text
    .split('\n')
    .filter(line => !/^\s*[#;]/.test(line))
    .flatMap(line => assignmentIn(line) ?? [])
}
