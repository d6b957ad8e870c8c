import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../src/checks/index.ts'
import { digest } from '../src/cli/documents.ts'
import { policyLint } from '../src/cli/policy-lint.ts'
import { portcullis } from '../src/cli/portcullis.ts'
import { loadInjections } from '../src/injection/set.ts'
import { compileSuite } from '../src/lint/policy-test/suite.ts'
import { compileRollout } from '../src/policy/rollout.ts'
import { loadSet } from '../src/policy/set.ts'
import { parseYaml } from '../src/yaml/parse.ts'
import { testIo } from './support/io.ts'

const PAGES = ['README.md', 'CONTRIBUTING.md', ...pagesUnder('docs')]

function pagesUnder(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.md'))
    .map(file => join(directory, file))
}

/** The fenced blocks of a page in one language. */
function blocks(page: string, language: string): readonly string[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, word]) => word === language)
    .map(([, , body]) => body ?? '')
}

async function helpOf(argv: readonly string[]): Promise<string> {
  const test = testIo()
  if (argv[0] === 'policy-lint') await policyLint.run([...argv.slice(1), '--help'], test.io)
  else await portcullis([...argv.slice(1), '--help'], test.io)
  return test.out().trimEnd()
}

const COMMANDS = [
  ['portcullis'],
  ['portcullis', 'serve'],
  ['portcullis', 'controller'],
  ['portcullis', 'preview'],
  ['portcullis', 'rollout', 'simulate'],
  ['portcullis', 'probe'],
  ['portcullis', 'review'],
  ['portcullis', 'rollout'],
  ['portcullis', 'rollout', 'status'],
  ['portcullis', 'rollout', 'report'],
  ['portcullis', 'rollout', 'pause'],
  ['portcullis', 'rollout', 'resume'],
  ['portcullis', 'rollout', 'promote'],
  ['portcullis', 'rollout', 'abort'],
  ['portcullis', 'certs'],
  ['portcullis', 'certs', 'init'],
  ['portcullis', 'certs', 'issue'],
  ['portcullis', 'certs', 'inspect'],
  ['portcullis', 'certs', 'dev'],
  ['policy-lint'],
  ['policy-lint', 'explain'],
  ['policy-lint', 'inject'],
  ['policy-lint', 'test'],
]

describe('the documentation', () => {
  // UPDATE_DOCS=1 writes the page anew.
  it('shows every command as its --help does', async () => {
    const sections: string[] = []
    for (const command of COMMANDS)
      sections.push(`## ${command.join(' ')}\n\n\`\`\`\n${await helpOf(command)}\n\`\`\`\n`)
    const page = `# Commands\n\nEach section is what the command's \`--help\` prints.\n\n${sections.join('\n')}`
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync('docs/commands.md', page)
    expect(readFileSync('docs/commands.md', 'utf8')).toBe(page)
  })

  it('links to nothing that is not there', () => {
    for (const page of PAGES) {
      for (const [, target = ''] of readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
        expect(existsSync(join(dirname(page), target)), `${page} links to ${target}`).toBe(true)
      }
    }
  })

  it('holds no document that does not load', () => {
    let found = 0
    for (const page of PAGES) {
      for (const block of blocks(page, 'yaml')) {
        const { documents, problems } = parseYaml(block)
        expect(problems, page).toEqual([])
        for (const document of documents) {
          const { apiVersion, kind } = (document.value ?? {}) as { apiVersion?: unknown; kind?: unknown }
          if (apiVersion !== 'portcullis.dev/v1alpha1') continue
          found += 1
          const source = {
            file: page,
            value: document.value,
            kinds: ['Policy', 'PolicyException', 'PolicyTest', 'SidecarInjection', 'CanaryRollout'],
            revision: '',
            locate: document.locate.bind(document),
          }
          const folder = { documents: [source], problems: [] }
          if (kind === 'PolicyTest') {
            const compiled = compileSuite(source)
            expect(compiled.ok ? [] : compiled.problems, page).toEqual([])
            continue
          }
          if (kind === 'CanaryRollout') {
            const compiled = compileRollout(source)
            expect(compiled.ok ? [] : compiled.problems, page).toEqual([])
            continue
          }
          const loaded =
            kind === 'SidecarInjection'
              ? loadInjections(folder, { excludedNamespaces: [], digest })
              : loadSet(folder, { checks: CHECKS, excludedNamespaces: [], digest })
          expect(loaded.problems, page).toEqual([])
        }
      }
    }
    expect(found).toBeGreaterThanOrEqual(3)
  })

  it('shows in the README the manifest and the refusal that the gateway gives', async () => {
    const [manifest = ''] = blocks('README.md', 'yaml')
    const example = readFileSync('examples/host-root-pod.yaml', 'utf8').replace(/^#.*\n/gm, '')
    expect(manifest).toBe(example)
    const { startTestGateway } = await import('./support/gateway.ts')
    const { review } = await import('../src/cli/review.ts')
    const gateway = await startTestGateway()
    const test = testIo()
    const server = `https://127.0.0.1:${gateway.gateway.address.port}`
    await review.run(
      ['examples/host-root-pod.yaml', '--server', server, '--certs', join(gateway.directory, 'certs'), '-o', 'json'],
      test.io,
    )
    await gateway.stop()
    const [{ message }] = JSON.parse(test.out()) as [{ message: string }]
    expect(readFileSync('README.md', 'utf8')).toContain(`denied the request: ${message}\n`)
  })

  it('has a page for every check', () => {
    for (const { id } of CHECKS) expect(readFileSync(`docs/checks/${id}.md`, 'utf8')).toContain(`# ${id}\n`)
  })
})
