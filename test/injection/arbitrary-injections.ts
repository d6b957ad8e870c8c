import fc from 'fast-check'
import { digest } from '../../src/cli/documents.ts'
import type { InjectionSet } from '../../src/injection/plan.ts'
import { loadInjections } from '../../src/injection/set.ts'
import { ANNOTATIONS, CONTAINERS, IMAGES, LABELS, SECRETS, VARIABLES, VOLUMES } from './arbitrary-pods.ts'

const some = <Item>(value: fc.Arbitrary<Item>) => fc.option(value, { nil: undefined, freq: 2 })
/** In one of ten. */
const rarely = <Item>(item: fc.Arbitrary<Item>) => fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, item)
const value = fc.constantFrom('true', 'x', 'y', '')
const map = (keys: readonly string[]) => some(fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 3 }))
const named = <Fields extends object>(names: readonly string[], fields: fc.Arbitrary<Fields>) =>
  some(
    fc.uniqueArray(
      fc.tuple(fc.constantFrom(...names), fields).map(([name, rest]) => ({ name, ...rest })),
      { selector: ({ name }) => name, maxLength: 2 },
    ),
  )

const mounts = some(
  fc.uniqueArray(
    fc.record(
      {
        name: fc.constantFrom(...VOLUMES),
        mountPath: fc.constantFrom('/data', '/logs/', '/x'),
        readOnly: fc.boolean(),
        subPath: fc.constantFrom('', 'sub'),
      },
      { requiredKeys: ['name', 'mountPath'] },
    ),
    { selector: ({ mountPath }) => mountPath, maxLength: 2 },
  ),
)
const env = named(VARIABLES, fc.record({ value }, { requiredKeys: [] }))

const containerFields = fc.record(
  {
    image: fc.constantFrom(...IMAGES),
    args: fc.constantFrom([], ['-v']),
    env,
    volumeMounts: rarely(mounts),
    ports: fc.constantFrom([{ containerPort: 80 }], [{ containerPort: 8080, hostPort: 80 }]),
    resources: fc.constantFrom(
      { limits: { memory: '1024Mi', cpu: '1000m' } },
      { limits: { memory: '1Gi' }, requests: { cpu: 0.5 } },
    ),
    restartPolicy: fc.constant('Always'),
    futureField: fc.constantFrom([1, { a: null }], {}),
  },
  { requiredKeys: ['image'] },
)

const selector = (keys: readonly string[]) =>
  fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist').chain(operator =>
    fc.record({
      matchExpressions: fc.tuple(
        fc.record({
          key: fc.constantFrom(...keys),
          operator: fc.constant(operator),
          ...(operator.endsWith('In') && { values: fc.constant(['x', 'true']) }),
        }),
      ),
    }),
  )

const spec = fc
  .record({
    trigger: fc.oneof(
      { weight: 5, arbitrary: fc.constant({ always: true }) },
      fc.constantFrom(...ANNOTATIONS).map(annotation => ({ annotation })),
    ),
    objectSelector: rarely(selector(LABELS)),
    labels: map(LABELS),
    annotations: map(ANNOTATIONS),
    // One name belongs to one list of an injection, and every name may belong to several injections.
    lists: fc.shuffledSubarray([...CONTAINERS], { minLength: 3 }),
    first: some(containerFields),
    init: some(containerFields),
    containers: some(containerFields),
    volumes: named(
      VOLUMES,
      fc.constantFrom<object>(
        {},
        { emptyDir: {} },
        { emptyDir: { sizeLimit: '1024Mi' } },
        { configMap: { name: 'c' } },
      ),
    ),
    volumeMounts: mounts,
    env,
    imagePullSecrets: named(SECRETS, fc.constant({})),
    into: rarely(
      fc.record(
        {
          kinds: fc.shuffledSubarray(['Containers', 'InitContainers', 'NativeSidecars'], { minLength: 1 }),
          names: fc.constantFrom(['*'], ['a*', '*b'], [`${CONTAINERS[0]}`]),
          exceptNames: fc.constantFrom([`${CONTAINERS[1]}`], ['*s*']),
        },
        { requiredKeys: [] },
      ),
    ),
    onConflict: rarely(fc.constant('Deny')),
    jobs: fc.constantFrom('NativeOnly', 'WithoutContainers', 'Always', 'Never'),
  })
  .map(({ lists: [a, b, c], first, init, containers, objectSelector, into, ...rest }) => ({
    ...rest,
    ...(into && [...(rest.env ?? []), ...(rest.volumeMounts ?? [])].length > 0 && { into }),
    ...(objectSelector && { matchConstraints: { objectSelector } }),
    ...(first && { initContainersFirst: [{ name: a, ...first }] }),
    ...(init && { initContainers: [{ name: b, ...init }] }),
    ...(containers && { containers: [{ name: c, ...containers }] }),
  }))

/** Sets of one to four SidecarInjections; those that would add nothing are left out. */
export const anyInjections: fc.Arbitrary<InjectionSet> = fc
  .array(spec, { minLength: 1, maxLength: 4 })
  .map(specs => {
    const documents = specs.map((each, index) => {
      const metadata = { name: `i${index}` }
      const document = { apiVersion: 'portcullis.dev/v1alpha1', kind: 'SidecarInjection', metadata, spec: each }
      const start = { line: 1, column: 1 }
      return {
        file: `i${index}.yaml`,
        value: JSON.parse(JSON.stringify(document)) as unknown,
        kinds: ['SidecarInjection'],
        revision: digest(JSON.stringify(document)).slice(0, 12),
        locate: () => ({ start, end: start }),
      }
    })
    const { set, problems } = loadInjections({ documents, problems: [] }, { excludedNamespaces: [], digest })
    const faults = problems.filter(({ message }) => message !== 'the injection adds nothing')
    if (faults[0] !== undefined) throw new Error(`${faults[0].pointer}: ${faults[0].message}`)
    return set
  })
  .filter(({ injections }) => injections.length > 0)
