import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../support/commands.ts'
import { type ApiServer, type ControlPlane, startControlPlane } from '../support/control-plane.ts'
import { writeServiceAccountKey } from '../support/control-plane-files.ts'

let plane: ControlPlane
let second: ApiServer

beforeAll(async () => {
  plane = await startControlPlane()
  await writeServiceAccountKey(plane.directory, 'other-service-accounts.key')
  second = await plane.addApiServer({
    webhookClient: 'kube-apiserver',
    serviceAccountKey: 'other-service-accounts.key',
  })
})

afterAll(() => plane?.stop())

/** Who an API server takes the bearer of a token for; undefined where it takes the token for none. */
async function reviewToken(server: ApiServer, token: string): Promise<string | undefined> {
  const { body } = await server.request('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } })
  const { status } = JSON.parse(body) as {
    status: { authenticated?: boolean; user?: { username: string }; error?: string }
  }
  if (status.authenticated !== true) process.stdout.write(`the other API server: ${status.error}\n`)
  return status.authenticated === true ? status.user?.username : undefined
}

test('war story 5: a token that one API server has signed is worth nothing at the other', async () => {
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
  for (const [signer, other] of [
    [plane, second],
    [second, plane],
  ] as const) {
    const { body } = await signer.request('POST', path, { spec: { expirationSeconds: 600 } })
    const { status } = JSON.parse(body) as { status: { token: string } }
    expect(await reviewToken(signer, status.token)).toBe('system:serviceaccount:default:default')
    expect(await reviewToken(other, status.token)).toBe(undefined)
  }
})

test('war story 5: policy-lint over the manifests of the masters names the flag, every file and its value', async () => {
  const folder = join(plane.directory, 'manifests')
  const manifest = (key: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'kube-apiserver', namespace: 'kube-system' },
    spec: {
      hostNetwork: true,
      containers: [
        {
          name: 'kube-apiserver',
          image: 'registry.k8s.io/kube-apiserver:v1.36.3',
          command: ['kube-apiserver', `--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
        },
      ],
    },
  })
  for (const [master, key] of [
    ['master-1', '/etc/kubernetes/pki/sa.key'],
    ['master-2', '/etc/kubernetes/pki/sa.key'],
    ['master-3', '/etc/kubernetes/pki/other-sa.key'],
  ] as const) {
    mkdirSync(join(folder, master), { recursive: true })
    writeFileSync(join(folder, master, 'kube-apiserver.json'), JSON.stringify(manifest(key), null, 2))
  }
  const { code, stdout } = await runCommand('policy-lint', ['master-1', 'master-2', 'master-3'], folder)
  process.stdout.write(stdout.slice(0, stdout.indexOf('\n') + 1))
  for (const flag of ['service-account-key-file', 'service-account-signing-key-file']) {
    expect(stdout).toContain(
      `--${flag} of kube-apiserver is not the same on every master (master-1/kube-apiserver.json: /etc/kubernetes/pki/sa.key; master-2/kube-apiserver.json: /etc/kubernetes/pki/sa.key; master-3/kube-apiserver.json: /etc/kubernetes/pki/other-sa.key)`,
    )
  }
  // It warns: while a change goes from master to master they differ for a while.
  expect(code).toBe(0)
})
