import { quote } from '../../admission/text.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { getList, getString, type Json, type JsonObject } from '../../json/value.ts'
import { hooksOf } from '../../workload/commands/commands.ts'
import type { RunCommand } from '../../workload/commands/reader.ts'
import type { Container } from '../../workload/pod.ts'
import type { CheckResult, Finding } from '../check.ts'
import { isMentioned, isOpaque, settingsOf, switchedOff, verdictOn } from './settings.ts'

/** What the commands of a container do to the sysctls of a node. */
export function judgeContainer(container: Container): CheckResult {
  // Nearly every container: nothing has to be parsed.
  if (!isInteresting(container.value)) return NOTHING
  const mention = mentionIn(container)
  const { commands: own, hookCommands: hooks } = container
  const commands = [...own.commands, ...hooks.commands]
  const unreadable = [...own.unreadable, ...hooks.unreadable]
  const verdicts = commands.flatMap(settingsOf).map(verdictOn)
  const off = new Set(verdicts.flatMap(verdict => (typeof verdict === 'string' ? [] : [verdict.off])))
  const place = mention ?? container.pointer
  const facts = { containers: [{ name: container.name, image: container.image }] }
  const name = `container ${quote(container.name)}`
  const findings: readonly Finding[] = [...off].map(sysctl =>
    switchedOff(name, sysctl, place, `in ${JSON.stringify([container.list, container.name])}`, facts),
  )
  // What nobody has read may put such a name together.
  if (findings.length > 0 || (mention === undefined && !container.isOverrun)) return { findings }
  // Every mention that is understood is a setting or a look at one; where there is none, nobody knows what it does.
  const isUnderstood = verdicts.includes('fine') && !verdicts.includes('unreadable') && !hasOpaque(container, commands)
  if (isUnderstood && unreadable.length === 0) return NOTHING
  const reason = unreadable[0] ?? 'what it does with it cannot be read'
  const has = mention === undefined ? 'may have' : 'has'
  return { findings, skipped: `${name} ${has} to do with the sysctls of the node's network, and ${reason}` }
}

const NOTHING: CheckResult = { findings: [] }

/** Arguments without a command stand first as those of an entrypoint that nobody sees, and then as a command. */
function hasOpaque({ value }: Container, commands: readonly RunCommand[]): boolean {
  return commands.slice(getList(value, 'command').length > 0 ? 0 : 1).some(isOpaque)
}

/** Where a container first names one of these sysctls: in a command, or in a variable. */
function mentionIn({ pointer, value }: Container): Pointer | undefined {
  for (const { path, words } of placesOf(value)) {
    const index = words.findIndex(word => typeof word === 'string' && isMentioned(word))
    if (index >= 0) return append(pointer, ...path, index)
  }
  const index = getList(value, 'env').findIndex(variable => isMentioned(getString(variable, 'value') ?? ''))
  return index < 0 ? undefined : append(pointer, 'env', index)
}

/** Every list of words that a container runs, and where it stands. */
function placesOf(container: JsonObject): ReturnType<typeof hooksOf> {
  return [
    ...['command', 'args'].map(list => ({ path: [list], words: getList(container, list) })),
    ...hooksOf(container),
  ]
}

/** The fields in which hooks and probes stand. */
const HOOKED = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const

/** What a command has to do with sysctls, also where their names are put together from pieces. */
const INTERESTING = /sysc|\/proc\/sys|bridge-nf|nf-call|ip_forward/

/** Whether a container may have to do with these sysctls. Its variables count where a word of the command may name one. */
function isInteresting(container: JsonObject): boolean {
  let hasVariables = false
  const isNamed = (words: readonly Json[]): boolean => {
    for (const word of words) {
      if (typeof word !== 'string') continue
      if (INTERESTING.test(word)) return true
      hasVariables ||= word.includes('$')
    }
    return false
  }
  if (isNamed(getList(container, 'command')) || isNamed(getList(container, 'args'))) return true
  // Few containers have any.
  if (HOOKED.some(field => container[field] !== undefined)) {
    for (const { words } of hooksOf(container)) if (isNamed(words)) return true
  }
  return (
    hasVariables && getList(container, 'env').some(variable => INTERESTING.test(getString(variable, 'value') ?? ''))
  )
}
