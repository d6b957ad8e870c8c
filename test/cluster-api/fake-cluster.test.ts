import { describe, expect, it } from 'vitest'
import { ApiError } from '../../src/cluster/http.ts'
import type { Json } from '../../src/json/value.ts'
import { FakeCluster } from '../support/fake-cluster.ts'

const SECRETS = { group: '', version: 'v1', resource: 'secrets', namespace: 'shop' }
const PATH = '/api/v1/namespaces/shop/secrets/a'
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 0,
    error => (error instanceof ApiError ? error.code : -1),
  )

describe('the API in memory', () => {
  it('refuses what exists already, what is gone, and what was modified since', async () => {
    const { client } = new FakeCluster()
    const { object } = await client.create(SECRETS, { metadata: { name: 'a' }, data: {} })
    expect(await code(client.create(SECRETS, { metadata: { name: 'a' } }))).toBe(409)
    await client.replace({ ...SECRETS, name: 'a' }, { ...object, data: { x: 'y' } })
    expect(await code(client.replace({ ...SECRETS, name: 'a' }, object))).toBe(409)
    await client.remove({ ...SECRETS, name: 'a' })
    await client.remove({ ...SECRETS, name: 'a' })
    expect(await client.read({ ...SECRETS, name: 'a' })).toBeUndefined()
  })

  it('stores nothing of a dry run, and counts generations of the spec alone', async () => {
    const cluster = new FakeCluster()
    await cluster.client.create(SECRETS, { metadata: { name: 'a' } }, { dryRun: true })
    expect(cluster.paths).toEqual([])
    cluster.put('/api/v1/namespaces/shop/secrets', { metadata: { name: 'a' }, spec: 1 })
    const path = { ...SECRETS, name: 'a' }
    const { object } = await cluster.client.read(path).then(read => ({ object: read ?? {} }))
    await cluster.client.replaceStatus(path, { ...object, spec: 2, status: { ok: true } })
    expect(cluster.get(PATH)).toMatchObject({ spec: 1, status: { ok: true }, metadata: { generation: 1 } })
    await cluster.client.merge(path, { spec: 3, metadata: { labels: { a: 'b' } } })
    expect(cluster.get(PATH)).toMatchObject({ spec: 3, metadata: { generation: 2, labels: { a: 'b' } } })
  })

  it('lists in pages, of one namespace or of all, and tells watchers', async () => {
    const cluster = new FakeCluster()
    const seen: Json[] = []
    const source = cluster.client.resource({ group: '', version: 'v1', resource: 'secrets' })
    source.watch(
      '0',
      (type, object) => seen.push([type, (object as { metadata: { name: string } }).metadata.name]),
      () => {},
    )
    for (const name of ['a', 'b', 'c']) cluster.put(`/api/v1/namespaces/${name}/secrets`, { metadata: { name } })
    const all = { ...SECRETS, namespace: '' }
    const first = await cluster.client.list(all, { limit: 2 })
    const rest = await cluster.client.list(all, { limit: 2, continue: first.continue })
    expect([first.items.length, rest.items.length, rest.continue]).toEqual([2, 1, ''])
    expect((await cluster.client.list({ ...SECRETS, namespace: 'b' })).items).toHaveLength(1)
    cluster.drop('/api/v1/namespaces/b/secrets/b')
    expect(seen).toEqual([
      ['ADDED', 'a'],
      ['ADDED', 'b'],
      ['ADDED', 'c'],
      ['DELETED', 'b'],
    ])
  })
})
