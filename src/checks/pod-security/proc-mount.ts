import { quote } from '../../admission/text.ts'
import { get } from '../../json/value.ts'
import type { Pod } from '../../workload/pod.ts'
import type { Findings } from '../findings.ts'
import { securityContextOf } from './contexts.ts'
import { violation } from './violation.ts'

/** Both levels ask the same of procMount; they differ in whom they ask. */
export function judgeProcMount(pod: Pod, _minor: number, findings: Findings): void {
  for (const container of pod.containers) {
    const procMount = get(securityContextOf(container), 'procMount')
    if (typeof procMount !== 'string' || procMount === 'Default') continue
    const finding = violation(pod, container, {
      rule: `procMount ${JSON.stringify(procMount)}`,
      path: ['securityContext', 'procMount'],
      says: `sets procMount to ${quote(procMount)}: nothing of /proc is masked or read-only any more`,
      hint: 'leave procMount out, or set it to Default',
    })
    findings.push(finding)
  }
}
