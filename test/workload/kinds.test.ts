import { expect, it } from 'vitest'
import { embeddedTemplates } from '../../src/workload/kinds.ts'

const KIND = { group: 'jobset.x-k8s.io', kind: 'JobSet' }
const job = { template: { spec: { template: { spec: {} } } } }

it('has each template once, however many pointers lead to it', () => {
  const further = [
    { ...KIND, resource: 'jobsets', pointers: ['/spec/replicatedJobs/*/template/spec/template', '/spec'] },
  ]
  const found = embeddedTemplates(KIND, { spec: { replicatedJobs: [job, job] } }, further)
  expect(found?.map(({ pointer }) => pointer)).toEqual([
    '/spec/replicatedJobs/0/template/spec/template',
    '/spec/replicatedJobs/1/template/spec/template',
    '/spec',
  ])
})

it('takes as long as there are templates', () => {
  const replicatedJobs = Array.from({ length: 200_000 }, () => job)
  expect(embeddedTemplates(KIND, { spec: { replicatedJobs } })).toHaveLength(200_000)
})
