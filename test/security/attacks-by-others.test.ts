import { describe, expect, it } from 'vitest'
import { etcdTries } from './by-others/etcd.ts'
import { exceptionTries } from './by-others/exceptions.ts'
import { exhaustionTries } from './by-others/exhaustion.ts'
import { hostPathTries } from './by-others/host-paths.ts'
import { nodeTries } from './by-others/node.ts'
import { requestTries } from './by-others/requests.ts'
import { attackList, rowsOf } from './support.ts'

/*
Tries by somebody who did not write the code, who read the documentation and the source first. They are the second table of
docs/security/attacks.md, and are held to it as the first is.
*/
const { attacks, attack } = attackList(101)
hostPathTries(attack)
exceptionTries(attack)
nodeTries(attack)
etcdTries(attack)
requestTries(attack)
exhaustionTries(attack)

if (process.env['SHOW_ATTACKS'] === '1') {
  for (const each of attacks) process.stdout.write(`${each.number}\t${each.what}\t${each.expected}\n`)
}

describe('tries by somebody who did not write the code', () => {
  it.each(attacks)('$number: $what is $expected', ({ run, expected }) => {
    expect(run()).toBe(expected)
  })

  it('the page lists each, with what came of it', () => {
    expect(rowsOf('by others')).toEqual(attacks.map(each => [each.number, each.what, each.expected]))
    expect(attacks.length).toBeGreaterThanOrEqual(60)
  })
})
