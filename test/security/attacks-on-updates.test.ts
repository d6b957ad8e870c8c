import { describe, expect, it } from 'vitest'
import { exceptionTries } from './on-updates/exceptions.ts'
import { hostPathTries } from './on-updates/host-paths.ts'
import { updateTries } from './on-updates/updates.ts'
import { attackList, rowsOf } from './support.ts'

/*
Tries against updates of what an exception let in, against exceptions and host paths, by somebody who did not write the code. They
are the third table of docs/security/attacks.md, and are held to it as the others are.
*/
const { attacks, attack } = attackList(274)
updateTries(attack)
exceptionTries(attack)
hostPathTries(attack)

if (process.env['SHOW_ATTACKS'] === '1') {
  for (const each of attacks) process.stdout.write(`${each.number}\t${each.what}\t${each.expected}\n`)
}

describe('tries on updates', () => {
  it.each(attacks)('$number: $what is $expected', ({ run, expected }) => {
    expect(run()).toBe(expected)
  })

  it('the page lists each, with what came of it', () => {
    expect(rowsOf('on updates')).toEqual(attacks.map(each => [each.number, each.what, each.expected]))
    expect(attacks.length).toBeGreaterThanOrEqual(150)
  })
})
