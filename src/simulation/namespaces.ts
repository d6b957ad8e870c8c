import type { AdmissionRequest } from '../admission/request.ts'
import { dig } from '../json/value.ts'
import { type NamespaceLabels, type NamespaceTable, namespaceLabelsOf } from '../policy/match.ts'
import type { Labels } from '../review/namespace.ts'
import { labelsIn } from '../workload/selector.ts'

/** More than a cluster has. */
const MAX_NAMESPACES = 50_000

/** The labels of namespaces as the traffic tells them, and where it does not as a file does. */
export class LearnedNamespaces implements NamespaceLabels {
  readonly #fallback: NamespaceLabels
  readonly #learned = new Map<string, Labels>()

  constructor(table: NamespaceTable) {
    this.#fallback = namespaceLabelsOf(table)
  }

  labelsOf(namespace: string): Labels | undefined {
    return this.#learned.get(namespace) ?? this.#fallback.labelsOf(namespace)
  }

  /** @param recorded what the gateway knew about the namespace of the request. */
  learn({ resource, name, namespace, operation, object }: AdmissionRequest, recorded: Labels | undefined): void {
    const isNamespace = resource.group === '' && resource.resource === 'namespaces'
    if (isNamespace && object !== null && (operation === 'CREATE' || operation === 'UPDATE')) {
      this.#set(name || namespace, labelsIn(dig(object, 'metadata', 'labels')))
    } else if (!isNamespace && recorded !== undefined) this.#set(namespace, recorded)
  }

  #set(namespace: string, labels: Labels): void {
    if (namespace === '' || (!this.#learned.has(namespace) && this.#learned.size >= MAX_NAMESPACES)) return
    this.#learned.set(namespace, labels)
  }
}
