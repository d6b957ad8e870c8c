import { list, type Option, text } from './options.ts'

/** The namespaces that no policy looks at unless it says otherwise: the cluster's own, and the gateway's. */
export function defaultExcludedNamespaces(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return ['kube-system', 'kube-public', 'kube-node-lease', env['POD_NAMESPACE'] || 'portcullis-system']
}

/** Whether an API server would take this for the name of a namespace (RFC 1123 label). */
export function isNamespaceName(name: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)
}

/** An option that names namespaces; a name that none can have would silently leave out nothing. */
export function namespaceList(help: string, fallback: readonly string[]): Option<readonly string[]> {
  const names = list('NAMES', help, fallback)
  return {
    ...names,
    read: value => {
      const read = names.read(value)
      return 'must' in read || read.value.every(isNamespaceName)
        ? read
        : { must: 'must be names of namespaces, separated by commas' }
    },
  }
}

/** What decides a verdict, said the same way to the gateway and to `policy-lint`. */
export function verdictOptions(env: Readonly<Record<string, string | undefined>>) {
  return {
    policies: text(
      'DIR',
      'The folder (or one file) of policies, instead of those that come with Portcullis.',
      undefined,
    ),
    exceptions: text('DIR', 'A folder (or one file) of PolicyExceptions.', undefined),
    'enable-exception': list('NAME', 'An exception that comes with Portcullis; "none" for none at all.', [
      'k3s-local-path',
    ]),
    'exclude-namespaces': namespaceList(
      'Namespaces that no policy looks at, unless it says otherwise itself.',
      defaultExcludedNamespaces(env),
    ),
    namespaces: text('FILE', 'A file of Namespace manifests: where their labels come from.', undefined),
  }
}

/** What decides injections, said the same way to the gateway and to `policy-lint inject`. */
export function injectionOptions() {
  return {
    injections: text('DIR', 'A folder (or one file) of SidecarInjections.', undefined),
    'sidecar-config-file': text('FILE', "The sidecars of a generic-sidecar-injector's configuration.", undefined),
    'mutation-config-file': text('FILE', 'Its mutations.', undefined),
  }
}

/** The namespaces that no injection touches: those that no policy looks at, and always the cluster's own. */
export function uninjectedNamespaces(
  options: { readonly 'exclude-namespaces': readonly string[] },
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return [...new Set([...defaultExcludedNamespaces(env), ...options['exclude-namespaces']])]
}
