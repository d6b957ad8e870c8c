import { get, getList, getString } from '../../json/value.ts'
import type { Pod } from '../../workload/pod.ts'
import type { Finding } from '../check.ts'
import { switchedOff, verdictOn } from './settings.ts'

/** The sysctls that a pod asks its runtime for. */
export function judgeSecurityContext({ spec, specAt, containers }: Pod): readonly Finding[] {
  const sysctls = getList(get(spec, 'securityContext'), 'sysctls')
  // Nearly every pod: nobody needs the names of its containers.
  if (sysctls.length === 0) return []
  const facts = { containers: containers.map(({ name, image }) => ({ name, image })) }
  return sysctls.flatMap((sysctl, index) => {
    const value = get(sysctl, 'value')
    const name = getString(sysctl, 'name')
    if (name === undefined) return []
    const verdict = verdictOn({ name, value: value === undefined ? undefined : String(value) })
    if (typeof verdict === 'string') return []
    const at = specAt('securityContext', 'sysctls', index, 'value')
    return [switchedOff('the pod', verdict.off, at, 'securityContext', facts)]
  })
}
