import { describe, expect, it } from 'vitest'
import { redactRequest } from '../../src/server/traffic/redact.ts'
import { json } from '../support/engine.ts'
import { plainPod, reviewOf } from '../support/reviews.ts'

const requestOf = (object: unknown, fields = {}) => {
  const { request } = reviewOf(object, fields) as { request: object }
  return json(request)
}
const redactedObject = (object: unknown, fields = {}) => redactRequest(requestOf(object, fields))?.['object']
const podWith = (container: object) => ({ ...plainPod(), spec: { containers: [{ name: 'app', ...container }] } })
const firstContainer = (object: unknown) =>
  (object as { spec: { containers: [Record<string, unknown>] } }).spec.containers[0]

describe('nothing that is secret is kept', () => {
  const cases: readonly { readonly name: string; readonly object: unknown }[] = [
    { name: 'the value of a variable', object: podWith({ env: [{ name: 'A', value: 'hunter2' }] }) },
    {
      name: "kubectl's copy of the manifest",
      object: plainPod({ annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"a":"hunter2"}' } }),
    },
    { name: 'data of a ConfigMap', object: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'hunter2' } } },
    {
      name: 'binary data of a ConfigMap',
      object: { apiVersion: 'v1', kind: 'ConfigMap', binaryData: { a: 'hunter2' } },
    },
    {
      name: 'a Secret within another object',
      object: { apiVersion: 'x/v1', kind: 'Bundle', parts: [{ kind: 'Secret', stringData: { a: 'hunter2' } }] },
    },
    { name: 'who owns which field', object: plainPod({ managedFields: [{ manager: 'hunter2' }] }) },
    {
      name: 'a field that says what it is',
      object: { apiVersion: 'x/v1', kind: 'Database', spec: { adminPassword: 'hunter2' } },
    },
    {
      name: 'an annotation that says what it is',
      object: plainPod({ annotations: { 'x.example/api-key': 'hunter2' } }),
    },
    {
      name: 'a header of a probe',
      object: podWith({ livenessProbe: { httpGet: { httpHeaders: [{ name: 'A', value: 'hunter2' }] } } }),
    },
    { name: 'the password of a URL', object: plainPod({ annotations: { dsn: 'postgres://me:hunter2@db/x' } }) },
    { name: 'a flag with its value', object: podWith({ args: ['--db-password=hunter2'] }) },
    { name: 'a flag before its value', object: podWith({ args: ['--token', 'hunter2'] }) },
    { name: 'a flag at the end of the command', object: podWith({ args: ['hunter2'], command: ['run', '--api-key'] }) },
    {
      name: 'a variable among the words',
      object: podWith({ command: ['env', 'AWS_SECRET_ACCESS_KEY=hunter2', 'run'] }),
    },
    { name: 'a flag in a script', object: podWith({ command: ['sh', '-c', 'mysql --password=hunter2 -e x'] }) },
    {
      name: 'a flag before a blank in a script',
      object: podWith({ command: ['sh', '-c', 'vault login --token hunter2; run'] }),
    },
    { name: 'a variable in a script', object: podWith({ command: ['sh', '-c', 'export TOKEN="hunter2"\nrun'] }) },
    { name: 'a member of JSON in an argument', object: podWith({ args: ['--config', '{"password": "hunter2"}'] }) },
    {
      name: 'a header in a script',
      object: podWith({ command: ['sh', '-c', "curl -H 'Authorization: Bearer hunter2' x"] }),
    },
    { name: 'the password of a URL in an argument', object: podWith({ args: ['--dsn=postgres://me:hunter2@db/x'] }) },
    {
      name: 'the command of a probe',
      object: podWith({ livenessProbe: { exec: { command: ['redis-cli', '--password=hunter2'] } } }),
    },
  ]
  for (const { name, object } of cases) {
    it(name, () => {
      expect(JSON.stringify(object)).toContain('hunter2')
      const redacted = redactRequest({ ...requestOf(object), oldObject: json(object) })
      expect(redacted).toBeDefined()
      expect(JSON.stringify(redacted)).not.toContain('hunter2')
      expect(redactRequest(json(redacted))).toEqual(redacted)
    })
  }

  it('what the user said of itself beside its name and groups', () => {
    const request = {
      ...requestOf(plainPod()),
      userInfo: { username: 'me', uid: 'u', groups: ['g'], extra: { t: ['x'] } },
    }
    expect(redactRequest(request)?.['userInfo']).toEqual({ username: 'me', groups: ['g'] })
  })

  it.each([
    ['a Secret', { kind: 'Secret', resource: 'secrets' }],
    ['a Secret under another resource', { kind: 'Secret', resource: 'things' }],
    ['a token', { kind: 'TokenRequest', resource: 'serviceaccounts', subResource: 'token' }],
  ])('%s at all', (_name, fields) => {
    expect(redactRequest(requestOf({ data: { a: 'x' } }, fields))).toBeUndefined()
  })

  it('a Secret that is deleted', () => {
    const request = { ...requestOf(null), oldObject: json({ kind: 'Secret', data: {} }) }
    expect(redactRequest(request)).toBeUndefined()
  })
})

describe('no text keeps the thread busy', () => {
  it.each([
    ['one letter', 'a'.repeat(500_000)],
    ['the name of a secret', 'key'.repeat(200_000)],
    ['words', 'a.'.repeat(250_000)],
    ['flags', '--key '.repeat(100_000)],
    ['blanks', `--key${' '.repeat(500_000)}-`],
    ['colons', 'key:'.repeat(120_000)],
    ['the beginnings of URLs', 'a://b:'.repeat(80_000)],
    ['a URL without an end', `a://${':'.repeat(500_000)}`],
    ['quotes', 'key="'.repeat(100_000)],
    ['schemes', 'Bearer '.repeat(70_000)],
  ])('not %s, over and over', (_name, text) => {
    const started = performance.now()
    redactRequest(requestOf(podWith({ args: [text, `x ${text}`] })))
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('what decides is kept', () => {
  const words = [
    'kube-apiserver',
    '--token-auth-file=/etc/tokens.csv',
    '--service-account-key-file=/etc/pki/sa.pub',
    '--enable-bootstrap-token-auth=true',
    '--service-cluster-ip-range=10.96.0.0/12',
    '--authentication-token-webhook-cache-ttl=10s',
    '--feature-gates',
    'A=true',
  ]
  it('flags of the control plane that name files and switches', () => {
    expect(firstContainer(redactedObject(podWith({ command: words })))['command']).toEqual(words)
  })

  it('a script that holds no secret', () => {
    const command = [
      'sh',
      '-c',
      'cp /etc/pki/tls.key:/x /y; sysctl -w net.ipv4.ip_forward=1 && mount --bind /host/etc /etc',
    ]
    expect(firstContainer(redactedObject(podWith({ command })))['command']).toEqual(command)
  })

  it('the shape: lists, keys and the types of values', () => {
    const pod = podWith({
      env: [
        { name: 'A', value: 'x' },
        { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      ],
      args: ['--password', 'x', '--verbose'],
    })
    expect(firstContainer(redactedObject(pod))).toEqual({
      name: 'app',
      env: [
        { name: 'A', value: 'REDACTED' },
        { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      ],
      args: ['--password', 'REDACTED', '--verbose'],
    })
    const config = { kind: 'ConfigMap', data: { a: 'x', b: { c: 1, d: true, e: null } } }
    expect(redactedObject(config)).toEqual({
      kind: 'ConfigMap',
      data: { a: 'REDACTED', b: { c: 0, d: false, e: null } },
    })
  })

  it('whatever of Kubernetes is only called a key or a secret', () => {
    const spec = {
      tolerations: [{ key: 'x', value: 'y' }],
      volumes: [{ name: 'v', secret: { secretName: 's', items: [{ key: 'a', path: 'b' }] } }],
      imagePullSecrets: [{ name: 's' }],
      automountServiceAccountToken: false,
      topologySpreadConstraints: [{ topologyKey: 'zone' }],
    }
    expect(redactedObject({ ...plainPod(), spec })).toEqual({ ...plainPod(), spec })
  })

  it('keys that look like parts of JavaScript', () => {
    const object = JSON.parse('{"metadata":{"labels":{"__proto__":"a","constructor":"b"}}}') as unknown
    expect(JSON.stringify(redactedObject(object))).toBe(JSON.stringify(object))
  })
})
