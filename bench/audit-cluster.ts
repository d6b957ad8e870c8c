// Starts a control plane for `bench/audit.ts` and runs it there, in a process of its own, so that its memory is its own.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { startControlPlane } from '../test/e2e/support/control-plane.ts'

const built = spawnSync('test/cluster/build.sh', { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
if (built.status !== 0) process.exit(1)
process.env['KUBEBUILDER_ASSETS'] = built.stdout.trim()
const plane = await startControlPlane()
for (const kind of ['reports', 'clusterreports'])
  await plane.kubectl(['apply', '-f', `test/data/reports/openreports.io_${kind}.yaml`])
await new Promise(resolve => setTimeout(resolve, 2000))
const { status } = spawnSync(process.execPath, ['--expose-gc', 'bench/audit.ts'], {
  stdio: 'inherit',
  env: { ...process.env, BENCH_KUBECONFIG: join(plane.directory, 'admin.kubeconfig') },
})
await plane.stop()
process.exit(status ?? 1)
