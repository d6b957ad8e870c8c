import type { Variables } from '../../workload/commands/environment.ts'
import type { Argument } from '../../workload/commands/output.ts'

/** A setting: whether it is there, and its value, undefined where it cannot be read. */
export interface EtcdSetting {
  readonly isSet: boolean
  readonly value: string | undefined
}

const UNSET: EtcdSetting = { isSet: false, value: undefined }

/** The flags that take no word of their own: what follows them is the next flag. */
const BOOLEAN =
  /^(?:h|help|version|debug|pre-vote|force-new-cluster|strict-reconfig-check|unsafe-no-fsync|socket-reuse-(?:port|address)|(?:peer-)?(?:client-cert-auth|auto-tls)|discovery-insecure-[a-z-]+|(?:experimental-)?(?:enable-[a-z0-9-]+|memory-mlock|initial-corrupt-check|compact-hash-check-enabled|peer-skip-client-san-verification|txn-mode-write-with-shared-buffer|stop-grpc-service-on-defrag))$/

/** The settings of etcd as it reads them: flags (`-x v`, `--x=v`) before variables (`ETCD_X`). */
export class EtcdFlags {
  readonly #flags = new Map<string, string | undefined>()
  readonly #variables: Variables
  /** Whether a word may be any flag. */
  readonly #isOpen: boolean

  constructor(argv: readonly Argument[], variables: Variables) {
    this.#variables = variables
    this.#isOpen = argv.includes(undefined)
    for (let at = 0; at < argv.length; at++) {
      const [, name, inline] = /^--?([a-z][\w-]*)(?:=(.*))?$/s.exec(argv[at] ?? '') ?? []
      if (name === undefined) continue
      // The last one counts, as in Go's package flag.
      if (inline !== undefined) this.#flags.set(name, inline)
      else if (BOOLEAN.test(name)) this.#flags.set(name, 'true')
      else this.#flags.set(name, argv[++at])
    }
  }

  /** Whether it starts a cluster of its own, whatever its data says. */
  get isForced(): boolean {
    return /^(?:true|t|1)$/i.test(this.get('force-new-cluster').value ?? '')
  }

  get(name: string): EtcdSetting {
    if (this.#flags.has(name)) return { isSet: true, value: this.#flags.get(name) }
    const variable = `ETCD_${name.toUpperCase().replaceAll('-', '_')}`
    if (this.#variables.has(variable)) return { isSet: true, value: this.#variables.get(variable) }
    // A word that cannot be read may be this flag.
    return this.#isOpen ? { isSet: true, value: undefined } : UNSET
  }
}
