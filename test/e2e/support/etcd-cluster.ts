import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackgroundProcess, freePort, startProcess, waitUntil } from './processes.ts'
import { removeAtEnd } from './reaper.ts'

/** An etcd cluster of three on the loopback. */
export interface EtcdCluster {
  /** Starts a member; `state` is its `--initial-cluster-state`, `data` the name of its folder. */
  start(member: number, state: 'new' | 'existing', data: string): Promise<void>
  stop(member: number): Promise<void>
  /** Writes a key, through the first member that answers. */
  put(key: string, value: string): Promise<void>
  /** Reads a key through one member, agreed by the cluster; undefined where it is not there. */
  get(member: number, key: string): Promise<string | undefined>
  /** Whether a member takes part in a cluster that has a leader. */
  isHealthy(member: number): Promise<boolean>
  close(): Promise<void>
}

const MEMBERS = [0, 1, 2]

/** Prepares a cluster of three; nothing runs yet. */
export async function etcdCluster(): Promise<EtcdCluster> {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets === undefined) throw new Error('KUBEBUILDER_ASSETS is not set: run the suite with `npm run test:e2e`')
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-etcd-'))
  removeAtEnd(directory)
  const peers = await Promise.all(MEMBERS.map(() => freePort()))
  const clients = await Promise.all(MEMBERS.map(() => freePort()))
  const initial = MEMBERS.map(member => `m${member}=http://127.0.0.1:${peers[member]}`).join(',')
  const running = new Map<number, BackgroundProcess>()
  const call = async (member: number, path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${clients[member]}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5000),
    })
    if (!response.ok) throw new Error(await response.text())
    return response.json()
  }
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const isHealthy = async (member: number) =>
    (await fetch(`http://127.0.0.1:${clients[member]}/health`, { signal: AbortSignal.timeout(2000) })).ok
  return {
    async start(member, state, data) {
      const args = [
        `--name=m${member}`,
        `--data-dir=${data}-${member}`,
        '--unsafe-no-fsync',
        '--log-level=error',
        `--initial-cluster=${initial}`,
        `--initial-cluster-state=${state}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peers[member]}`,
        `--listen-peer-urls=http://127.0.0.1:${peers[member]}`,
        `--listen-client-urls=http://127.0.0.1:${clients[member]}`,
        `--advertise-client-urls=http://127.0.0.1:${clients[member]}`,
      ]
      const logFile = join(directory, `m${member}.log`)
      running.set(member, startProcess(`etcd m${member}`, join(assets, 'etcd'), args, { logFile, cwd: directory }))
    },
    async stop(member) {
      await running.get(member)?.stop()
      running.delete(member)
    },
    async put(key, value) {
      await waitUntil('a member takes the key', async () => {
        for (const member of running.keys()) {
          const isPut = await call(member, '/v3/kv/put', { key: base64(key), value: base64(value) }).then(
            () => true,
            () => false,
          )
          if (isPut) return true
        }
        return false
      })
    },
    async get(member, key) {
      const { kvs = [] } = (await call(member, '/v3/kv/range', { key: base64(key) })) as {
        kvs?: readonly { readonly value: string }[]
      }
      return kvs[0] && Buffer.from(kvs[0].value, 'base64').toString()
    },
    isHealthy,
    async close() {
      for (const member of running.values()) await member.stop()
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
