import { describe, expect, it, onTestFinished } from 'vitest'
import { Reflector, type ResourceSource } from '../../src/cluster/reflector.ts'
import type { Json, JsonObject } from '../../src/json/value.ts'

const object = (name: string, resourceVersion: string, more: object = {}): JsonObject =>
  JSON.parse(JSON.stringify({ metadata: { name, resourceVersion }, ...more })) as JsonObject

/** An API whose lists and watches are in the test's hand. */
function fakeApi() {
  const lists: ((result: { items: JsonObject[]; resourceVersion: string } | Error) => void)[] = []
  const watches: {
    version: string
    event: (type: string, object: Json) => void
    end: (error: unknown) => void
    stopped: boolean
  }[] = []
  const source: ResourceSource = {
    name: 'things',
    list: () =>
      new Promise((resolve, reject) =>
        lists.push(result => (result instanceof Error ? reject(result) : resolve(result))),
      ),
    watch(version, event, end) {
      const watch = { version, event, end, stopped: false }
      watches.push(watch)
      return () => {
        watch.stopped = true
      }
    },
  }
  return { source, lists, watches }
}

function start() {
  const api = fakeApi()
  const errors: unknown[] = []
  let changes = 0
  const reflector = new Reflector({
    source: api.source,
    onChange: () => void changes++,
    onError: error => errors.push(error),
    delayMs: 5,
  })
  void reflector.run()
  onTestFinished(() => reflector.stop())
  const names = () => reflector.objects.map(item => (item['metadata'] as JsonObject)['name'])
  const listed = async (count: number) => {
    await expect.poll(() => api.lists.length).toBe(count)
    return api.lists[count - 1] as (typeof api.lists)[number]
  }
  const watched = async (count: number) => {
    await expect.poll(() => api.watches.length).toBe(count)
    return api.watches[count - 1] as (typeof api.watches)[number]
  }
  return { reflector, names, errors, changes: () => changes, listed, watched, api }
}

describe('a copy of all objects of a kind', () => {
  it('is the list, then what the watch says', async () => {
    const { reflector, names, changes, listed, watched } = start()
    expect(reflector.isSynced).toBe(false)
    ;(await listed(1))({ items: [object('b', '1'), object('a', '2')], resourceVersion: '5' })
    const watch = await watched(1)
    expect(reflector.isSynced).toBe(true)
    expect(watch.version).toBe('5')
    expect(names()).toEqual(['a', 'b'])
    watch.event('ADDED', object('c', '6'))
    watch.event('DELETED', object('b', '7'))
    watch.event('MODIFIED', object('a', '8', { spec: 1 }))
    expect(names()).toEqual(['a', 'c'])
    expect(reflector.objects[0]?.['spec']).toBe(1)
    expect(changes()).toBe(4)
  })

  it('resumes a watch that ended where it was, bookmarks included', async () => {
    const { listed, watched, changes } = start()
    ;(await listed(1))({ items: [], resourceVersion: '5' })
    const first = await watched(1)
    first.event('ADDED', object('a', '6'))
    first.event('BOOKMARK', object('', '90'))
    first.end(null)
    expect((await watched(2)).version).toBe('90')
    expect(changes()).toBe(2)
  })

  it.each([
    [
      'an event',
      (watch: { event(type: string, object: Json): void }) =>
        watch.event('ERROR', { kind: 'Status', code: 410, message: 'too old' }),
    ],
    [
      'an answer',
      (watch: { end(error: unknown): void }) => watch.end(Object.assign(new Error('Gone'), { statusCode: 410 })),
    ],
  ])('is listed anew where the server has forgotten the version, told by %s', async (_how, tell) => {
    const { names, errors, listed, watched } = start()
    ;(await listed(1))({ items: [object('a', '1')], resourceVersion: '5' })
    tell(await watched(1))
    // What was known is known until there is something better.
    expect(names()).toEqual(['a'])
    ;(await listed(2))({ items: [object('b', '9')], resourceVersion: '9' })
    expect((await watched(2)).version).toBe('9')
    expect(names()).toEqual(['b'])
    expect(errors).toEqual([])
  })

  it('is kept while the server is away, and asked for again', async () => {
    const { names, errors, listed, watched } = start()
    ;(await listed(1))({ items: [object('a', '1')], resourceVersion: '5' })
    ;(await watched(1)).end(new Error('ECONNREFUSED'))
    ;(await watched(2)).end(new Error('ECONNREFUSED'))
    expect((await watched(3)).version).toBe('5')
    expect(names()).toEqual(['a'])
    expect(errors).toHaveLength(2)
  })

  it('is asked for until there is a first list', async () => {
    const { reflector, errors, listed } = start()
    ;(await listed(1))(new Error('down'))
    ;(await listed(2))(new Error('down'))
    expect(reflector.isSynced).toBe(false)
    ;(await listed(3))({ items: [], resourceVersion: '1' })
    await expect.poll(() => reflector.isSynced).toBe(true)
    expect(errors).toHaveLength(2)
  })

  it('tells objects of one name apart by their namespaces', async () => {
    const { reflector, listed } = start()
    const inNamespace = (namespace: string) =>
      JSON.parse(JSON.stringify({ metadata: { name: 'a', namespace } })) as JsonObject
    ;(await listed(1))({ items: [inNamespace('x'), inNamespace('y')], resourceVersion: '1' })
    await expect.poll(() => reflector.objects.length).toBe(2)
  })

  it('ends with its watch when it is stopped', async () => {
    const { reflector, listed, watched, api } = start()
    ;(await listed(1))({ items: [], resourceVersion: '1' })
    const watch = await watched(1)
    reflector.stop()
    expect(watch.stopped).toBe(true)
    await new Promise(resolve => setTimeout(resolve, 30))
    expect(api.watches).toHaveLength(1)
  })
})
