import { spawn } from 'node:child_process'
import { Socket } from 'node:net'

/**
 * Reads what was started and what ended; when its input ends, so has the process that wrote it, in whatever way: then it
 * kills what is left and removes the folders.
 */
const SCRIPT = `
pids=' '
while read -r what value; do
  case $what in
    started) pids="$pids$value " ;;
    ended) pids="\${pids%% $value *} \${pids#* $value }" ;;
    folder) set -- "$@" "$value" ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done
for folder in "$@"; do rm -rf "$folder" || { sleep 0.5; rm -rf "$folder"; }; done
`

let pipe: Socket | undefined

/** Has a process killed when this one ends, even by SIGKILL; until it is told that it ended. */
export function tellReaper(what: 'started' | 'ended', pid: number): void {
  tell(`${what} ${pid}`)
}

/** Has a folder removed when this process ends. */
export function removeAtEnd(folder: string): void {
  tell(`folder ${folder}`)
}

function tell(line: string): void {
  pipe ??= startReaper()
  pipe.write(`${line}\n`)
}

function startReaper(): Socket {
  // In a process group of its own, so that Ctrl-C leaves it to do its work.
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'reaper'], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  if (!(child.stdin instanceof Socket)) throw new TypeError('the standard input of a child is a pipe')
  child.stdin.unref()
  return child.stdin
}
