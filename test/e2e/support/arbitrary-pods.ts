import fc from 'fast-check'
import type { Json, JsonObject } from '../../../src/json/value.ts'

const IMAGE = 'registry.example.com/app:1'

/** Left out now and then. */
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 3 })
/** Nearly always what the server takes, now and then what it refuses. */
const mostly = (good: fc.Arbitrary<Json>, ...bad: readonly Json[]): fc.Arbitrary<Json> =>
  fc.oneof({ weight: 200, arbitrary: good }, { weight: 1, arbitrary: fc.constantFrom(...bad) })

/** An object without what is undefined; what is null stays, as in a manifest. */
function object(shape: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<JsonObject> {
  return fc
    .record(shape)
    .map(value => Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as JsonObject)
}

/** Items whose names are taken from a list, so that twins are rare. */
const named = (names: readonly string[], item: fc.Arbitrary<JsonObject>): fc.Arbitrary<readonly JsonObject[]> =>
  fc
    .tuple(fc.subarray([...names]), fc.array(item, { minLength: names.length, maxLength: names.length }))
    .map(([chosen, items]) => chosen.map((name, index) => ({ name, ...items[index] })))

const quantity = mostly(
  fc.constantFrom('64Mi', '1024Mi', '0.5', '1000m', '1e3', '1500m', '128974848', '1Gi', '100k'),
  'much',
  '-1',
)
const probe = object({
  httpGet: fc.constant({ path: '/', port: 'http' }),
  periodSeconds: maybe(mostly(fc.integer({ min: 1, max: 60 }), -1)),
})
const env = named(
  ['A', 'B', 'LOG_DIR', 'POD_NAME'],
  fc.oneof(
    object({ value: mostly(fc.constantFrom('', 'x', '$(A)', 'é🦊', '"'), 5) }),
    fc.constant({ valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }),
  ),
)
const mounts = fc.subarray(['/data', '/etc/app', '/logs', '/cache/']).chain(paths =>
  fc.tuple(
    ...paths.map(mountPath =>
      object({
        name: mostly(fc.constantFrom('data', 'config'), 'missing'),
        mountPath: fc.constant(mountPath),
        readOnly: maybe(fc.boolean()),
        subPath: maybe(mostly(fc.constantFrom('a', 'a/b'), '../x')),
      }),
    ),
  ),
)
const securityContext = object({
  runAsUser: maybe(mostly(fc.nat(65535), -5)),
  allowPrivilegeEscalation: maybe(fc.boolean()),
  readOnlyRootFilesystem: maybe(fc.boolean()),
  capabilities: maybe(fc.constantFrom({ drop: ['ALL'] }, { add: ['NET_BIND_SERVICE'] })),
})
const container = object({
  image: mostly(fc.constantFrom(IMAGE, 'app', `docker.io/library/app@sha256:${'a'.repeat(64)}`), ''),
  args: maybe(fc.array(fc.constantFrom('-v', '', '{{ x }}'), { maxLength: 3 })),
  env: maybe(env),
  volumeMounts: maybe(mounts),
  ports: maybe(
    fc.constantFrom([{ name: 'http', containerPort: 8080 }], [{ name: 'http', containerPort: 80, hostPort: 80 }]),
  ),
  resources: maybe(object({ limits: maybe(object({ memory: maybe(quantity), cpu: maybe(quantity) })) })),
  securityContext: maybe(securityContext),
  livenessProbe: maybe(probe),
  terminationMessagePolicy: maybe(mostly(fc.constantFrom('File', 'FallbackToLogsOnError'), 'Loud')),
  stdin: maybe(fc.constantFrom(true, false, null)),
})
const initContainer = fc.tuple(container, maybe(fc.constant('Always'))).map(
  ([{ livenessProbe: _, ...rest }, restartPolicy]): JsonObject => ({
    ...rest,
    ...(restartPolicy && { restartPolicy }),
  }),
)

const labels = fc.dictionary(
  mostly(fc.constantFrom('app', 'team', 'example.com/x', 'a.b_c-d'), 'bad key', '-x').map(String),
  mostly(fc.constantFrom('', 'web', 'v1.2_3'), 'not a value', 'x'.repeat(64)),
  { maxKeys: 4 },
)
const annotations = fc.dictionary(
  mostly(fc.constantFrom('note', 'example.com/n', 'a.b/c_d'), 'x y').map(String),
  fc.constantFrom('', 'x', '{"a": 1}', 'é\u2028🦊', 'line\nline'),
  { maxKeys: 4 },
)

/**
 * A pod as people send it: of every shape that the server takes, and, in one of some forty fields, something that it
 * refuses: a name or value out of bounds, twins, references to nothing, fields of the wrong type or of no use.
 */
export const servablePod: fc.Arbitrary<JsonObject> = object({
  metadata: object({
    labels: maybe(labels),
    annotations: maybe(annotations),
    finalizers: maybe(fc.constant(['example.com/hold'])),
  }),
  spec: object({
    containers: fc.oneof(
      { weight: 60, arbitrary: named(['app', 'helper', 'proxy', 'worker'], container).filter(list => list.length > 0) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<Json>([], null, [
          { name: 'app', image: 'a' },
          { name: 'app', image: 'b' },
        ]),
      },
      // Somebody else's container of the name that is injected.
      { weight: 2, arbitrary: named(['side', 'app'], container).filter(list => list.length > 0) },
    ),
    initContainers: maybe(named(['first', 'second', 'native'], initContainer)),
    volumes: fc.constantFrom<Json>(
      [
        { name: 'data', emptyDir: {} },
        { name: 'config', configMap: { name: 'c', defaultMode: 420 } },
      ],
      [
        { name: 'config', secret: { secretName: 's', optional: true } },
        { name: 'data', emptyDir: { sizeLimit: '1024Mi' } },
      ],
      [
        { name: 'data', hostPath: { path: '/data/x' } },
        { name: 'config', projected: { sources: [] } },
        { name: 'logs', emptyDir: {} },
      ],
    ),
    restartPolicy: maybe(mostly(fc.constantFrom('Always', 'Never', 'OnFailure'), 'Sometimes')),
    terminationGracePeriodSeconds: maybe(mostly(fc.nat(100), -1)),
    dnsPolicy: maybe(mostly(fc.constantFrom('ClusterFirst', 'Default'), 'Best')),
    hostNetwork: maybe(fc.boolean()),
    automountServiceAccountToken: maybe(fc.boolean()),
    tolerations: maybe(
      fc.constantFrom<Json>(
        [{ operator: 'Exists' }],
        [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' }],
      ),
    ),
    nodeSelector: maybe(fc.constantFrom({ disk: 'ssd' }, { 'kubernetes.io/os': 'linux' })),
    imagePullSecrets: maybe(fc.constantFrom<Json>([{ name: 'pull' }], [])),
    os: maybe(fc.constantFrom({ name: 'linux' }, { name: 'windows' })),
    securityContext: maybe(object({ runAsNonRoot: maybe(fc.boolean()), fsGroup: maybe(fc.nat(1000)) })),
  }),
}).map(pod => ({ apiVersion: 'v1', kind: 'Pod', ...pod }))
