import { type Add, base64, kind, type Result, result, template } from '../support.ts'

interface Member {
  readonly command?: readonly string[]
  readonly container?: object
  readonly mount?: object
  readonly spec?: object
}

/** An etcd that starts as a new cluster. */
export function etcdTries(attack: Add): void {
  const flags = ['etcd', '--data-dir=/d', '--initial-cluster=a=http://a,b=http://b']
  const existing = [...flags, '--initial-cluster-state=existing']
  const fresh = [...flags, '--initial-cluster-state=new']
  const member = ({ command = existing, container = {}, mount = {}, spec = {} }: Member) =>
    kind('apps/v1', 'StatefulSet', {
      replicas: 3,
      template: template({
        containers: [
          {
            name: 'etcd',
            image: 'etcd:3',
            command,
            volumeMounts: [{ name: 'd', mountPath: '/d', ...mount }],
            ...container,
          },
        ],
        volumes: [{ name: 'd', hostPath: { path: '/data/etcd' } }],
      }),
      ...spec,
    })
  const etcd = (expected: Result, what: string, after: Member, before: Member = {}) =>
    attack(what, expected, () => result(member(after), 'etcd', { oldObject: member(before) }))
  etcd('denied', 'another name for the container', { command: fresh, container: { name: 'etcd-2' } })
  etcd('denied', 'a cluster that shrinks to one member in the same update', {
    command: ['etcd', '--data-dir=/d', '--initial-cluster=a=http://a', '--initial-cluster-state=new'],
    spec: { replicas: 1 },
  })
  etcd('denied', 'a cluster that names no members any more', {
    command: ['etcd', '--data-dir=/d'],
    spec: { replicas: 1 },
  })
  etcd('denied', '`--force-new-cluster`', { command: [...existing, '--force-new-cluster'] })
  etcd('denied', '`ETCD_FORCE_NEW_CLUSTER`', {
    container: { env: [{ name: 'ETCD_FORCE_NEW_CLUSTER', value: 'true' }] },
  })
  etcd('denied', 'another folder of the same volume', { command: [...fresh, '--data-dir=/d/2'] }, { command: fresh })
  etcd(
    'denied',
    'another `subPath` of the same volume',
    { command: fresh, mount: { subPath: '2' } },
    { command: fresh },
  )
  etcd('denied', 'another `--wal-dir`', { command: [...fresh, '--wal-dir=/d/wal'] }, { command: fresh })
  etcd('denied', 'the variable in a shell, over that of the container', {
    command: ['sh', '-c', `export ETCD_INITIAL_CLUSTER_STATE=new; exec ${flags.join(' ')}`],
    container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'existing' }] },
  })
  etcd('denied', 'the variable through env, over that of the container', {
    command: ['env', 'ETCD_INITIAL_CLUSTER_STATE=new', ...flags],
    container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'existing' }] },
  })
  etcd('skipped', 'the variable taken away in a shell', {
    command: ['sh', '-c', `unset ETCD_INITIAL_CLUSTER_STATE; exec ${flags.join(' ')}`],
    container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'existing' }] },
  })
  etcd('skipped', 'an empty environment, `env -i`', {
    command: ['env', '-i', ...flags],
    container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'existing' }] },
  })
  etcd('denied', 'the program under another name', {
    command: ['sh', '-c', `cp /bin/etcd /tmp/x; exec /tmp/x ${fresh.slice(1).join(' ')}`],
  })
  etcd('skipped', 'a program that nobody can see', {
    command: ['/start'],
    container: { image: 'registry.example/x:1' },
  })
  etcd('skipped', 'etcd in a hook, beside a harmless command', {
    command: ['sleep', 'infinity'],
    container: { lifecycle: { postStart: { exec: { command: fresh } } } },
  })
  etcd('denied', 'a sidecar in place of the container', {
    container: { name: 'pause', image: 'pause:3', command: ['/pause'] },
    spec: {
      template: template({
        initContainers: [
          {
            name: 'etcd',
            image: 'etcd:3',
            restartPolicy: 'Always',
            command: fresh,
            volumeMounts: [{ name: 'd', mountPath: '/d' }],
          },
        ],
        volumes: [{ name: 'd', hostPath: { path: '/data/etcd' } }],
      }),
    },
  })
  etcd('denied', 'a mount path of a million slashes', {
    command: fresh,
    mount: { mountPath: `${'/'.repeat(1_000_000)}x` },
  })
  attack('an etcd of a cluster that is annotated, made anew', 'denied', () =>
    result(
      {
        ...member({ command: fresh }),
        metadata: { name: 'e', namespace: 'kube-system', annotations: { 'portcullis.dev/etcd-initialized': 'yes' } },
      },
      'etcd',
    ),
  )
  attack('an etcd that is deleted, and made anew without the annotation', 'passed', () =>
    result(member({ command: fresh }), 'etcd'),
  )
  etcd('denied', 'a flag without a value before it', {
    command: [...existing, '--client-cert-auth', '--initial-cluster-state=new'],
  })
  etcd('denied', 'a flag as the value of another', {
    command: [...fresh, '--name', '--initial-cluster-state=existing'],
  })
  etcd('denied', 'an etcd that joins and fails, before one that does not', {
    command: ['sh', '-c', `${existing.join(' ')} --x; exec ${fresh.join(' ')}`],
  })
  etcd(
    'denied',
    'an etcd that tells its version first',
    { command: ['sh', '-c', `etcd --version; exec ${fresh.join(' ')}`] },
    { command: ['sh', '-c', `etcd --version; exec ${existing.join(' ')}`] },
  )
  etcd('skipped', 'a variable that is only told, over that of the container', {
    command: ['sh', '-c', `echo ETCD_INITIAL_CLUSTER_STATE=existing; exec ${flags.join(' ')}`],
    container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'new' }] },
  })
  const etcdMap = (expected: Result, what: string, after: object, before: object) =>
    attack(what, expected, () => {
      const map = (fields: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'etcd' }, ...fields })
      return result(map(after), 'etcd', { oldObject: map(before) })
    })
  const file = (state: string, cluster = 'a=http://a,b=http://b') =>
    `initial-cluster: ${cluster}\ninitial-cluster-state: ${state}\n`
  etcdMap(
    'denied',
    'a ConfigMap’s file under another key',
    { data: { 'etcd-2.yaml': file('new') } },
    { data: { 'etcd.yaml': file('existing') } },
  )
  etcdMap(
    'denied',
    'a ConfigMap’s file that shrinks to one member',
    { data: { 'etcd.yaml': file('new', 'a=http://a') } },
    { data: { 'etcd.yaml': file('existing') } },
  )
  etcdMap(
    'denied',
    'a ConfigMap’s file that names no members any more',
    { data: { 'etcd.yaml': 'name: a\n' } },
    { data: { 'etcd.yaml': file('existing') } },
  )
  etcdMap(
    'denied',
    'a ConfigMap’s file in binaryData',
    { binaryData: { 'etcd.yaml': base64(file('new')) } },
    { data: { 'etcd.yaml': file('existing') } },
  )
  etcdMap(
    'denied',
    'a ConfigMap of variables, for `envFrom`',
    { data: { ETCD_INITIAL_CLUSTER_STATE: 'new' } },
    { data: { ETCD_INITIAL_CLUSTER_STATE: 'existing' } },
  )
  etcdMap(
    'denied',
    'a ConfigMap’s file with `force-new-cluster`',
    { data: { 'etcd.yaml': `${file('existing')}force-new-cluster: true\n` } },
    { data: { 'etcd.yaml': file('existing') } },
  )
  etcdMap(
    'denied',
    'a ConfigMap’s script',
    { data: { 'start.sh': `#!/bin/sh\nexec ${fresh.join(' ')}\n` } },
    { data: { 'start.sh': `#!/bin/sh\nexec ${existing.join(' ')}\n` } },
  )
  etcdMap(
    'denied',
    'a ConfigMap’s file of variables',
    { data: { 'etcd.env': 'ETCD_NAME=a\nETCD_INITIAL_CLUSTER_STATE=new\n' } },
    { data: { 'etcd.env': 'ETCD_NAME=a\nETCD_INITIAL_CLUSTER_STATE="existing"\n' } },
  )
}
