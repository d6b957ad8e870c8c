/*
Pod Security Standards, baseline: appArmorProfile. Where a node has AppArmor, the runtime's profile keeps a container
from mounting and from writing to /proc and /sys; Unconfined takes it away.

Fields: securityContext.appArmorProfile.type of the pod and in all three container lists, and the annotations
container.apparmor.security.beta.kubernetes.io/*, which said so before.

Allowed: absent, RuntimeDefault, Localhost; of the annotations "", runtime/default, localhost/*. The same since v1.0.
*/
import { quote } from '../admission/text.ts'
import { append } from '../json/pointer.ts'
import { get, isObject } from '../json/value.ts'
import { sameAs } from './findings.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { isSet, textOf, visitSecurityContexts } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

const PREFIX = 'container.apparmor.security.beta.kubernetes.io/'
const HINT = 'leave it out, or use RuntimeDefault or a Localhost profile'

/** Refuses containers without an AppArmor profile. */
export const appArmor = podSecurityCheck({
  id: 'app-armor',
  summary: 'Refuses to take the AppArmor profile from containers.',
  judge(pod, _minor, findings) {
    visitSecurityContexts(pod, (context, container) => {
      const profile = get(context, 'appArmorProfile')
      if (!isSet(profile)) return
      const type = textOf(get(profile, 'type'))
      if (type === 'RuntimeDefault' || type === 'Localhost') return
      const finding = violation(pod, container, {
        rule: `type ${JSON.stringify(type)}`,
        path: ['securityContext', 'appArmorProfile', 'type'],
        says: `sets appArmorProfile.type to ${quote(type)}`,
        hint: HINT,
      })
      findings.push(finding)
    })
    const annotations = get(pod.metadata, 'annotations')
    if (!isObject(annotations)) return
    const refused = Object.keys(annotations).filter(
      key => key.startsWith(PREFIX) && !isAllowed(textOf(annotations[key])),
    )
    if (refused.length === 0) return
    const byName = Map.groupBy(pod.containers, ({ name }) => name)
    for (const key of refused) {
      const name = key.slice(PREFIX.length)
      const profile = textOf(annotations[key])
      const containers = (byName.get(name) ?? []).map(({ image }) => ({ name, image }))
      findings.push({
        pointer: append(pod.pointer, 'metadata', 'annotations', key),
        message: `the annotation ${quote(key)} sets the AppArmor profile ${quote(profile)}`,
        hint: 'set it to runtime/default or localhost/<profile>, or leave it out',
        level: 'violation',
        key: `annotation ${JSON.stringify([name, profile])}`,
        facts: { containers },
        severity: sameAs(`annotation ${profile}`),
      })
    }
  },
})

function isAllowed(profile: string): boolean {
  return profile === '' || profile === 'runtime/default' || profile.startsWith('localhost/')
}
