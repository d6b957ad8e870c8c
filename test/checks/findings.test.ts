import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/checks/check.ts'
import { collect, inKey, MOST_FINDINGS, told } from '../../src/checks/findings.ts'
import { judge, requestFor, setOf } from '../support/engine.ts'

const finding = (index: number): Finding => ({ pointer: `/${index}`, message: 'm', level: 'warning', key: `${index}` })

describe('the findings of a check', () => {
  it('are collected, and the check is ended when there are more than are told', () => {
    let asked = 0
    const findings = collect(found => {
      for (; asked < 1_000_000; asked++) found.push(finding(asked))
    })
    expect(asked).toBe(MOST_FINDINGS)
    expect(findings).toHaveLength(MOST_FINDINGS + 1)
    expect(told(findings)).toEqual([
      ...findings.slice(0, MOST_FINDINGS),
      expect.objectContaining({ level: 'violation', pointer: '' }),
    ])
  })

  it('are told as they are where there are not too many', () => {
    const findings = collect(found => {
      for (let at = 0; at < MOST_FINDINGS; at++) found.push(finding(at))
    })
    expect(told(findings)).toBe(findings)
  })

  it('end with no other error', () => {
    const fail = () => {
      throw new Error('other')
    }
    expect(() => collect(fail)).toThrow('other')
  })
})

it('a key cuts what nobody can have', () => {
  expect(inKey('a'.repeat(256))).toBe('a'.repeat(256))
  expect(inKey('a'.repeat(257))).toBe(`${'a'.repeat(256)}… (257)`)
})

describe('an object with more than is judged or told', () => {
  const policy = (check: string) =>
    JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name: 'p' },
      spec: { validationActions: ['Deny'], checks: [{ check }] },
    })
  const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec })
  const volumes = (count: number) =>
    pod({ volumes: Array.from({ length: count }, (_, at) => ({ name: `v${at}`, hostPath: { path: '/etc' } })) })
  const REST = /more than 1000 findings/

  it('B13 is refused', () => {
    const { denials } = judge(setOf(policy('host-path')), requestFor(volumes(1001)))
    expect(denials).toHaveLength(1001)
    expect(denials.at(-1)?.finding.message).toMatch(REST)
    expect(
      judge(setOf(policy('host-path')), requestFor(volumes(1000))).denials.map(each => each.finding.message),
    ).not.toContainEqual(expect.stringMatching(REST))
  })

  it('is refused on an update, too, although all that is told stood already', () => {
    const { denials } = judge(setOf(policy('host-path')), requestFor(volumes(1002), { oldObject: volumes(1001) }))
    expect(denials.map(each => each.finding.message)).toEqual([expect.stringMatching(REST)])
  })

  it('is let go: where nothing of it changes but who waits for its end, it is warned of', () => {
    const old = volumes(1001)
    const oldObject = { ...old, metadata: { name: 'a', finalizers: ['example.com/a'], resourceVersion: '1' } }
    const object = { ...old, metadata: { name: 'a', resourceVersion: '2', deletionTimestamp: 'now' } }
    const { allowed, warnings } = judge(setOf(policy('host-path')), requestFor(object, { oldObject }))
    expect(allowed).toBe(true)
    expect(warnings.at(-1)?.finding.message).toMatch(REST)
    const labelled = { ...object, metadata: { ...object.metadata, labels: { a: 'b' } } }
    expect(judge(setOf(policy('host-path')), requestFor(labelled, { oldObject })).allowed).toBe(false)
  })

  it('is excused by an exception that is for all of the check', () => {
    const exception = (spec: object) =>
      JSON.stringify({
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'PolicyException',
        metadata: { name: 'e' },
        spec: { policies: ['p'], reason: 'r', ...spec },
      })
    const denialsWith = (spec: object) =>
      judge(setOf(policy('host-path'), exception(spec)), requestFor(volumes(1001))).denials.length
    expect(denialsWith({})).toBe(0)
    expect(denialsWith({ paths: ['/etc'] })).toBe(1)
  })

  it('B13 is not judged where it has more than two thousand containers', () => {
    const containers = (count: number) => pod({ containers: Array.from({ length: count }, () => ({})) })
    const set = setOf(policy('privileged'))
    expect(judge(set, requestFor(containers(2000)))).toMatchObject({ allowed: true, errors: [] })
    for (const request of [
      requestFor(containers(2001)),
      requestFor({ ...containers(0), spec: { initContainers: Array(2001).fill({}) } }),
    ]) {
      const { allowed, errors } = judge(set, request)
      expect(allowed).toBe(false)
      expect(errors[0]?.message).toBe('it has more than 2000 containers, which is more than is judged')
    }
  })

  it('is let go where nothing of it changes but who waits for its end, and made smaller', () => {
    const containers = (count: number, item: object, metadata: object = {}) => ({
      ...pod({ containers: Array.from({ length: count }, () => item) }),
      metadata: { name: 'a', ...metadata },
    })
    const set = setOf(policy('privileged'))
    const oldObject = containers(2001, {}, { finalizers: ['example.com/a'] })
    const released = judge(set, requestFor(containers(2001, {}), { oldObject }))
    expect(released).toMatchObject({ allowed: true, errors: [] })
    expect(released.skipped[0]?.message).toBe('it has more than 2000 containers, and nothing that is judged changes')
    expect(judge(set, requestFor({ ...oldObject, status: { phase: 'Running' } }, { oldObject })).allowed).toBe(true)
    expect(judge(set, requestFor(containers(2001, { name: 'b' }), { oldObject })).errors).toHaveLength(1)
    expect(judge(set, requestFor(containers(1, {}), { oldObject }))).toMatchObject({ allowed: true, errors: [] })
  })

  it('excuses nothing in what is made of it', () => {
    const bad = (count: number) =>
      pod({ containers: Array(count).fill({ name: 'a', securityContext: { privileged: true } }) })
    const { denials } = judge(setOf(policy('privileged')), requestFor(bad(1), { oldObject: bad(2001) }))
    expect(denials).toHaveLength(1)
  })

  it('is not judged where it has more than two thousand templates', () => {
    const jobs = (count: number) => ({
      apiVersion: 'jobset.x-k8s.io/v1alpha2',
      kind: 'JobSet',
      metadata: { name: 'a' },
      spec: { replicatedJobs: Array(count).fill({ template: { spec: { template: {} } } }) },
    })
    expect(judge(setOf(policy('privileged')), requestFor(jobs(2000))).allowed).toBe(true)
    expect(judge(setOf(policy('privileged')), requestFor(jobs(2001))).allowed).toBe(false)
  })

  it('B13 is not judged where it has more than twenty thousand volumes and mounts', () => {
    const mounts = (count: number) =>
      pod({ volumes: Array(1000).fill({}), containers: [{ volumeMounts: Array(count).fill({}) }] })
    expect(judge(setOf(policy('privileged')), requestFor(mounts(19_000))).allowed).toBe(true)
    expect(judge(setOf(policy('privileged')), requestFor(mounts(19_001))).errors[0]?.message).toBe(
      'it has more than 20000 volumes and mounts, which is more than is judged',
    )
  })
})
