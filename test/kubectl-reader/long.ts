// `npm run test:reader -- [COUNT] [SEED]`, a million and a seed at random if left out, and a part of `npm run test:long`: compares which objects kubectl would send with which ones `policy-lint` judges, for
// many texts, with kubectl's own reader. Fails if one object is hidden. Prints for which reasons a run is red although
// kubectl takes the text.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { compareTexts } from './differences.ts'
import { KubectlReader } from './kubectl.ts'

const [count = 1_000_000, seed = Math.floor(Math.random() * 0x7fffffff)] = process.argv.slice(2).map(Number)
const given = process.env['PORTCULLIS_TEST_TOOLS']
const tools = given ?? build()
process.stdout.write(`comparing ${count} texts with kubectl, seed ${seed}\n`)
const kubectl = new KubectlReader(join(tools, 'kubectl-reader'))
const { sending, hiding, stricter } = await compareTexts(kubectl, seed, count)
await kubectl.close()
for (const [reason, { count, example }] of [...stricter].sort(([, a], [, b]) => b.count - a.count)) {
  process.stdout.write(`${count} red, kubectl takes: ${reason}\n    ${JSON.stringify(example.toString())}\n`)
}
for (const text of hiding.slice(0, 50)) process.stdout.write(`hidden: ${JSON.stringify(text.toString('latin1'))}\n`)
process.stdout.write(`${count} texts, ${sending} with objects; ${hiding.length} hide one\n`)
process.exitCode = hiding.length > 0 || sending === 0 ? 1 : 0

function build(): string {
  const script = join(import.meta.dirname, '../tools/build.sh')
  const built = spawnSync(script, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`${script} failed: kubectl's reader is needed`)
  return built.stdout.trim()
}
