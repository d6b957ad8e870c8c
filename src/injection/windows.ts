import { dig, get, getList, getString, type Json } from '../json/value.ts'

/** The labels of a node that name its operating system; kubelets still set the old one. */
const OS_LABELS = ['kubernetes.io/os', 'beta.kubernetes.io/os'] as const
/** A label that only nodes with Windows have. */
const WINDOWS_BUILD = 'node.kubernetes.io/windows-build'

/**
 * Whether a pod can run on Windows only: by its `os`, or by the nodes that it may run on. What a pod says without being bound by it does
 * not count, such as `windowsOptions`: whoever writes a pod could shed a sidecar by it.
 */
export function runsOnWindows(spec: Json | undefined): boolean {
  const os = getString(get(spec, 'os'), 'name')
  if (os !== undefined) return os === 'windows'
  const selector = get(spec, 'nodeSelector')
  if (OS_LABELS.some(label => getString(selector, label) === 'windows')) return true
  if (getString(selector, WINDOWS_BUILD) !== undefined) return true
  const terms = getList(
    dig(spec, 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution'),
    'nodeSelectorTerms',
  )
  return terms.length > 0 && terms.every(term => getList(term, 'matchExpressions').some(wantsWindows))
}

function wantsWindows(expression: Json): boolean {
  const [key, operator] = [getString(expression, 'key') ?? '', getString(expression, 'operator')]
  const values = getList(expression, 'values')
  if (key === WINDOWS_BUILD) return operator === 'In' || operator === 'Exists'
  if (!OS_LABELS.some(label => label === key)) return false
  if (operator === 'In') return values.length > 0 && values.every(value => value === 'windows')
  return operator === 'NotIn' && values.includes('linux')
}
