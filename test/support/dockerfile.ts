import { readFileSync } from 'node:fs'

/** One instruction of a Dockerfile. */
export interface Instruction {
  readonly name: string
  readonly value: string
}

/** The stages of a Dockerfile: the instructions of each, `FROM` first. Without continued lines, which ours has none of. */
export function stagesOf(file: string): readonly (readonly Instruction[])[] {
  const stages: Instruction[][] = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, name, value] = /^([A-Z]+) (.+)$/.exec(line) ?? []
    if (name === undefined || value === undefined || name === 'ARG') continue
    if (value.endsWith('\\')) throw new Error(`a continued line: ${line}`)
    if (name === 'FROM') stages.push([])
    stages.at(-1)?.push({ name, value })
  }
  return stages
}
