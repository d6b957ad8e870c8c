import fc from 'fast-check'
import { expect, it } from 'vitest'
import { commandsInScript, commandsOf } from '../../src/workload/commands/commands.ts'
import { propertyOptions } from '../support/property.ts'

const OPTIONS = propertyOptions('test/workload/commands.test.ts')

const argvOf = (container: Parameters<typeof commandsOf>[0]) => commandsOf(container).commands.map(({ argv }) => argv)

it.each([
  ['a plain command', { command: ['etcd', '--name=a'] }, [['etcd', '--name=a']]],
  ['command and arguments', { command: ['etcd'], args: ['--name', 'a'] }, [['etcd', '--name', 'a']]],
  [
    'arguments alone: of an entrypoint, or the command',
    { args: ['run', 'x'] },
    [
      [undefined, 'run', 'x'],
      ['run', 'x'],
    ],
  ],
  ['nothing', {}, []],
  ['no texts', { command: [1, null], args: 'x' }, [[undefined, undefined]]],
  ['a variable', { command: ['a', '$(B)'], env: [{ name: 'B', value: 'b' }] }, [['a', 'b']]],
  [
    'a variable of a variable',
    {
      command: ['$(C)'],
      env: [
        { name: 'B', value: 'b' },
        { name: 'C', value: '$(B)c' },
      ],
    },
    [['bc']],
  ],
  ['an escaped variable', { command: ['a', '$$(B)'], env: [{ name: 'B', value: 'b' }] }, [['a', '$(B)']]],
  ['a variable that is not there', { command: ['a', '$(B)'] }, [['a', '$(B)']]],
  ['a variable from elsewhere', { command: ['a', '$(B)'], env: [{ name: 'B', valueFrom: {} }] }, [['a', undefined]]],
  [
    'a shell',
    { command: ['sh', '-c', 'a b; c "d e"'] },
    [
      ['a', 'b'],
      ['c', 'd e'],
    ],
  ],
  ['a shell with flags', { command: ['/bin/bash', '-euxo', 'pipefail', '-c', 'a'] }, [['a']]],
  ['a shell in a shell', { command: ['sh', '-c', `exec bash -c 'a "b"'`] }, [['a', 'b']]],
  ['a shell with a file', { command: ['sh', '/run.sh'] }, [['sh', '/run.sh']]],
] as const)('%s', (_what, container, expected) => {
  expect(argvOf(container as never)).toEqual(expected)
})

it('ends, whatever a script says', () => {
  const deep = `${'sh -c "'.repeat(20)}a`
  expect(() => commandsInScript(deep)).not.toThrow()
  const nested = Array.from({ length: 12 }).reduce<string>(script => `eval ${JSON.stringify(script)}`, 'a')
  expect(commandsInScript(nested).unreadable).toContain('its scripts are nested too deep')
  expect(
    commandsInScript(`${`for a in ${'x '.repeat(16)}; do `.repeat(6)}b;${'done;'.repeat(6)}`).unreadable,
  ).toContain('it has too many commands')
  expect(commandsInScript('a;'.repeat(40_000)).unreadable).toEqual(['a script of it is longer than 64 KiB'])
  expect(commandsInScript('$('.repeat(5000)).commands.length).toBeLessThan(3000)
})

it('never throws, whatever it reads', () => {
  const piece = fc.constantFrom(
    ...`sh|-c|eval|sysctl|for i in a b; do|done|if|then|fi|{|}|(|)|$(|)|$\{A:-|\`|"|'|\\|;|&&|||>|<<EOF|EOF|\n| |$A|$'\\n'|tee|dd|of=/x|echo|printf|%d|=|0|{a,b}|*|case x in|esac|[[|]]|((|))|function f|<<<`.split(
      '|',
    ),
    '|',
    '\u0000',
    '🦊',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
      const text = pieces.join('')
      commandsInScript(text)
      commandsOf({ command: ['sh', '-c', text], args: pieces, env: [{ name: 'A', value: text }] })
    }),
    OPTIONS,
  )
})
