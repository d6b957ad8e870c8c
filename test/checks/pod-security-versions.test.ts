import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { POD_SECURITY_CONTROLS } from '../../src/checks/pod-security/controls.ts'
import { NEWEST_MINOR } from '../../src/checks/pod-security/params.ts'
import { documentsOf, load } from '../support/engine.ts'

const policy = (version: string) => `
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: p}
spec: {validationActions: [Deny], checks: [{check: sysctls, params: {version: ${version}}}]}
`
const warningsOf = (version: string) => load(documentsOf(policy(version))).warnings.map(({ message }) => message)

describe('the newest version of the Pod Security Standards', () => {
  it('is said of what is newer than it', () => {
    const next = NEWEST_MINOR + 1
    expect(warningsOf(`v1.${next}`)).toEqual([
      `v1.${next} is newer than the Pod Security Standards that are known here: it is judged as v1.${NEWEST_MINOR}`,
    ])
  })

  it.each(['latest', `v1.${NEWEST_MINOR}`, 'v1.0'])('is not said of %s', version => {
    expect(warningsOf(version)).toEqual([])
  })

  it('is in the page of each control', () => {
    const ids = Object.keys(POD_SECURITY_CONTROLS)
    const pages = ids.filter(id =>
      readFileSync(`docs/checks/${id}.md`, 'utf8').includes(`v1.${NEWEST_MINOR} is the newest`),
    )
    expect(pages).toEqual(ids)
  })
})
