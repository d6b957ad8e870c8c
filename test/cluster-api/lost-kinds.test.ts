import { describe, expect, it, onTestFinished } from 'vitest'
import { ClusterDocuments } from '../../src/cluster/documents.ts'
import { followingNotes } from '../../src/cluster/following.ts'
import { ApiError } from '../../src/cluster/http.ts'
import { Reflector, type ResourceSource } from '../../src/cluster/reflector.ts'
import type { Json, JsonObject } from '../../src/json/value.ts'
import { FakeCluster } from '../support/fake-cluster.ts'

const POLICIES = '/apis/portcullis.dev/v1alpha1/policies'
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const REVISIONS = '/apis/apps/v1/namespaces/portcullis-system/controllerrevisions'

function world() {
  const cluster = new FakeCluster()
  for (const resource of ['policies', 'policyexceptions', 'sidecarinjections'])
    cluster.put(CRDS, { kind: 'CustomResourceDefinition', metadata: { name: `${resource}.portcullis.dev` } })
  const put = (name: string) =>
    cluster.put(POLICIES, { kind: 'Policy', metadata: { name }, spec: { validationActions: ['Deny'] } })
  const errors: unknown[] = []
  const start = () => {
    const documents = new ClusterDocuments({
      client: cluster.client,
      ownNamespace: 'portcullis-system',
      revisionOf: text => text,
      onError: (_, error) => errors.push(error),
      delayMs: 5,
    })
    documents.start()
    onTestFinished(() => documents.stop())
    return documents
  }
  /** What the API server does when a definition is deleted: it marks it, deletes its objects, and then it is gone. */
  const deleteDefinition = () => {
    const path = `${CRDS}/policies.portcullis.dev`
    cluster.edit(path, { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } })
    for (const object of cluster.paths.filter(candidate => candidate.startsWith(`${POLICIES}/`))) cluster.drop(object)
    cluster.drop(path)
  }
  return { cluster, put, start, errors, deleteDefinition }
}

const names = (documents: ClusterDocuments) =>
  documents.folder(['Policy']).documents.map(({ value }) => (value as { metadata: { name: string } }).metadata.name)
const lost = (documents: ClusterDocuments) => documents.followed.flatMap(followed => followed.lost)

/** Waits until everything was listed, and the definitions are known. */
async function synced(documents: ClusterDocuments, { cluster }: ReturnType<typeof world>) {
  await expect.poll(() => documents.isWhole).toBe(true)
  await expect.poll(() => cluster.requests.filter(request => request.startsWith(`GET ${CRDS}`)).length).toBe(3)
}

describe('a document that somebody deletes', () => {
  it('is gone once the API says that its kind is still there', async () => {
    const made = world()
    made.put('a')
    made.put('b')
    const documents = made.start()
    await synced(documents, made)
    made.cluster.drop(`${POLICIES}/a`)
    await expect.poll(() => names(documents)).toEqual(['b'])
    expect(lost(documents)).toEqual([])
  })

  it('is kept while nobody knows whether the kind is there, and goes when that is known', async () => {
    const made = world()
    made.put('a')
    const documents = made.start()
    await synced(documents, made)
    let isDown = true
    made.cluster.fault = ({ path }) => {
      if (isDown && path.startsWith(CRDS)) throw new ApiError(503, 'ServiceUnavailable', 'down')
    }
    made.cluster.drop(`${POLICIES}/a`)
    await expect.poll(() => made.errors.length).toBeGreaterThan(2)
    expect(names(documents)).toEqual(['a'])
    isDown = false
    await expect.poll(() => names(documents)).toEqual([])
  })

  it('stays if somebody made it again before that was known', async () => {
    const made = world()
    made.put('a')
    const documents = made.start()
    await synced(documents, made)
    made.cluster.drop(`${POLICIES}/a`)
    made.put('a')
    made.put('b')
    await expect.poll(() => names(documents)).toEqual(['a', 'b'])
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(names(documents)).toEqual(['a', 'b'])
  })
})

describe('documents that go with the definition of their kind', () => {
  it('are kept as they were last, and each counts as it is applied again', async () => {
    const made = world()
    made.put('a')
    made.put('b')
    const documents = made.start()
    await synced(documents, made)
    made.deleteDefinition()
    await expect.poll(() => lost(documents)).toEqual(['Policy a', 'Policy b'])
    expect(names(documents)).toEqual(['a', 'b'])
    expect(followingNotes(documents.followed)).toEqual([
      'Policy: 2 documents went with the definition of the kind; kept as last seen',
    ])
    made.cluster.put(CRDS, { kind: 'CustomResourceDefinition', metadata: { name: 'policies.portcullis.dev' } })
    made.put('b')
    await expect.poll(() => lost(documents)).toEqual(['Policy a'])
    expect(names(documents)).toEqual(['a', 'b'])
    // One that was applied again is somebody's to delete.
    made.cluster.drop(`${POLICIES}/b`)
    await expect.poll(() => names(documents)).toEqual(['a'])
  })

  it('keep their last good revisions and the records of their rollouts, which the API server collects', async () => {
    const made = world()
    const { metadata } = made.put('a')
    const owner = (uid: unknown) => [{ kind: 'Policy', name: 'a', uid: uid as Json }]
    const revision = (name: string, uid: unknown): JsonObject => ({
      kind: 'ControllerRevision',
      metadata: {
        name,
        labels: { 'app.kubernetes.io/managed-by': 'portcullis', 'portcullis.dev/revision': 'document' },
        ownerReferences: owner(uid),
      },
      data: { kind: 'Policy', metadata: { name: 'a' }, spec: { validationActions: ['Deny'] } },
      revision: 1,
    })
    made.cluster.put(REVISIONS, revision('kept', (metadata as JsonObject)['uid']))
    made.cluster.put(REVISIONS, revision('other', 'somebody-else'))
    const documents = made.start()
    await synced(documents, made)
    expect(documents.rollouts().revisions).toHaveLength(2)
    made.deleteDefinition()
    await expect.poll(() => lost(documents)).toEqual(['Policy a'])
    made.cluster.drop(`${REVISIONS}/kept`)
    expect(documents.rollouts().revisions).toHaveLength(2)
    made.cluster.drop(`${REVISIONS}/other`)
    expect(documents.rollouts().revisions).toHaveLength(1)
    expect(documents.lastGood(['Policy']).documents.map(({ file }) => file)).toEqual(['Policy a'])
  })

  it('are not there for one that starts afterwards, which knows what it lacks', async () => {
    const made = world()
    made.deleteDefinition()
    made.cluster.fault = ({ path }) => {
      if (path === POLICIES) throw new ApiError(404, 'NotFound', 'the server could not find the requested resource')
    }
    const documents = made.start()
    await expect
      .poll(() => documents.followed.map(({ isUnserved }) => isUnserved))
      .toEqual([true, false, false, false, false])
    expect(documents.missing).toEqual(['Policy'])
    expect(followingNotes(documents.followed)).toEqual([
      'Policy: the cluster does not serve the kind; without documents of it only what ships is in force',
    ])
  })
})

describe('one whose rights were taken', () => {
  it('keeps what it knows, says so, and does not know what it never saw', async () => {
    const made = world()
    made.put('a')
    made.cluster.fault = ({ path }) => {
      if (path === '/apis/portcullis.dev/v1alpha1/policyexceptions') throw new ApiError(403, 'Forbidden', 'forbidden')
    }
    const documents = made.start()
    await expect.poll(() => documents.missing).toEqual(['PolicyException'])
    expect(documents.followed.find(({ kind }) => kind === 'PolicyException')).toMatchObject({ isUnserved: false })
    expect(names(documents)).toEqual(['a'])
  })

  it('tells its age in the notes after two minutes', () => {
    const followed = { kind: 'Policy', lost: [], isUnserved: false }
    expect(followingNotes([{ ...followed, ageSeconds: 119 }])).toEqual([])
    expect(followingNotes([{ ...followed, ageSeconds: 121 }])).toEqual([
      'Policy: not followed for 121 s; what was known then stays in force',
    ])
  })
})

describe('a list that lacks what was known', () => {
  /** A reflector on an API whose lists are in the test's hand. */
  function reflected(identify: () => Promise<string | undefined>) {
    const lists: ((items: readonly JsonObject[] | Error) => void)[] = []
    const ends: ((error: unknown) => void)[] = []
    const source: ResourceSource = {
      name: 'things',
      list: () =>
        new Promise((resolve, reject) =>
          lists.push(items => (items instanceof Error ? reject(items) : resolve({ items, resourceVersion: '1' }))),
        ),
      watch(_version, _onEvent, onEnd) {
        ends.push(onEnd)
        return () => {}
      },
    }
    const reflector = new Reflector({ source, identify, onChange: () => {}, onError: () => {}, delayMs: 1 })
    void reflector.run()
    onTestFinished(() => reflector.stop())
    const list = async (count: number, items: readonly JsonObject[] | Error) => {
      await expect.poll(() => lists.length).toBe(count)
      lists[count - 1]?.(items)
    }
    const forget = async (count: number) => {
      await expect.poll(() => ends.length).toBe(count)
      ends[count - 1]?.(Object.assign(new Error('Gone'), { statusCode: 410 }))
    }
    return { reflector, list, forget, ends }
  }
  const A = { metadata: { name: 'a' } }

  it.each([
    ['of the same definition: it was deleted', 'one', 0],
    ['of another definition: it went with the one before', 'two', 1],
    ['while the definition is going', undefined, 1],
  ])('%s', async (_what, then, kept) => {
    let identity: string | undefined = 'one'
    const { reflector, list, forget } = reflected(async () => identity)
    await list(1, [A])
    await forget(1)
    await expect.poll(() => reflector.isSynced).toBe(true)
    identity = then
    await list(2, [])
    await expect.poll(() => [reflector.objects.length, reflector.lost.length]).toEqual([kept, kept])
  })

  it('keeps everything if the kind is no longer served, and lists it anew until it is', async () => {
    const { reflector, list, ends } = reflected(async () => undefined)
    await list(1, [A])
    await expect.poll(() => ends.length).toBe(1)
    ends[0]?.(Object.assign(new Error('Not Found'), { statusCode: 404 }))
    await list(2, new ApiError(404, 'NotFound', 'no such kind'))
    await expect.poll(() => reflector.isUnserved).toBe(true)
    expect(reflector.lost).toEqual([A])
    await list(3, [])
    await expect.poll(() => reflector.isUnserved).toBe(false)
    expect(reflector.objects).toEqual([A])
  })
})
