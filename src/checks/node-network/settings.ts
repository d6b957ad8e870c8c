import { quote } from '../../admission/text.ts'
import type { Pointer } from '../../json/pointer.ts'
import { type Argument, baseName } from '../../workload/commands/output.ts'
import type { RunCommand } from '../../workload/commands/reader.ts'
import type { Finding, FindingFacts } from '../check.ts'
import { sameAs } from '../findings.ts'
import { firstMet, isPattern } from './pattern.ts'

/** What of a text is about these sysctls, whatever separates their parts. */
const MENTIONED = /bridge-nf-call-|\bip_forward\b/

/** Whether a text has anything to do with this check: nearly none has. */
export function isMentioned(text: string): boolean {
  return MENTIONED.test(text)
}

/** A name with a wildcard that may be one of them. */
const PATTERN = /\bnet[./][\w./-]{0,64}[*?[]/

/** Whether a text may name one of these sysctls, also by a pattern. */
export function mayName(text: string): boolean {
  return isMentioned(text) || PATTERN.test(text)
}

/** One setting that something makes: of a name, undefined where it cannot be read, to a value likewise. */
export interface Setting {
  readonly name: Argument
  readonly value: Argument
}

/** `net.bridge.bridge-nf-call-iptables`, however it is written; undefined for every other sysctl. */
export function watchedName(name: string): string | undefined {
  const dotted = name.trim().replaceAll('/', '.').replace(/^\.+/, '')
  return /^net\.(?:bridge\.bridge-nf-call-(?:ip|ip6|arp)tables|ipv4\.ip_forward)$/.test(dotted) ? dotted : undefined
}

/** `name=value`; undefined where a text is none. */
export function assignmentIn(text: string): Setting | undefined {
  const [, name, value] = /^-?\s*([\w./*?[\]!-]+)\s*=\s*(.*)$/s.exec(text.trim()) ?? []
  return name === undefined || value === undefined ? undefined : { name, value: value.trim() }
}

/** The settings that a command makes, and whether it only reads. */
export function settingsOf({ argv, writes }: RunCommand): readonly Setting[] {
  return [...sysctlSettings(argv), ...writes.flatMap(({ path, text }) => fileSetting(path, text))]
}

function sysctlSettings([program, ...args]: readonly Argument[]): readonly Setting[] {
  if (program === undefined || !/(?:^|\/)sysctl$/.test(program)) return []
  const settings: Setting[] = []
  for (const [index, arg] of args.entries()) {
    if (arg === undefined) settings.push(UNREADABLE)
    else if (/^(?:-p|--load|-f|--system)/.test(arg)) {
      const inline = /^(?:-p|--load=?|-f)(.+)$/.exec(arg)?.[1]
      const file = inline ?? args[index + 1]
      // What a file says is not here; one that is named says what it may be about.
      if (file === undefined || isMentioned(file)) settings.push(UNREADABLE)
    } else if (!arg.startsWith('-')) {
      const setting = assignmentIn(arg)
      if (setting !== undefined) settings.push(setting)
      else if (watchedName(arg) !== undefined) settings.push({ name: arg, value: READ })
    }
  }
  return settings
}

/** Stands for a setting that nobody can read here. */
export const UNREADABLE: Setting = { name: undefined, value: undefined }

/** Stands for a setting that is only looked at. */
const READ = '1'

function fileSetting(path: Argument, text: Argument): readonly Setting[] {
  if (path === undefined) return []
  if (SYSCTL_FILE.test(path)) return linesOfFile(text)
  const at = path.indexOf('/proc/sys/')
  // From inside that folder, for instance.
  if (at < 0) return isMentioned(path) ? [UNREADABLE] : []
  return [{ name: path.slice(at + '/proc/sys/'.length), value: text }]
}

/** Files that systemd-sysctl and `sysctl --system` read when a node starts. */
const SYSCTL_FILE = /(?:^|\/)sysctl(?:\.conf|\.d\/[^/]+)$/

function linesOfFile(text: Argument): readonly Setting[] {
  if (text === undefined) return [UNREADABLE]
  return text.split('\n').flatMap(line => {
    const setting = /^\s*[#;]/.test(line) ? undefined : assignmentIn(line)
    return setting === undefined ? [] : [setting]
  })
}

/** Programs that change nothing, whatever they are given. */
const LOOKING: ReadonlySet<string> = new Set(
  'sysctl [ test echo printf cat grep egrep fgrep head tail wc stat ls logger true false exit'.split(' '),
)

/** Whether a command is given one of these sysctls and nobody can say what it does to it, such as `sed -i`. */
export function isOpaque(command: RunCommand): boolean {
  const [program, ...args] = command.argv
  if (program !== undefined && LOOKING.has(baseName(program))) return false
  const given = [...args, command.stdin]
  return given.some(arg => arg !== undefined && isMentioned(arg)) && !settingsOf(command).some(isAboutThem)
}

/** Files that nobody runs; a digit is a descriptor. */
const READ_BY_PEOPLE = /^\d$|^\/dev\/(?:null|stderr|stdout|tty)$|\.(?:log|md|txt)$/

/** Whether a command keeps a text about these sysctls in a file that something may run or read later. */
export function isKept({ writes }: RunCommand): boolean {
  return writes.some(
    ({ path, text }) =>
      text !== undefined &&
      isMentioned(text) &&
      (path === undefined || !READ_BY_PEOPLE.test(path)) &&
      !fileSetting(path, text).some(isAboutThem),
  )
}

function isAboutThem(setting: Setting): boolean {
  return verdictOn(setting) !== 'other'
}

/** What a setting means: it switches a watched sysctl off, leaves it on, cannot be read, or is about something else. */
export function verdictOn({ name, value }: Setting): { readonly off: string } | 'fine' | 'unreadable' | 'other' {
  const watched = name === undefined ? undefined : (watchedName(name) ?? patternName(name))
  if (name === undefined) return 'unreadable'
  if (watched === undefined) return 'other'
  if (value === undefined || /[$`]|\{\{/.test(value)) return 'unreadable'
  const comment = value.search(/[#;]/)
  const number = (comment < 0 ? value : value.slice(0, comment))
    .trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .trim()
  // Of several numbers the kernel takes the first.
  return /^[+-]?(?:0+|0[xX]0+)(?:\s|$)/.test(number) ? { off: watched } : 'fine'
}

/** The watched sysctl that a pattern meets. */
function patternName(name: string): string | undefined {
  if (!isPattern(name)) return undefined
  return firstMet(name.replaceAll('/', '.'), WATCHED)?.join('.')
}

const WATCHED = [
  ...['iptables', 'ip6tables', 'arptables'].map(table => ['net', 'bridge', `bridge-nf-call-${table}`]),
  ['net', 'ipv4', 'ip_forward'],
]

/** The finding about a sysctl that is switched off. */
export function switchedOff(
  what: string,
  sysctl: string,
  pointer: Pointer,
  key: string,
  facts?: FindingFacts,
): Finding {
  const consequence = sysctl.startsWith('net.bridge.')
    ? "kube-proxy's rules are skipped for packets that cross the node's bridge, and services fail between pods of one node"
    : 'the node drops what it should pass on between pods and the rest of the network'
  return {
    pointer,
    message: `${what} sets ${quote(sysctl)} to 0: ${consequence}`,
    hint: 'leave it at 1, which is what Kubernetes needs; it is the business of the node, not of a pod',
    level: 'violation',
    key: `off ${sysctl} ${key}`,
    severity: sameAs(`off ${sysctl}`),
    ...(facts !== undefined && { facts }),
  }
}
