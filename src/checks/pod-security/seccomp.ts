import { quote } from '../../admission/text.ts'
import { get, type Json } from '../../json/value.ts'
import type { Container, Pod } from '../../workload/pod.ts'
import type { Finding } from '../check.ts'
import { isSet, textOf } from './contexts.ts'
import { violation } from './violation.ts'

/** What a securityContext says about seccomp. */
export type SeccompSetting = 'unset' | 'allowed' | 'forbidden'

/** Reads the profile of a securityContext; one without a type is no profile, and forbidden. */
export function seccompOf(context: Json | undefined): SeccompSetting {
  const profile = get(context, 'seccompProfile')
  if (!isSet(profile)) return 'unset'
  const type = get(profile, 'type')
  return type === 'RuntimeDefault' || type === 'Localhost' ? 'allowed' : 'forbidden'
}

/** The violation of a profile that is forbidden. */
export function forbiddenSeccomp(pod: Pod, context: Json | undefined, container: Container | undefined): Finding {
  const type = textOf(get(get(context, 'seccompProfile'), 'type'))
  return violation(pod, container, {
    rule: `type ${JSON.stringify(type)}`,
    path: ['securityContext', 'seccompProfile', 'type'],
    says: `sets seccompProfile.type to ${quote(type)}`,
    hint: 'set it to RuntimeDefault, or to Localhost with a profile of the node',
  })
}
