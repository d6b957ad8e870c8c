import type { RequestFields } from '../../support/engine.ts'
import { type Add, kind, pod, type Result, result } from '../support.ts'

/** Objects of up to a megabyte that are to keep a gateway busy, or to take its memory. Each took seconds, minutes or gigabytes. */
export function exhaustionTries(attack: Add): void {
  const exhaust = (
    what: string,
    expected: Result,
    policy: string,
    object: () => unknown,
    fields?: () => RequestFields,
  ) => attack(what, expected, () => result(object(), policy, fields?.()))
  const many = <Item>(count: number, item: (index: number) => Item): readonly Item[] =>
    Array.from({ length: count }, (_, index) => item(index))
  const keys = (count: number, value: unknown) => Object.fromEntries(many(count, at => [`k${at}`, value]))
  const configMap = (data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...data })
  const half = 500_000

  // Numbers.
  exhaust('a third of a million containers', 'denied', 'host-path', () =>
    pod({ containers: many(300_000, () => ({})) }),
  )
  exhaust(
    'an update of eighty thousand containers without a name',
    'denied',
    'host-path',
    () => pod({ containers: many(80_000, () => ({})) }),
    () => ({ oldObject: pod({ containers: many(79_999, () => ({})) }) }),
  )
  exhaust('a third of a million volumes', 'denied', 'host-path', () => pod({ volumes: many(300_000, () => ({})) }))
  exhaust('a third of a million mounts', 'denied', 'host-path', () =>
    pod({ containers: [{ volumeMounts: many(300_000, () => ({})) }] }),
  )
  exhaust('a hundred thousand templates', 'denied', 'host-path', () =>
    kind('jobset.x-k8s.io/v1alpha2', 'JobSet', {
      replicatedJobs: many(100_000, () => ({ template: { spec: { template: {} } } })),
    }),
  )
  exhaust('a hundred thousand sources in one volume', 'denied', 'host-path', () =>
    pod({ volumes: [{ name: 'v'.repeat(half), ...keys(100_000, 1) }] }),
  )
  exhaust('twelve thousand sysctls beside two thousand containers', 'warned', 'node-network', () =>
    pod({
      containers: many(2000, () => ({})),
      securityContext: { sysctls: many(12_000, () => ({ name: 'net.ipv4.ip_forward', value: '0' })) },
    }),
  )
  exhaust('a third of a million webhooks', 'warned', 'webhooks', () => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'a' },
    webhooks: many(300_000, () => ({})),
  }))

  // Names and paths that are told of again and again.
  exhaust('a hundred thousand capabilities under a name of half a megabyte', 'warned', 'pod-security-baseline', () =>
    pod({
      containers: [
        { name: 'é'.repeat(half / 2), securityContext: { capabilities: { add: many(100_000, () => 'A') } } },
      ],
    }),
  )
  exhaust('a path of half a megabyte, mounted ten thousand times', 'denied', 'host-path', () =>
    pod({
      volumes: [{ name: 'v', hostPath: { path: `/${'p'.repeat(half)}` } }],
      containers: [{ name: 'a', volumeMounts: many(10_000, at => ({ name: 'v', mountPath: `/${at}`, subPath: 'b' })) }],
    }),
  )
  exhaust('ten thousand rules under a name of half a megabyte', 'warned', 'webhooks', () => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'a' },
    webhooks: [{ name: 'n'.repeat(half), rules: many(10_000, () => ({ apiGroups: ['*'], resources: ['*/*'] })) }],
  }))
  exhaust('two thousand etcds on one volume of half a megabyte', 'denied', 'etcd', () =>
    pod({
      volumes: [{ name: 'v', emptyDir: { medium: 'x'.repeat(half) } }],
      containers: many(2000, at => ({
        name: `a${at}`,
        command: ['etcd', '--initial-cluster=a,b'],
        volumeMounts: [{ name: 'v', mountPath: '/default.etcd' }],
      })),
    }),
  )

  // Texts.
  exhaust('an etcd configuration with twenty thousand brackets over two lines', 'skipped', 'etcd', () =>
    configMap({ data: { a: `initial-cluster: a,b\n${'x: {a\n}\n'.repeat(20_000)}` } }),
  )
  exhaust('an etcd configuration with fifty thousand blank lines between quotes', 'skipped', 'etcd', () =>
    configMap({ data: { a: `initial-cluster: a,b\nx: "${'a\n\n'.repeat(50_000)}"` } }),
  )
  exhaust('fifty thousand texts that are no base64', 'passed', 'node-network', () =>
    configMap({ binaryData: keys(50_000, '!') }),
  )
  exhaust('a hundred thousand patterns of sysctls', 'skipped', 'node-network', () =>
    configMap({ data: { a: `net.ipv4.ip_forward\n${'*.*.x=\n'.repeat(140_000)}` } }),
  )
  exhaust('sixteen programs that start another, and a quarter of a million words', 'skipped', 'node-network', () =>
    pod({
      containers: [{ command: [...many(16, () => 'nice'), 'sysctl', 'ip_forward', ...many(240_000, () => 'a')] }],
    }),
  )
  exhaust('functions in functions, fifteen thousand deep, and etcd in them', 'skipped', 'etcd', () =>
    pod({ containers: [{ command: ['sh', '-c', `${'a() '.repeat(15_000)}etcd --initial-cluster=a,b`] }] }),
  )
  exhaust('etcd at the end of a script of 80 KiB', 'skipped', 'etcd', () =>
    pod({ containers: [{ command: ['sh', '-c', `${'# '.repeat(40_000)}\netcd --initial-cluster=a,b`] }] }),
  )
}
