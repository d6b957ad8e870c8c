import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseOptions } from '../../src/cli/options.ts'
import { trafficOf, trafficOptions } from '../../src/cli/serve/traffic.ts'

function read(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const parsed = parseOptions(trafficOptions(), argv, env, true)
  return parsed.ok ? trafficOf(parsed.values, '/work') : parsed.message
}

describe('the options that record traffic', () => {
  it.each([
    ['nothing is recorded unless somebody wants it', [], undefined],
    [
      'everything, in two files of 64 MiB at most',
      ['--record-traffic', 'a.ndjson'],
      { file: '/work/a.ndjson', maxSize: 64 * 1024 * 1024, sample: 1 },
    ],
    [
      'a share of it, in smaller ones',
      ['--record-traffic=/b', '--record-sample=0.1', '--record-max-size=512Ki'],
      { file: '/b', maxSize: 512 * 1024, sample: 0.1 },
    ],
    [
      'a share that is none',
      ['--record-sample', '2'],
      '--record-sample must be a number from 0 to 1, such as 0.05, not "2"',
    ],
    ['a size that is none', ['--record-max-size', 'big'], expect.stringContaining('--record-max-size must be a size')],
  ] as const)('%s', (_name, argv, expected) => {
    expect(read(argv)).toEqual(expected)
  })

  it('come from the environment, too', () => {
    expect(read([], { PORTCULLIS_RECORD_TRAFFIC: '/c' })).toMatchObject({ file: '/c' })
  })

  it('are those that the chart passes', () => {
    const template = readFileSync('charts/portcullis/templates/gateway.yaml', 'utf8')
    const passed = [...template.matchAll(/- --(record-[a-z-]+)=/g)].map(([, name]) => name)
    expect(passed.toSorted()).toEqual(Object.keys(trafficOptions()).toSorted())
  })
})
