import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type TemplateCase, templateCases } from './arbitrary.ts'
import { type Agreement, compare, type GoAnswer } from './compare.ts'

/** What Go's text/template says about each case. `folder` holds the program `gotemplate` of test/tools. */
export async function askGo(folder: string, cases: readonly TemplateCase[]): Promise<readonly GoAnswer[]> {
  const child = spawn(join(folder, 'gotemplate'), [], { stdio: ['pipe', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject))
  child.stdin.end(cases.map(each => `${JSON.stringify(each)}\n`).join(''))
  const code = await ended
  const lines = Buffer.concat(chunks).toString('utf8').trimEnd().split('\n')
  if (code !== 0 || lines.length !== cases.length) {
    throw new Error(`gotemplate ended with code ${code} after ${lines.length} of ${cases.length} templates`)
  }
  return lines.map(line => JSON.parse(line) as GoAnswer)
}

/** How often the engines agree, and in which way; and the cases in which they differ without a reason. */
export interface Comparison {
  readonly counts: Readonly<Partial<Record<Agreement, number>>>
  readonly unexplained: readonly { readonly template: string; readonly go: GoAnswer }[]
}

/** Compares the engines on the `count` templates of a seed. */
export async function compareWithGo(folder: string, seed: number, count: number): Promise<Comparison> {
  const counts: Partial<Record<Agreement, number>> = {}
  const unexplained: { template: string; go: GoAnswer }[] = []
  const cases = [...templateCases(seed, count)]
  for (const [index, go] of (await askGo(folder, cases)).entries()) {
    const asked = cases[index]
    const agreement = asked && compare(asked, go)
    if (agreement !== undefined) counts[agreement] = (counts[agreement] ?? 0) + 1
    else unexplained.push({ template: asked?.template ?? '', go })
  }
  return { counts, unexplained }
}
