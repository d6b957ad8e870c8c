import { expect, it } from 'vitest'
import { embeddedPods } from '../../src/workload/embedded.ts'

const KIND = { group: 'jobset.x-k8s.io', kind: 'JobSet' }
const job = { template: { spec: { template: { spec: {} } } } }

it('has each template once, however many pointers lead to it', () => {
  const pointers = [
    '/spec/replicatedJobs/*/template/spec/template',
    '/spec/replicatedJobs/0/template/spec/template/spec',
  ]
  const further = [{ ...KIND, resource: 'jobsets', pointers }]
  const found = embeddedPods(KIND, { spec: { replicatedJobs: [job, job] } }, further)
  expect(found?.map(({ pointer }) => pointer)).toEqual([
    '/spec/replicatedJobs/0/template/spec/template',
    '/spec/replicatedJobs/1/template/spec/template',
  ])
})

it('takes as long as there are templates', () => {
  const replicatedJobs = Array.from({ length: 200_000 }, () => job)
  expect(embeddedPods(KIND, { spec: { replicatedJobs } })).toHaveLength(200_000)
})
