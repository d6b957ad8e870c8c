import type { Component } from './components.ts'

/** The flags that must agree, by component. Files of keys are compared by their paths: what is in them is not here. */
export const FLAGS: Readonly<Record<Component['name'], readonly string[]>> = {
  'kube-apiserver': [
    'admission-control-config-file',
    'allow-privileged',
    'anonymous-auth',
    'api-audiences',
    'audit-policy-file',
    'authorization-mode',
    'client-ca-file',
    'disable-admission-plugins',
    'enable-admission-plugins',
    'encryption-provider-config',
    'etcd-prefix',
    'etcd-servers',
    'feature-gates',
    'oidc-client-id',
    'oidc-issuer-url',
    'requestheader-allowed-names',
    'requestheader-client-ca-file',
    'runtime-config',
    'service-account-issuer',
    'service-account-key-file',
    'service-account-max-token-expiration',
    'service-account-signing-key-file',
    'service-cluster-ip-range',
    'service-node-port-range',
    'storage-backend',
    'storage-media-type',
    'tls-min-version',
  ],
  'kube-controller-manager': [
    'allocate-node-cidrs',
    'cluster-cidr',
    'cluster-name',
    'cluster-signing-cert-file',
    'cluster-signing-key-file',
    'controllers',
    'feature-gates',
    'node-cidr-mask-size',
    'root-ca-file',
    'service-account-private-key-file',
    'service-cluster-ip-range',
    'terminated-pod-gc-threshold',
    'use-service-account-credentials',
  ],
}

/** Lists whose order means nothing; a flag that is given several times is such a list, too. */
const SETS: ReadonlySet<string> = new Set([
  'api-audiences',
  'controllers',
  'disable-admission-plugins',
  'enable-admission-plugins',
  'etcd-servers',
  'feature-gates',
  'requestheader-allowed-names',
  'runtime-config',
  'service-account-key-file',
])

/** Lists whose order means something: the first issuer signs, the first authorizer that has an opinion decides. */
const SEQUENCES: ReadonlySet<string> = new Set(['authorization-mode', 'service-account-issuer'])

/** A flag as it is compared and as it is shown; the value is undefined where it cannot be read. */
export function comparable(
  flag: string,
  values: readonly (string | undefined)[] | undefined,
): { readonly value: string | undefined; readonly shown: string } {
  if (values === undefined) return { value: '', shown: '(not set)' }
  const known = values.filter(value => value !== undefined)
  if (known.length < values.length) return { value: undefined, shown: '(not readable)' }
  const shown = known.join(', ')
  if (SEQUENCES.has(flag)) return { value: `=${known.join(',')}`, shown }
  if (!SETS.has(flag)) return { value: `=${known.at(-1) ?? ''}`, shown }
  const items = known
    .flatMap(value => value.split(','))
    .map(item => item.trim())
    .filter(Boolean)
  return { value: `=${[...new Set(items)].toSorted().join(',')}`, shown }
}
