import { describe, expect, it } from 'vitest'
import type { AdmissionRequest } from '../../src/admission/request.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { isObject, type JsonObject } from '../../src/json/value.ts'
import { redactRequest } from '../../src/server/traffic/redact.ts'
import { hiddenReason, withoutMarks } from '../../src/simulation/redacted.ts'
import { requestFor } from '../support/engine.ts'
import { type Fixture, fixturesOf, judgeFixture } from '../support/fixtures.ts'

/** As it is recorded, and then simulated. */
function simulated(object: JsonObject): AdmissionRequest {
  const kept = redactRequest({ object })?.['object']
  if (!isObject(kept)) throw new Error('a fixture is a Secret')
  return withoutMarks(requestFor(kept))
}

const deniedBy = (check: string, fixture: Fixture) =>
  judgeFixture(check, fixture).map(({ denials }) => denials.map(({ finding }) => finding.pointer))
const hasSkipped = (check: string, fixture: Fixture) =>
  judgeFixture(check, fixture).some(({ skipped }) => skipped.length > 0)

describe('what is redacted is judged as before, or skipped, and never passed', () => {
  for (const { id } of CHECKS) {
    for (const folder of ['pass', 'fail']) {
      for (const fixture of fixturesOf(`test/fixtures/${id}/${folder}`)) {
        it(`${id}: ${folder}/${fixture.name}`, () => {
          const requests = fixture.objects.map(simulated)
          const after = { ...fixture, objects: requests.map(({ object }) => object ?? {}) }
          const isHidden = requests.some(request => hiddenReason(request) !== undefined)
          const isSame = JSON.stringify(deniedBy(id, after)) === JSON.stringify(deniedBy(id, fixture))
          expect({ isSame, isHidden, isSkipped: hasSkipped(id, after) }).toSatisfy(
            (became: Readonly<Record<string, boolean>>) => Object.values(became).includes(true),
          )
        })
      }
    }
  }

  it('and nearly all of it is judged', () => {
    const all = CHECKS.flatMap(({ id }) =>
      ['pass', 'fail'].flatMap(folder => fixturesOf(`test/fixtures/${id}/${folder}`).map(fixture => ({ id, fixture }))),
    )
    const others = all.filter(({ id, fixture }) => {
      const objects = fixture.objects.map(object => simulated(object).object ?? {})
      return JSON.stringify(deniedBy(id, { ...fixture, objects })) !== JSON.stringify(deniedBy(id, fixture))
    })
    expect(others.map(({ id, fixture }) => `${id}/${fixture.name}`)).toEqual([
      'node-network-sysctls/config-map-with-a-script.yaml',
      'node-network-sysctls/config-map.yaml',
      'etcd-bootstrap/config-map-without-it.yaml',
      'etcd-bootstrap/config-map.yaml',
      'etcd-bootstrap/variable.yaml',
    ])
    expect(all.length).toBeGreaterThan(500)
  })
})
