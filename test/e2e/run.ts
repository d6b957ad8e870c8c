// `npm run test:e2e`: the gateway as it is built, behind a real kube-apiserver on the loopback. Builds the control plane
// once (test/cluster/build.sh; needs Go and 5 to 12 minutes) and the gateway when it is missing or older than its
// source. Arguments go to vitest. What cannot run is a failure.
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

const cluster = spawnSync(join(root, 'test/cluster/build.sh'), {
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
})
if (cluster.error !== undefined) fail(`test/cluster/build.sh cannot be run: ${cluster.error.message}`)
if (cluster.status !== 0)
  fail('the control plane could not be built, so nothing was tested; test/cluster/README.md helps')
const assets = cluster.stdout.trim()

if (!isBuilt()) {
  const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
  if (build.status !== 0) fail('`npm run build` failed, so nothing was tested')
}

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const suite = spawnSync(process.execPath, [vitest, 'run', '--project', 'e2e', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, KUBEBUILDER_ASSETS: assets },
})
process.exit(suite.status ?? 1)
