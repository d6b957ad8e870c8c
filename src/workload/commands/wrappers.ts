import { type Argument, baseName, join } from './output.ts'

/** What a command line comes to once the programs that only start another one are taken off. */
export type Unwrapped =
  | { readonly kind: 'program'; readonly argv: readonly Argument[] }
  /** A text that a shell reads; `assigned` are variables that it is given. */
  | { readonly kind: 'script'; readonly text: Argument }

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh', 'mksh', 'hush'])

/** Programs that run what follows them, and their options that take a word of their own. */
const WRAPPERS: Readonly<Record<string, { readonly valued?: RegExp; readonly operands?: number }>> = {
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
  let left = argv
  for (let count = 0; count < MOST; count++) {
    const [first, ...rest] = left
    if (first === undefined) return { kind: 'program', argv: left }
    const name = baseName(first)
    if (name === 'eval') {
      return { kind: 'script', text: join(rest) }
    }
    if (SHELLS.has(name) || (name === 'su' && rest.includes('-c'))) return shellOf(left)
    const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined
    if (wrapper === undefined) return { kind: 'program', argv: left }
    if (name === 'env') {
      const split = rest.findIndex(arg => arg === '-S' || arg === '--split-string')
      if (split >= 0) return { kind: 'script', text: rest[split + 1] }
    }
    const inner = afterOptions(rest, wrapper.valued, wrapper.operands ?? 0, name === 'env' || name === 'sudo')
    // `command` alone, or `nsenter` that starts a shell of its own.
    if (inner.length === 0) return { kind: 'program', argv: left }
    left = inner
  }
  return { kind: 'program', argv: left }
}

function afterOptions(
  args: readonly Argument[],
  valued: RegExp | undefined,
  operands: number,
  takesAssignments: boolean,
): readonly Argument[] {
  let at = 0
  while (at < args.length) {
    const arg = args[at]
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
  return args.slice(at + operands)
}

/** `sh -ec SCRIPT`; a shell that reads a file or its input runs what is not here. */
function shellOf(argv: readonly Argument[]): Unwrapped {
  const flag = argv.findIndex((arg, index) => index > 0 && arg?.includes('c') && /^-[a-zA-Z]+$/.test(arg))
  return flag < 0 ? { kind: 'program', argv } : { kind: 'script', text: argv[flag + 1] }
}
