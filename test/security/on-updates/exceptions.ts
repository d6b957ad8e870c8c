import { documentsOf, type JudgeOptions, judge, load, type RequestFields, requestFor } from '../../support/engine.ts'
import { type Add, pod, type Result, ROOT } from '../support.ts'
import { ALICE, ANN } from './cluster.ts'

const POLICY = JSON.stringify({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Policy',
  metadata: { name: 'host-path' },
  spec: { validationActions: ['Deny'], checks: [{ check: 'host-path' }] },
})

/** A document that is faulty is not in force. */
const exceptionSet = (exception: string) =>
  load([...documentsOf(POLICY), ...documentsOf(exception, ['PolicyException'], 'exception.yaml')]).set

/** What an exception's document says, and whom it covers by it. */
export function exceptionTries(attack: Add): void {
  const attempt = (
    what: string,
    expected: Result,
    spec: string,
    object: unknown,
    fields: RequestFields = {},
    options: JudgeOptions = {},
  ) =>
    attack(what, expected, () => {
      const set = exceptionSet(
        `{"apiVersion":"portcullis.dev/v1alpha1","kind":"PolicyException","metadata":{"name":"e","namespace":"portcullis-system"},"spec":{"policies":["host-path"],"reason":"r",${spec}}}`,
      )
      return judge(set, requestFor(object, fields), options).allowed ? 'passed' : 'denied'
    })
  const mounting = (image: string) =>
    pod({ ...ROOT, containers: [{ name: 'a', image, volumeMounts: [{ name: 'h', mountPath: '/h' }] }] })
  attempt(
    '`__proto__` among the labels that an exception asks for',
    'denied',
    '"match":{"objectSelector":{"matchLabels":{"__proto__":"x"}}}',
    pod(ROOT),
  )
  attempt(
    '`__proto__` among the labels of its namespaces',
    'denied',
    '"match":{"namespaceSelector":{"matchLabels":{"__proto__":"x"}}}',
    pod(ROOT),
    {},
    { namespaceLabels: { labelsOf: () => ({}) } },
  )
  attempt(
    'a label that every object inherits, `constructor`',
    'denied',
    '"match":{"objectSelector":{"matchExpressions":[{"key":"constructor","operator":"Exists"}]}}',
    pod(ROOT),
  )
  attempt(
    'a date that is reached this very millisecond',
    'denied',
    '"expires":"2026-01-01T00:00:00Z"',
    pod(ROOT),
    {},
    { now: Date.UTC(2026, 0, 1) },
  )
  attempt(
    'a date of another time zone',
    'denied',
    '"expires":"2026-01-01T10:00:00+12:00"',
    pod(ROOT),
    {},
    { now: Date.UTC(2026, 0, 1) },
  )
  const images: readonly (readonly [string, string, string])[] = [
    ['a registry in front', 'good/*', 'evil.example/good/agent:1'],
    ['a registry in capitals', 'quay.io/good/agent:*', 'QUAY.io/good/agent:1'],
    ['a port of the registry', 'quay.io/good/agent:*', 'quay.io:444/good/agent:1'],
    ['a name that goes on', 'quay.io/good/agent:*', 'quay.io/good/agent-evil:1'],
    ['a digest behind the exempted tag', 'quay.io/good/agent:1', 'quay.io/good/agent:1@sha256:00'],
    ['an exempted name as a tag', 'quay.io/good/agent:*', 'evil:quay.io/good/agent:1'],
    ['an exempted name as a digest', 'quay.io/good/agent:*', 'evil@quay.io/good/agent:1'],
    ['a letter that looks like another', 'quay.io/good/agent:*', 'quay.io/g\u043eod/agent:1'],
    ['no image, and no tag', 'quay.io/good/agent:*', ''],
    ['a blank in front', 'quay.io/good/agent:*', ' quay.io/good/agent:1'],
    ['Docker Hub under another name', 'docker.io/good/agent:*', 'hub.docker.com/good/agent:1'],
    ['a folder of localhost', 'good/agent:*', 'localhost/good/agent:1'],
  ]
  for (const [what, pattern, image] of images)
    attempt(`an exempted image: ${what}`, 'denied', `"images":["${pattern}"]`, mounting(image))
  attempt(
    'an exempted image, another name of Docker Hub',
    'passed',
    '"images":["good/agent:*"]',
    mounting('index.docker.io/good/agent:1'),
  )
  attempt('a user in capitals', 'denied', '"match":{"users":["alice"]}', pod(ROOT), {
    userInfo: { ...ALICE, username: 'Alice' },
  })
  attempt('a group as the name of a user', 'denied', '"match":{"groups":["sre"]}', pod(ROOT), {
    userInfo: { username: 'sre', uid: 'sre', groups: [] },
  })
  attempt(
    'a broken glass with a reason of dots',
    'denied',
    '"breakGlass":{"groups":["sre"]}',
    pod(ROOT, { annotations: { 'portcullis.dev/break-glass-reason': '...' } }),
    { userInfo: ANN },
  )
  attempt(
    'a broken glass with its reason as a label',
    'denied',
    '"breakGlass":{"groups":["sre"]}',
    pod(ROOT, { labels: { 'portcullis.dev/break-glass-reason': 'INC-1' } }),
    { userInfo: ANN },
  )
  attempt(
    'a pattern of a name and a line break',
    'denied',
    '"match":{"names":["agent-*x"]}',
    pod(ROOT, { name: 'agent-\nX' }),
  )
  attempt(
    'an exempted path and `/**` of its neighbour',
    'denied',
    '"paths":["/var/log/**"]',
    pod({ volumes: [{ name: 'h', hostPath: { path: '/var/log-2/../lib' } }] }),
  )
}
