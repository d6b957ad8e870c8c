import { type Argument, baseName, join } from './output.ts'

/** What a command line comes to once the programs that only start another one are taken off. */
export type Unwrapped =
  | { readonly kind: 'program'; readonly argv: readonly Argument[] }
  /** A text that a shell reads; `assigned` are variables that it is given. */
  | { readonly kind: 'script'; readonly text: Argument }

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh', 'mksh', 'hush'])

interface Wrapper {
  readonly valued?: RegExp
  readonly operands?: number
}

/** Programs that run what follows them, and their options that take a word of their own. */
const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  busybox: {},
  chroot: { valued: /^--(?:userspec|groups)$/, operands: 1 },
  command: {},
  builtin: {},
  'dumb-init': { valued: /^(?:-r|--rewrite)$/ },
  env: { valued: /^(?:-u|--unset|-C|--chdir)$/ },
  exec: { valued: /^-a$/ },
  ionice: { valued: /^-[cnp]$/ },
  nice: { valued: /^(?:-n|--adjustment)$/ },
  nohup: {},
  nsenter: { valued: /^(?:-t|--target|-S|--setuid|-G|--setgid)$/ },
  setsid: {},
  stdbuf: { valued: /^-[ioe]$/ },
  sudo: { valued: /^-[ugpCTRDh]$/ },
  time: {},
  timeout: { valued: /^(?:-k|--kill-after|-s|--signal)$/, operands: 1 },
  tini: { valued: /^-[pe]$/ },
  toybox: {},
  unshare: { valued: /^-[SGRw]$/ },
  xargs: { valued: /^-[IiLlnPsdEa]$/ },
}

const MOST = 16

/** Takes off what only starts another program: `nsenter -t 1 -m -- sh -c '…'` is the script. */
export function unwrap(argv: readonly Argument[]): Unwrapped {
  // Where the command begins that is looked at: the words are not copied for each wrapper.
  let at = 0
  const program = (): Unwrapped => ({ kind: 'program', argv: at === 0 ? argv : argv.slice(at) })
  for (let count = 0; count < MOST; count++) {
    const first = argv[at]
    if (first === undefined) return program()
    const name = baseName(first)
    if (name === 'eval') return { kind: 'script', text: join(argv.slice(at + 1)) }
    if (SHELLS.has(name) || (name === 'su' && argv.includes('-c', at + 1))) {
      const flag = shellFlag(argv, at + 1)
      return flag === undefined ? program() : { kind: 'script', text: argv[flag + 1] }
    }
    const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined
    if (wrapper === undefined) return program()
    if (name === 'env') {
      const split = indexOf(argv, at + 1, arg => arg === '-S' || arg === '--split-string')
      if (split !== undefined) return { kind: 'script', text: argv[split + 1] }
    }
    const inner = afterOptions(argv, at + 1, wrapper, name === 'env' || name === 'sudo')
    // `command` alone, or `nsenter` that starts a shell of its own.
    if (inner >= argv.length) return program()
    at = inner
  }
  return program()
}

/** Where the command begins that stands behind the options and operands of a wrapper. */
function afterOptions(
  argv: readonly Argument[],
  from: number,
  { valued, operands = 0 }: Wrapper,
  takesAssignments: boolean,
): number {
  let at = from
  while (at < argv.length) {
    const arg = argv[at]
    if (arg === '--') {
      at++
      break
    }
    if (arg === undefined) break
    if (valued?.test(arg)) at += 2
    else if (arg.startsWith('-') && arg !== '-') at++
    else if (takesAssignments && /^[A-Za-z_]\w*=/.test(arg)) at++
    else break
  }
  return at + operands
}

/** The `-ec` of `sh -ec SCRIPT`; a shell that reads a file or its input runs what is not here. */
function shellFlag(argv: readonly Argument[], from: number): number | undefined {
  return indexOf(argv, from, arg => arg?.includes('c') === true && /^-[a-zA-Z]+$/.test(arg))
}

function indexOf(argv: readonly Argument[], from: number, isIt: (arg: Argument) => boolean): number | undefined {
  for (let at = from; at < argv.length; at++) if (isIt(argv[at])) return at
  return undefined
}
