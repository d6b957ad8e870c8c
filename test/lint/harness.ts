import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { SHIPPED_POLICIES } from '../../src/cli/documents.ts'
import { policyLint } from '../../src/cli/policy-lint.ts'

/** What a run of `policy-lint` left behind. */
export interface LintRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface LintRunOptions {
  readonly cwd?: string
  readonly stdin?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  readonly isTerminal?: boolean
  /** `shipped`: all that ship, as a user has them. */
  readonly policies?: 'shipped'
}

/** The one policy of tests that are not about policies: what else ships has its own. */
const HOST_PATH = join(SHIPPED_POLICIES, 'host-path.yaml')

/** Runs the command in this process, with the policy host-path where no other is named. */
export async function runLint(argv: readonly string[], options: LintRunOptions = {}): Promise<LintRun> {
  const out = { stdout: '', stderr: '' }
  const isNamed = argv.some(arg => arg.startsWith('--policies')) || options.policies === 'shipped'
  const code = await policyLint.run(isNamed ? argv : [...argv, `--policies=${HOST_PATH}`], {
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    stdout: text => {
      out.stdout += text
    },
    stderr: text => {
      out.stderr += text
    },
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    isTerminal: options.isTerminal ?? false,
    onStop: () => {},
  })
  return { code, ...out }
}

/** A folder with these files, gone after the test. */
export function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'policy-lint-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** A pod with one hostPath volume, eleven lines; the path stands in line 11, column 13. */
export function podText(path: string, name = 'web', namespace = 'shop'): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  containers: []
  volumes:
    - name: host
      hostPath:
        path: ${path}
`
}

/** Of every finding in a JSON report the fields that a table compares. */
export function placesIn(stdout: string): readonly string[] {
  const report = JSON.parse(stdout) as {
    findings: { file: string; line: number; column: number; endLine: number; endColumn: number; action: string }[]
  }
  return report.findings.map(
    ({ file, line, column, endLine, endColumn, action }) =>
      `${file}:${line}:${column}-${endLine}:${endColumn} ${action}`,
  )
}
