// Compiles src/ into dist/, afresh: a file that was renamed leaves nothing behind.
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
for (const bin of ['portcullis', 'policy-lint']) chmodSync(`dist/main/${bin}.js`, 0o755)
