import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { oneLine } from '../../admission/text.ts'
import type { RegisteredCheck } from '../../checks/check.ts'
import { CHECKS } from '../../checks/index.ts'
import { PLAIN } from '../../lint/style.ts'
import { errorLine } from '../../lint/text-format.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import type { PolicySet } from '../../policy/set.ts'
import { suggest } from '../../policy/suggest.ts'
import { unknownExceptions } from '../documents.ts'
import type { Command, Io } from '../io.ts'
import { flag } from '../options.ts'
import { verdictOptions } from '../shared-options.ts'
import { readArguments } from './arguments.ts'
import { CLEAN, NOT_CHECKED, refuse } from './exit.ts'
import { loadPolicies, shownPath } from './load.ts'

const HELP = `policy-lint explain: what a policy or a check is about.

Usage: policy-lint explain [OPTION]… POLICY|CHECK…

  policy-lint explain host-path                  the policy, then the check of that name
  policy-lint explain --policies my-policies no-root

Of a policy: why it is there, what it does, where it looks, and which exceptions there are. Of a check:
its page, with its parameters, and an example of each verdict.

Options:
`

const PAGES = fileURLToPath(new URL('../../../docs/checks', import.meta.url))

function explainOptions(env: Io['env']) {
  const { namespaces: _, ...verdict } = verdictOptions(env)
  return { ...verdict, help: flag('Shows this text.', { short: 'h' }) }
}

/** `policy-lint explain POLICY|CHECK…`. */
export const explain: Command = {
  async run(argv, io) {
    const read = readArguments(explainOptions(io.env), HELP, argv, io)
    if (!read.ok) return read.code
    const { values, positionals } = read
    const problems = await unknownExceptions(values['enable-exception'])
    if (problems.length > 0) return refuse(io, problems)
    const loaded = await loadPolicies({ ...values, namespaces: undefined, namespace: 'default' }, io)
    if (!loaded.ok) {
      for (const error of loaded.errors) io.stderr(errorLine(error, PLAIN))
      return NOT_CHECKED
    }
    const { set } = loaded.context
    const known = [...new Set([...set.policies.map(({ name }) => name), ...CHECKS.map(({ id }) => id)])]
    if (positionals.length === 0) return refuse(io, [`name a policy or a check: ${known.join(', ')}`])
    const unknown = positionals.filter(name => !known.includes(name))
    if (unknown.length > 0) {
      return refuse(
        io,
        unknown.map(
          name => `there is no policy or check "${name}"${suggest(name, known)}; there are: ${known.join(', ')}`,
        ),
      )
    }
    const texts: string[] = []
    for (const name of positionals) {
      const policy = set.policies.find(candidate => candidate.name === name)
      const check = CHECKS.find(({ id }) => id === name)
      if (policy !== undefined) texts.push(await aboutPolicy(policy, set, io))
      if (check !== undefined) texts.push(await aboutCheck(check, set))
    }
    io.stdout(texts.join('\n'))
    return CLEAN
  },
}

async function aboutPolicy(policy: CompiledPolicy, set: PolicySet, io: Io): Promise<string> {
  const { name, file, actions, failurePolicy, checks, match } = policy
  const text = await readFile(file, 'utf8').catch(() => '')
  const resources = [...new Set(match.rules.flatMap(rule => rule.resources))]
  const excluded = match.excludeNamespaces ?? set.excludedNamespaces
  const exceptions = set.exceptions.filter(({ policies }) => policies.includes(name))
  const lines = [
    `policy ${name} (${shownPath(file, io.cwd)})`,
    '',
    ...commentOf(text),
    `  action         ${actions.join(', ')}; where it cannot be judged: failurePolicy ${failurePolicy}`,
    `  checks         ${checks.map(({ id }) => id).join(', ')}`,
    `  looks at       ${resources.join(', ')}`,
    `  but not in     ${excluded.length === 0 ? '(every namespace is looked at)' : excluded.join(', ')}`,
    `  exceptions     ${exceptions.map(exception => `${exception.name} (${exception.reason})`).join('; ') || 'none'}`,
  ]
  return `${lines.map(line => oneLine(line)).join('\n')}\n`
}

/** The comment at the head of a file, without its marks. */
function commentOf(text: string): readonly string[] {
  const lines = text.split('\n')
  const end = lines.findIndex(line => !line.startsWith('#'))
  const comment = lines.slice(0, Math.max(0, end)).map(line => line.replace(/^# ?/, '  ').trimEnd())
  return comment.length === 0 ? [] : [...comment, '']
}

async function aboutCheck({ id, summary, kinds }: RegisteredCheck, set: PolicySet): Promise<string> {
  const users = set.policies.filter(({ checks }) => checks.some(check => check.id === id)).map(({ name }) => name)
  const page = await readFile(`${PAGES}/${id}.md`, 'utf8').catch(() => `# ${id}\n\n${summary}\n`)
  const names = [...new Set(kinds.map(({ kind }) => kind))]
  return `check ${page.replace(/^# /, '')}
## Where it is used

Kinds: ${names.join(', ')}
Policies: ${users.join(', ') || 'none of those that are loaded'}
`
}
