import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { ControlPlane } from './control-plane.ts'
import { type MountedSecret, mountSecrets, type SecretSource } from './mounted-secret.ts'
import { type BackgroundProcess, startProcess, waitUntil, withoutProxy } from './processes.ts'

const MAIN = fileURLToPath(new URL('../../../dist/main/portcullis.js', import.meta.url))
const INTERVAL_MS = 150
const NODE = 'loopback'
/** Of probes that have a second each: a kubelet waits for a minute, a test does not. */
const LIVENESS_FAILURES = 5
const PROBE_MS = 1000

interface Pod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
  readonly spec: {
    readonly nodeName?: string
    readonly serviceAccountName: string
    readonly restartPolicy: 'Always' | 'OnFailure' | 'Never'
    readonly containers: readonly [
      {
        readonly name: string
        readonly image: string
        readonly args: readonly string[]
        readonly env?: readonly { readonly name: string; readonly valueFrom?: { fieldRef?: { fieldPath: string } } }[]
      },
    ]
    readonly volumes?: readonly {
      readonly name: string
      readonly projected?: { readonly sources: readonly { readonly secret?: SecretSource }[] }
    }[]
  }
}

/** A pod that runs as a process of this machine. */
export interface LocalPod {
  readonly name: string
  /** The label `app.kubernetes.io/component`. */
  readonly component: string
  readonly host: string
  readonly port: number
  readonly process: BackgroundProcess
  isReady(): Promise<boolean>
  isLive(): Promise<boolean>
  /** Whether it was live once since it was started: from then on it is killed when it hangs. */
  hasStarted(): boolean
  metrics(): Promise<string>
  log(): string
}

/** What stands in for a kubelet. */
export interface LocalKubelet {
  /** The pods that run, by component. */
  running(component: string): readonly LocalPod[]
  stop(): Promise<void>
}

export interface KubeletOptions {
  readonly namespace: string
  /** Told of each pod when it has started and when it is to end. */
  readonly onPod?: (event: 'started' | 'ending', pod: LocalPod) => void
  /** Another way to the API server for the pods, such as one that can be cut. */
  readonly server?: string
  /** Another build than the one that ships. */
  readonly main?: string
  /** More of the environment of a component's pods. */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/**
 * Runs the pods of a namespace as a kubelet would, as processes of the built program instead of containers: with the arguments and
 * the environment of their spec, the token of their own service account and the Secrets that they mount; restarted when
 * they end, ended by SIGTERM when they are deleted, with their state in the pod's status.
 */
export function startKubelet(plane: ControlPlane, options: KubeletOptions): LocalKubelet {
  const pods = new Map<string, Runner>()
  let isStopped = false
  const sync = async () => {
    const { status, body } = await plane.request('GET', `/api/v1/namespaces/${options.namespace}/pods`)
    if (status !== 200) return
    const { items } = JSON.parse(body) as { items: readonly Pod[] }
    for (const pod of items) {
      const runner = pods.get(pod.metadata.uid) ?? new Runner(plane, options, pod)
      pods.set(pod.metadata.uid, runner)
      void runner.sync(pod)
    }
  }
  const loop = (async () => {
    while (!isStopped) {
      await sync().catch(() => {})
      await new Promise(resolve => setTimeout(resolve, INTERVAL_MS))
    }
  })()
  return {
    running: component =>
      [...pods.values()].flatMap(({ local }) =>
        local?.component === component && local.process.isRunning() ? [local] : [],
      ),
    async stop() {
      isStopped = true
      await loop
      await Promise.all([...pods.values()].map(runner => runner.kill()))
    },
  }
}

/** One pod, from its binding to its end. */
class Runner {
  readonly #plane: ControlPlane
  readonly #options: KubeletOptions
  readonly #path: string
  readonly #mounts: MountedSecret[] = []
  local: LocalPod | undefined
  #isBusy = false
  #restarts = 0
  #status = ''
  #ip = ''
  #unanswered = 0
  #hasStarted = false
  #isEnding = false
  #isKilled = false

  constructor(plane: ControlPlane, options: KubeletOptions, { metadata }: Pod) {
    this.#plane = plane
    this.#options = options
    this.#path = `/api/v1/namespaces/${options.namespace}/pods/${metadata.name}`
  }

  async sync(pod: Pod): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      await this.#step(pod)
    } catch {
      // The API server may be gone for a while: the next round tries again.
    } finally {
      this.#isBusy = false
    }
  }

  async kill(): Promise<void> {
    this.#isKilled = true
    for (const mount of this.#mounts) mount.stop()
    await this.local?.process.stop('SIGKILL')
  }

  async #step(pod: Pod): Promise<void> {
    if (pod.metadata.deletionTimestamp !== undefined) return this.#end()
    if (pod.spec.nodeName === undefined) {
      const target = { apiVersion: 'v1', kind: 'Node', name: NODE }
      await this.#plane.request('POST', `${this.#path}/binding`, { metadata: { name: pod.metadata.name }, target })
      return
    }
    if (/Succeeded|Failed/.test(this.#status)) return
    const { local } = this
    if (local === undefined) await this.#start(pod)
    else if (local.process.isRunning()) {
      await this.#report(pod, 'Running', await within(local.isReady()))
      await this.#live(local)
    } else await this.#ended(pod, (await local.process.stop()) ?? 1)
  }

  /** A pod that does not answer its liveness probe for a while is killed, and then started again. */
  async #live(local: LocalPod): Promise<void> {
    const isLive = await within(local.isLive())
    this.#hasStarted ||= isLive
    this.#unanswered = isLive ? 0 : this.#unanswered + 1
    // The startup probe leaves it more time.
    if (!this.#hasStarted || this.#unanswered < LIVENESS_FAILURES) return
    this.#unanswered = 0
    this.#hasStarted = false
    await local.process.stop('SIGKILL')
  }

  async #ended(pod: Pod, code: number): Promise<void> {
    const { restartPolicy } = pod.spec
    if (restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && code === 0))
      return this.#report(pod, code === 0 ? 'Succeeded' : 'Failed', false)
    this.#restarts++
    this.#hasStarted = false
    await this.#report(pod, 'Running', false)
    await this.#start(pod)
  }

  async #end(): Promise<void> {
    if (!this.#isEnding && this.local !== undefined) {
      this.#isEnding = true
      this.#options.onPod?.('ending', this.local)
      await this.local.process.stop('SIGTERM')
    }
    for (const mount of this.#mounts) mount.stop()
    await this.#plane.request('DELETE', `${this.#path}?gracePeriodSeconds=0`)
  }

  /** Starts its process; nothing happens while a Secret is missing. */
  async #start(pod: Pod): Promise<void> {
    const { namespace } = this.#options
    const [container] = pod.spec.containers
    const folders = await this.#volumes(pod)
    if (folders === undefined) return
    const directory = mkdtempSync(join(this.#plane.directory, `${pod.metadata.name}-`))
    // An address of its own, as a pod has: all of 127.0.0.0/8 is the loopback.
    const ip = addressOf(nextPod++)
    this.#ip = ip
    const fields: Readonly<Record<string, string>> = {
      'metadata.name': pod.metadata.name,
      'metadata.namespace': namespace,
    }
    const env = Object.fromEntries(
      (container.env ?? []).map(({ name, valueFrom }) => [name, fields[valueFrom?.fieldRef?.fieldPath ?? ''] ?? '']),
    )
    const tls = folders['tls']
    const kubeconfig = await this.#kubeconfig(directory, pod.spec.serviceAccountName)
    // The node may have lost its power meanwhile: nobody would end what begins now.
    if (this.#isKilled) return
    const running = startProcess(pod.metadata.name, process.execPath, [this.#options.main ?? MAIN, ...container.args], {
      logFile: join(directory, 'log'),
      cwd: directory,
      env: {
        ...withoutProxy(),
        ...env,
        ...this.#options.env?.[pod.metadata.labels?.['app.kubernetes.io/component'] ?? ''],
        // What the container has at fixed places, and a process of this machine has somewhere else.
        PORTCULLIS_KUBECONFIG: kubeconfig,
        PORTCULLIS_LISTEN: `${ip}:8443`,
        PORTCULLIS_HEALTH_LISTEN: `${ip}:8080`,
        ...(tls !== undefined && {
          PORTCULLIS_TLS_CERT: join(tls, 'tls.crt'),
          PORTCULLIS_TLS_KEY: join(tls, 'tls.key'),
          ...(existsSync(join(tls, 'client-ca.crt')) && { PORTCULLIS_CLIENT_CA: join(tls, 'client-ca.crt') }),
        }),
      },
    })
    const url = `http://${ip}:8080`
    this.local = {
      name: pod.metadata.name,
      component: pod.metadata.labels?.['app.kubernetes.io/component'] ?? '',
      host: ip,
      port: 8443,
      process: running,
      isReady: async () => !this.#isEnding && running.isRunning() && (await fetch(`${url}/readyz`)).ok,
      isLive: async () => (await fetch(`${url}/livez`)).ok,
      hasStarted: () => this.#hasStarted,
      metrics: async () => (await fetch(`${url}/metrics`)).text(),
      log: () => readFileSync(running.logFile, 'utf8'),
    }
    this.#options.onPod?.('started', this.local)
  }

  /** The folders of projected volumes by name; undefined while a Secret is missing. */
  async #volumes(pod: Pod): Promise<Readonly<Record<string, string>> | undefined> {
    const folders: Record<string, string> = {}
    for (const { name, projected } of pod.spec.volumes ?? []) {
      const sources = projected?.sources.flatMap(({ secret }) => secret ?? []) ?? []
      // The token that every pod gets is no Secret.
      if (sources.length === 0) continue
      const mount = mountSecrets(this.#plane, this.#options.namespace, sources)
      this.#mounts.push(mount)
      const file = sources[0]?.items?.[0]?.path ?? ''
      await waitUntil(`the Secrets of ${name} are there`, async () => mount.text(file) !== undefined, {
        milliseconds: 60_000,
      })
      folders[name] = mount.folder
    }
    return folders
  }

  /** A kubeconfig of the pod's own service account. */
  async #kubeconfig(directory: string, account: string): Promise<string> {
    const path = `/api/v1/namespaces/${this.#options.namespace}/serviceaccounts/${account}/token`
    const { body } = await this.#plane.request('POST', path, { spec: { expirationSeconds: 3600 } })
    const { token } = (JSON.parse(body) as { status: { token: string } }).status
    const admin = readFileSync(join(this.#plane.directory, 'admin.kubeconfig'), 'utf8')
    const config = JSON.parse(admin) as {
      users: { name: string }[]
      clusters: { name: string; cluster: Record<string, string> }[]
    }
    const users = config.users.map(({ name }) => ({ name, user: { token } }))
    const clusters = config.clusters.map(({ name, cluster }) => {
      const authority = join(this.#plane.directory, cluster['certificate-authority'] ?? '')
      const server = this.#options.server ?? cluster['server'] ?? ''
      return { name, cluster: { ...cluster, server, 'certificate-authority': authority } }
    })
    const file = join(directory, 'kubeconfig')
    await writeFile(file, JSON.stringify({ ...config, users, clusters }), { mode: 0o600 })
    return file
  }

  async #report(pod: Pod, phase: string, isReady: boolean): Promise<void> {
    const status = `${phase} ${isReady} ${this.#restarts}`
    if (status === this.#status) return
    const [container] = pod.spec.containers
    const now = `${new Date().toISOString().slice(0, 19)}Z`
    const condition = (type: string) => ({ type, status: isReady ? 'True' : 'False', lastTransitionTime: now })
    const isOver = phase !== 'Running'
    const { status: code } = await this.#plane.request(
      'PATCH',
      `${this.#path}/status`,
      {
        status: {
          phase,
          ...(this.#ip !== '' && { podIP: this.#ip, podIPs: [{ ip: this.#ip }] }),
          conditions: [condition('Ready'), condition('ContainersReady')],
          containerStatuses: [
            {
              name: container.name,
              image: container.image,
              imageID: '',
              ready: isReady,
              started: true,
              restartCount: this.#restarts,
              state: isOver
                ? { terminated: { exitCode: phase === 'Succeeded' ? 0 : 1, finishedAt: now } }
                : { running: { startedAt: now } },
            },
          ],
        },
      },
      'application/merge-patch+json',
    )
    if (code === 200) this.#status = status
  }
}

/** The answer of a probe; no answer in time is no. */
function within(probe: Promise<boolean>): Promise<boolean> {
  const late = new Promise<boolean>(resolve => setTimeout(resolve, PROBE_MS, false).unref())
  return Promise.race([probe.catch(() => false), late])
}

let nextPod = 0

/** No two pods of a test process have one; the process' own number keeps those of two test processes apart. */
function addressOf(index: number): string {
  return `127.${1 + (process.pid % 250)}.${Math.floor(process.pid / 250) % 250}.${1 + (index % 250)}`
}
