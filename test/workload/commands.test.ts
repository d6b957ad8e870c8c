import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { JsonObject } from '../../src/json/value.ts'
import { Budget } from '../../src/workload/commands/budget.ts'
import { commandsInScript as commandsIn, type ReadCommands } from '../../src/workload/commands/commands.ts'
import { podOf } from '../../src/workload/pod.ts'
import { propertyOptions } from '../support/property.ts'

const OPTIONS = propertyOptions('test/workload/commands.test.ts')

/** The containers of a pod, which share what reading them may cost. */
const containersOf = (...containers: readonly JsonObject[]) =>
  podOf({ pointer: '', value: { spec: { containers } } }).containers
const commandsOf = (container: JsonObject): ReadCommands =>
  containersOf(container)[0]?.commands ?? { commands: [], unreadable: [] }
const argvOf = (container: JsonObject) => commandsOf(container).commands.map(({ argv }) => argv)
const commandsInScript = (text: string) => commandsIn(text, new Budget())

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
  ).toContain('there is too much of it')
  expect(commandsInScript('a;'.repeat(40_000)).unreadable).toEqual(['a script of it is longer than 64 KiB'])
  expect(commandsInScript('$('.repeat(5000)).commands.length).toBeLessThan(3000)
  expect(commandsInScript('a() '.repeat(15_000)).unreadable).toContain('its scripts are nested too deep')
  // Each of these fills the stack of the parser, or of what reads its tree.
  for (const piece of ['coproc ', '! ', 'a <(', 'if a; then ', '{ ', 'f(){ ', '(']) {
    expect(() => commandsInScript(piece.repeat(60_000 / piece.length))).not.toThrow()
  }
  expect(commandsInScript('coproc '.repeat(9000)).unreadable).toEqual(['its scripts are nested too deep'])
  // The parser would take each apart once for every level around it.
  expect(commandsInScript(`a ${'"${a:-'.repeat(5000)}`).unreadable).toContain('there is too much of it')
  expect(commandsInScript(`A=x; a "${`$\{A} and more `.repeat(200)}"`).unreadable).toEqual([])
})

it('is read once, whoever asks', () => {
  const [container] = containersOf({ command: ['a'], lifecycle: { preStop: { exec: { command: ['b'] } } } })
  expect(container?.commands).toBe(container?.commands)
  expect(container?.hookCommands).toBe(container?.hookCommands)
  expect(container?.hookCommands.commands).toMatchObject([{ argv: ['b'] }])
})

it.each([
  ['loops in loops', { command: ['sh', '-c', `${'for a in 1 2 3 4 5 6 7 8; do '.repeat(3)}b;${'done;'.repeat(3)}`] }],
  ['long scripts', { command: ['sh', '-c', `b; ${'# '.repeat(30_000)}`] }],
  ['many commands', { command: ['sh', '-c', 'a;'.repeat(2000)] }],
  ['long words', { command: ['sh', '-c', `A=${'x'.repeat(60_000)}; b ${'$A '.repeat(20)}`] }],
  ['variables in words', { command: Array(20).fill('$(A)'), env: [{ name: 'A', value: 'x'.repeat(100_000) }] }],
  [
    'variables in variables',
    {
      command: ['a'],
      env: Array.from({ length: 60 }, (_, at) => ({ name: `A${at}`, value: at === 0 ? 'x'.repeat(50_000) : '$(A0)' })),
    },
  ],
  ['hooks', { lifecycle: { preStop: { exec: { command: ['sh', '-c', 'a;'.repeat(2000)] } } } }],
])('all containers of an object share what is read of them: %s', (_what, container) => {
  const containers = containersOf(...Array<JsonObject>(40).fill(container))
  const read = containers.flatMap(({ commands, hookCommands }) => [...commands.commands, ...hookCommands.commands])
  expect(read.length).toBeGreaterThan(0)
  expect(read.length).toBeLessThan(5000)
  const words = read.flatMap(({ argv }) => argv)
  expect(words.reduce((sum, word) => sum + (word?.length ?? 0), 0)).toBeLessThan(10 * 1024 * 1024)
  const [first, last] = [containers[0], containers.at(-1)]
  expect([...(first?.commands.unreadable ?? []), ...(first?.hookCommands.unreadable ?? [])]).toEqual([])
  const isWhole =
    last?.commands.commands.every(({ argv }) => argv.every(word => word !== undefined)) &&
    last.commands.unreadable.length + last.hookCommands.unreadable.length === 0 &&
    [...last.variables.values()].every(value => value !== undefined)
  expect(isWhole).toBe(false)
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
