// `node test/go-templates.ts [COUNT] [SEED]`: compares the template engine with Go's text/template on random templates.
// Builds the program of test/tools/gotemplate first, which needs Go. Ends with 1 if a difference is not a deliberate one.
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { compareWithGo } from './support/go-templates/oracle.ts'

/** Templates that one run of the program renders. */
const BATCH = 20_000

const [count = 100_000, seed = Math.floor(Math.random() * 1_000_000)] = process.argv.slice(2).map(Number)
const script = fileURLToPath(new URL('./tools/build.sh', import.meta.url))
const built = spawnSync(script, ['gotemplate'], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
if (built.status !== 0) process.exit(1)

const totals: Record<string, number> = {}
const unexplained: unknown[] = []
for (let done = 0; done < count; done += BATCH) {
  const found = await compareWithGo(built.stdout.trim(), seed + done, Math.min(BATCH, count - done))
  for (const [name, number] of Object.entries(found.counts)) totals[name] = (totals[name] ?? 0) + number
  unexplained.push(...found.unexplained)
}
process.stdout.write(`go templates: seed ${seed}, ${JSON.stringify(totals)}\n`)
for (const each of unexplained.slice(0, 20)) process.stdout.write(`${JSON.stringify(each)}\n`)
process.exit(unexplained.length === 0 ? 0 : 1)
