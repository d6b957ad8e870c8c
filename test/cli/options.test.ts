import { describe, expect, it } from 'vitest'
import {
  address,
  choice,
  describeOptions,
  duration,
  flag,
  list,
  parseOptions,
  size,
  text,
} from '../../src/cli/options.ts'

const OPTIONS = {
  dev: flag('A switch.'),
  policies: text('DIR', 'A text.', undefined),
  server: text('URL', 'A text.', 'https://127.0.0.1:8443'),
  'client-name': list('NAMES', 'A list.', ['a', 'b']),
  'client-auth': choice(['require', 'observe', 'none'], 'A choice.', 'require'),
  drain: duration('A duration.', '10s'),
  'max-body': size('A size.', '40Mi'),
  listen: address('An address.', ':8443'),
  help: flag('Help.', { short: 'h' }),
}

const parse = (argv: readonly string[], env: Record<string, string> = {}) => parseOptions(OPTIONS, argv, env, true)

describe('options', () => {
  it('have their defaults', () => {
    expect(parse([])).toEqual({
      ok: true,
      positionals: [],
      values: {
        dev: false,
        policies: undefined,
        server: 'https://127.0.0.1:8443',
        'client-name': ['a', 'b'],
        'client-auth': 'require',
        drain: 10_000,
        'max-body': 40 * 1024 * 1024,
        listen: { host: '::', port: 8443 },
        help: false,
      },
    })
  })

  it.each([
    { argv: ['--dev'], name: 'dev', value: true },
    { argv: ['-h'], name: 'help', value: true },
    { argv: ['--policies', 'x'], name: 'policies', value: 'x' },
    { argv: ['--policies=x'], name: 'policies', value: 'x' },
    { argv: ['--client-name', 'x', '--client-name', 'y,z'], name: 'client-name', value: ['x', 'y', 'z'] },
    { argv: ['--client-name', 'none'], name: 'client-name', value: [] },
    { argv: ['--drain', '1m30s'], name: 'drain', value: 90_000 },
    { argv: ['--drain', '0s'], name: 'drain', value: 0 },
    { argv: ['--max-body', '512Ki'], name: 'max-body', value: 512 * 1024 },
    { argv: ['--listen', '127.0.0.1:0'], name: 'listen', value: { host: '127.0.0.1', port: 0 } },
    { argv: ['--listen', '[::1]:443'], name: 'listen', value: { host: '::1', port: 443 } },
  ])('$argv sets $name', ({ argv, name, value }) => {
    const parsed = parse(argv)
    expect(parsed.ok && (parsed.values as Record<string, unknown>)[name]).toEqual(value)
  })

  it.each([
    { argv: ['--polices', 'x'], message: 'unknown option --polices (did you mean "--policies"?); see --help' },
    { argv: ['--client-name', ''], message: '--client-name must not be empty' },
    { argv: ['--policies='], message: '--policies must not be empty' },
    { argv: ['--client-name', ','], message: '--client-name must name something, or be none, not ","' },
    { argv: ['--policies'], message: '--policies needs a value: --policies DIR' },
    { argv: ['--policies', 'a', '--policies', 'b'], message: '--policies is given twice' },
    {
      argv: ['--client-auth', 'require!'],
      message: '--client-auth must be one of require, observe, none (did you mean "require"?), not "require!"',
    },
    {
      argv: ['--drain', '10'],
      message: '--drain must be a duration such as 500ms, 10s or 1m30s, from 0s to 24h, not "10"',
    },
    {
      argv: ['--drain', '600h'],
      message: '--drain must be a duration such as 500ms, 10s or 1m30s, from 0s to 24h, not "600h"',
    },
    { argv: ['--max-body', '0'], message: '--max-body must be a size such as 512Ki, 40Mi or 1000000, not "0"' },
    { argv: ['--max-body', '1e3'], message: '--max-body must be a size such as 512Ki, 40Mi or 1000000, not "1e3"' },
    {
      argv: ['--listen', '8443'],
      message: '--listen must be an address such as 127.0.0.1:8443, [::1]:8443 or :8443, not "8443"',
    },
    {
      argv: ['--listen', ':99999'],
      message: '--listen must be an address such as 127.0.0.1:8443, [::1]:8443 or :8443, not ":99999"',
    },
  ])('$argv is refused with a reason', ({ argv, message }) => {
    expect(parse(argv)).toEqual({ ok: false, message })
  })

  it('come from the environment where the command line says nothing', () => {
    const env = { PORTCULLIS_DEV: 'true', PORTCULLIS_MAX_BODY: '1Mi', PORTCULLIS_POLICIES: '' }
    const parsed = parse(['--max-body', '2Mi'], env)
    expect(parsed.ok && parsed.values).toMatchObject({ dev: true, 'max-body': 2 * 1024 * 1024, policies: undefined })
  })

  it('name the variable when its value is wrong', () => {
    expect(parse([], { PORTCULLIS_DEV: 'yes' })).toEqual({
      ok: false,
      message: 'PORTCULLIS_DEV must be true or false, not "yes"',
    })
  })

  it('are explained with placeholder, default and variable', () => {
    const help = describeOptions(OPTIONS, true)
    expect(help).toContain('  --max-body SIZE\n        A size. (default: 40Mi) [PORTCULLIS_MAX_BODY]')
    expect(help).toContain('  -h, --help\n')
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })
})
