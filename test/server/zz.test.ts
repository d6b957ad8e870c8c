import { test, expect } from 'vitest'
import { readFileSync } from 'node:fs'
import { startTestGateway } from '../support/gateway.ts'
test('x', async () => {
  const t0 = performance.now()
  const g = await startTestGateway()
  console.log('start', performance.now() - t0)
  const b = readFileSync('/work/shared/data/admission-reviews/pod-create-hostpath-root.validating.json')
  for (const p of ['validate','observe','mutate']) console.log((await g.send('/' + p + '?timeout=10s', b)).body)
  console.log((await g.send('/validate', b)).headers)
  const big = JSON.parse(b.toString()); big.request.object.spec.containers[0].args = ['<'.repeat(1.4 * 2**20)]
  const t1 = performance.now()
  const s = JSON.stringify(big).replaceAll('<', '\\u003c')
  console.log(s.length, (await g.send('/validate', s)).body.slice(0, 300), performance.now() - t1)
  await g.stop()
  console.log(performance.now() - t0)
})
