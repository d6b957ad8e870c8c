/** Milliseconds that only ever grow, by the one clock that all threads of a process share. */
export function processClock(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
