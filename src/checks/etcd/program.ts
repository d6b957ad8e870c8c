import { type Argument, baseName } from '../../workload/commands/output.ts'
import type { RunCommand } from '../../workload/commands/reader.ts'
import { EtcdFlags } from './flags.ts'

const FLAG = /^--?initial-cluster(?:-state)?(?:=|$)/

/** The arguments of the command that is etcd. Of several the one that joins nothing: another may only ask for the version. */
export function argvOf(commands: readonly RunCommand[]): readonly Argument[] | undefined {
  const etcds = commands.filter(({ argv: [program] }) => program !== undefined && baseName(program) === 'etcd')
  const starting = etcds.filter(takesFlags)
  return (starting.find(command => !joins(command)) ?? starting[0] ?? etcds[0])?.argv.slice(1)
}

function takesFlags({ argv }: RunCommand): boolean {
  return argv.some(word => word !== undefined && FLAG.test(word))
}

function joins({ argv }: RunCommand): boolean {
  return new EtcdFlags(argv.slice(1), new Map()).get('initial-cluster-state').value === 'existing'
}

/** The arguments of the command of an image of etcd that takes the flags of etcd under another name. */
export function argvOfCopy(commands: readonly RunCommand[]): readonly Argument[] | undefined {
  return commands.find(command => takesFlags(command) && !runsScript(command))?.argv.slice(1)
}

/** Whether a command runs what is not here, such as `sh /start.sh`, or cannot be read. */
export function runsScript({ argv: [program] }: RunCommand): boolean {
  return program === undefined || /(?:sh|\.py)$/.test(program)
}
