import { expect, it } from 'vitest'
import { whyMissing } from '../../../src/cli/controller/rollouts.ts'

const DOCUMENTS = [
  { name: 'host-path', isStaged: false },
  { name: 'no-host-ports', isStaged: true },
]

it.each([
  [
    'of another name',
    'no-hots-ports',
    false,
    'TargetMissing',
    /^there is no Policy "no-hots-ports" in the cluster \(did you mean "no-host-ports"\?\)$/,
  ],
  [
    'that does not compile',
    'broken',
    true,
    'TargetMissing',
    /^Policy "broken" does not compile: kubectl describe says why$/,
  ],
  [
    'of a file',
    'host-path',
    false,
    'TargetMissing',
    /^Policy "host-path" comes from a file of the gateway: .*say replaces: host-path$/,
  ],
  [
    'that is not staged',
    'host-path',
    true,
    'TargetNotStaged',
    /^Policy "host-path" is not staged: it is in force everywhere, .*Set spec\.staged: true/,
  ],
])('a target %s is told with what to do', (_, name, isInCluster, word, expected) => {
  const reason = whyMissing({ kind: 'Policy', name }, DOCUMENTS, isInCluster)
  expect(reason).toEqual({ word, message: expect.stringMatching(expected) })
})
