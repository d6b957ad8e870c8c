import { append, type Pointer } from '../../json/pointer.ts'
import { getList } from '../../json/value.ts'
import { baseName } from '../../workload/commands/output.ts'
import type { Container, Pod } from '../../workload/pod.ts'

/** The components whose flags have to agree on every master. */
export const COMPONENTS = ['kube-apiserver', 'kube-controller-manager'] as const

/** One component as a manifest starts it. */
export interface Component {
  readonly name: (typeof COMPONENTS)[number]
  readonly container: Container
  /** The values of each flag, in their order; undefined where one cannot be read. */
  readonly flags: ReadonlyMap<string, readonly (string | undefined)[]>
  /** Whether a word cannot be read: it may be any flag. */
  readonly isOpen: boolean
}

/** The components that a pod starts. */
export function componentsIn({ containers }: Pod): readonly Component[] {
  return containers.flatMap(container => {
    if (!mentions(container)) return []
    const { commands } = container.commands
    for (const name of COMPONENTS) {
      const started = commands.find(({ argv: [program] }) => program !== undefined && baseName(program) === name)
      if (started === undefined) continue
      const argv = started.argv.slice(1)
      return [{ name, container, flags: flagsOf(argv), isOpen: argv.includes(undefined) }]
    }
    return []
  })
}

/** Nearly no container does: nothing of it has to be read. */
function mentions({ value }: Container): boolean {
  return ['command', 'args'].some(list =>
    getList(value, list).some(word => typeof word === 'string' && COMPONENTS.some(name => word.includes(name))),
  )
}

/** Flags as these components read them: `--x=v` and `--x v`, `_` for `-` in names; a switch alone is true. */
function flagsOf(argv: readonly (string | undefined)[]): Component['flags'] {
  const flags = new Map<string, (string | undefined)[]>()
  const add = (flag: string, value: string | undefined) => {
    const values = flags.get(flag)
    if (values === undefined) flags.set(flag, [value])
    else values.push(value)
  }
  for (let at = 0; at < argv.length; at++) {
    const [, name, inline] = /^--([a-z][\w-]*)(?:=(.*))?$/s.exec(argv[at] ?? '') ?? []
    if (name === undefined) continue
    const flag = name.replaceAll('_', '-')
    const next = argv[at + 1]
    if (inline !== undefined) add(flag, inline)
    // Another flag, such as `-v=2`, is no value; a negative number is one.
    else if (at + 1 === argv.length || (next !== undefined && /^-(?!\d)/.test(next))) add(flag, 'true')
    else add(flag, argv[++at])
  }
  return flags
}

/** Where a flag stands in its container, or the container where it stands nowhere. */
export function pointerOfFlag({ container: { pointer, value } }: Component, flag: string): Pointer {
  for (const list of ['command', 'args']) {
    const index = getList(value, list).findIndex(
      word => typeof word === 'string' && word.split('=', 1)[0]?.replaceAll('_', '-') === `--${flag}`,
    )
    if (index >= 0) return append(pointer, list, index)
  }
  return pointer
}
