import { suggest } from '../policy/suggest.ts'
import type { Command, Io } from './io.ts'
import { VERSION } from './version.ts'

/** The commands, each loaded when it is asked for: `review` need not load a web server. */
const COMMANDS: Readonly<Record<string, { readonly summary: string; load(): Promise<Command> }>> = {
  serve: { summary: 'starts the admission gateway', load: async () => (await import('./serve.ts')).serve },
  controller: {
    summary: 'registers the gateway in its cluster and looks after it',
    load: async () => (await import('./controller.ts')).controller,
  },
  preview: {
    summary: 'says what enforcing would refuse of what is in the cluster',
    load: async () => (await import('./preview.ts')).preview,
  },
  rollout: {
    summary: 'shows rollouts of policies and injections, and steers them',
    load: async () => (await import('./rollout.ts')).rollout,
  },
  probe: {
    summary: 'asks the cluster for a pod that must be refused',
    load: async () => (await import('./probe.ts')).probe,
  },
  review: {
    summary: 'sends manifests to a gateway, as the API server would',
    load: async () => (await import('./review.ts')).review,
  },
  certs: { summary: 'makes and inspects certificates', load: async () => (await import('./certs.ts')).certs },
}

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map(name => name.length))
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return `portcullis ${VERSION}: an admission-control safety gateway for Kubernetes.

Usage: portcullis <command> [options]

Commands:
${lines.join('\n')}

portcullis <command> --help says more. Try it without a cluster:

  portcullis serve --dev
  portcullis review examples/host-root-pod.yaml

The same verdicts on files, without a gateway: policy-lint --help
`
}

/** The program: finds the command and runs it. */
export async function portcullis(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io[name === undefined ? 'stderr' : 'stdout'](help())
    return name === undefined ? 2 : 0
  }
  if (name === '--version' || name === '-v') {
    io.stdout(`${VERSION}\n`)
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    const names = Object.keys(COMMANDS)
    io.stderr(`portcullis: unknown command "${name}"${suggest(name, names)}; the commands are ${names.join(', ')}\n`)
    return 2
  }
  return (await command.load()).run(rest, io)
}
