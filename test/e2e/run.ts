// `npm run test:e2e`: the gateway as it is built, behind a real kube-apiserver on the loopback. Builds the control plane
// and the tools once (test/cluster/build.sh and test/tools/build.sh; they need Go and 10 to 20 minutes) and the gateway when
// it is missing or older than its source. Arguments go to vitest, but for
// `--kube oldest`: the oldest Kubernetes that is supported instead of the newest. What cannot run is a failure.
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

function fail(message: string): never {
  process.stderr.write(`test:e2e: ${message}\n`)
  process.exit(1)
}

/** The time at which the newest file of a folder was written; 0 without any. */
function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return Math.max(0, ...files.map(file => statSync(join(file.parentPath, file.name)).mtimeMs))
}

function isBuilt(): boolean {
  const main = statSync(join(root, 'dist/main/portcullis.js'), { throwIfNoEntry: false })
  return main !== undefined && main.mtimeMs >= newest(join(root, 'src'))
}

/** Builds programs unless they are there, and says in which folder they are. */
function programs(folder: string, what: string, ...args: readonly string[]): string {
  const script = `${folder}/build.sh`
  const built = spawnSync(join(root, script), args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
  if (built.error !== undefined) fail(`${script} cannot be run: ${built.error.message}`)
  if (built.status !== 0) fail(`${what} could not be built, so nothing was tested; ${folder}/README.md helps`)
  return built.stdout.trim()
}

const given = process.argv.slice(2)
const at = given.indexOf('--kube')
const kube = at < 0 ? [] : given.splice(at, 2).slice(1)
if (at >= 0 && !['newest', 'oldest'].includes(kube[0] ?? '')) fail('--kube takes newest or oldest')

const assets = programs('test/cluster', 'the control plane', ...kube)
const tools = programs('test/tools', 'the tools')

if (!isBuilt()) {
  const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
  if (build.status !== 0) fail('`npm run build` failed, so nothing was tested')
}

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const suite = spawnSync(process.execPath, [vitest, 'run', '--project', 'e2e', ...given], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, KUBEBUILDER_ASSETS: assets, PORTCULLIS_TEST_TOOLS: tools },
})
process.exit(suite.status ?? 1)
