import { describe, expect, it } from 'vitest'
import { cachedDiscovery, discover } from '../../src/cluster/discovery.ts'
import { ApiError, type Send } from '../../src/cluster/http.ts'
import type { Json } from '../../src/json/value.ts'

const resource = (name: string, kind: string, more: object = {}) => ({
  name,
  kind,
  namespaced: true,
  verbs: ['list'],
  ...more,
})
const version = (name: string) => ({ groupVersion: `x/${name}`, version: name })
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/api': { versions: ['v1'] },
  '/api/v1': { resources: [resource('pods', 'Pod'), resource('pods/exec', 'PodExecOptions', { verbs: ['create'] })] },
  '/apis': {
    groups: [
      { name: 'apps', versions: [version('v1')], preferredVersion: version('v1') },
      { name: 'example.com', versions: [version('v2'), version('v1')], preferredVersion: version('v1') },
      { name: 'metrics.k8s.io', versions: [version('v1')], preferredVersion: version('v1') },
    ],
  },
  '/apis/apps/v1': { resources: [resource('deployments', 'Deployment')] },
  '/apis/example.com/v1': { resources: [resource('things', 'Thing', { namespaced: false })] },
  '/apis/example.com/v2': { resources: [resource('things', 'Thing'), resource('others', 'Other')] },
}

function api(change: Readonly<Record<string, unknown>> = {}) {
  const asked: string[] = []
  const send: Send = async ({ path }) => {
    asked.push(path)
    const body = { ...ANSWERS, ...change }[path]
    if (body === undefined) throw new ApiError(503, '', 'the aggregated API is down')
    return { body: body as Json, warnings: [] }
  }
  return { send, asked }
}

describe('discovery', () => {
  it('finds each resource once, in the version that its group prefers and that has it', async () => {
    const { resources, failed } = await discover(api())
    expect(resources.map(({ group, version: served, resource: name }) => `${group}/${served}/${name}`)).toEqual([
      '/v1/pods',
      '/v1/pods/exec',
      'apps/v1/deployments',
      'example.com/v1/things',
      'example.com/v2/others',
    ])
    expect(resources[3]).toEqual({
      group: 'example.com',
      version: 'v1',
      resource: 'things',
      kind: 'Thing',
      isNamespaced: false,
      verbs: ['list'],
    })
    expect(failed).toEqual(['metrics.k8s.io/v1'])
  })

  it('fails where the API itself does not answer', async () => {
    await expect(discover(api({ '/apis': undefined }))).rejects.toThrow('the aggregated API is down')
  })

  it('is asked again after a while, and known meanwhile', async () => {
    const { send, asked } = api()
    let [now, isDown] = [0, false]
    const cached = cachedDiscovery(
      { send: request => (isDown ? Promise.reject(new Error('down')) : send(request)) },
      1000,
      () => now,
    )
    const first = await cached()
    const requests = asked.length
    now = 999
    expect(await cached()).toBe(first)
    expect(asked).toHaveLength(requests)
    now = 1000
    isDown = true
    expect(await cached()).toBe(first)
    isDown = false
    await cached()
    expect(asked.length).toBe(requests * 2)
  })
})
