/*
Pod Security Standards, baseline: seccompProfile_baseline. A seccomp profile keeps a container from the system calls that
it does not need, among them most of those that broke out of containers; Unconfined gives them all back.

Fields: securityContext.seccompProfile.type of the pod and in all three container lists; before v1.19 the annotations
seccomp.security.alpha.kubernetes.io/pod and container.seccomp.security.alpha.kubernetes.io/<container>.

Allowed: absent, RuntimeDefault, Localhost; of the annotations runtime/default, docker/default, localhost/*. At the level
restricted, seccomp-restricted judges in its place from v1.19 on.
*/
import { quote } from '../admission/text.ts'
import { append } from '../json/pointer.ts'
import { get } from '../json/value.ts'
import type { Container, Pod } from '../workload/pod.ts'
import type { Findings } from './findings.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { textOf, visitSecurityContexts } from './pod-security/contexts.ts'
import { forbiddenSeccomp, seccompOf } from './pod-security/seccomp.ts'

const POD_KEY = 'seccomp.security.alpha.kubernetes.io/pod'
const CONTAINER_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/'

/** Refuses seccomp profiles that let everything through. */
export const seccompBaseline = podSecurityCheck({
  id: 'seccomp-baseline',
  summary: 'Refuses to take the seccomp profile from containers.',
  judge(pod, minor, findings) {
    if (minor < 19) {
      judgeAnnotation(pod, POD_KEY, pod.containers, findings)
      for (const container of pod.containers) {
        judgeAnnotation(pod, CONTAINER_PREFIX + container.name, [container], findings)
      }
      return
    }
    visitSecurityContexts(pod, (context, container) => {
      if (seccompOf(context) === 'forbidden') findings.push(forbiddenSeccomp(pod, context, container))
    })
  },
})

function judgeAnnotation(pod: Pod, key: string, containers: readonly Container[], findings: Findings): void {
  const value = get(get(pod.metadata, 'annotations'), key)
  if (value === undefined) return
  const profile = textOf(value)
  if (profile === 'runtime/default' || profile === 'docker/default' || profile.startsWith('localhost/')) return
  findings.push({
    pointer: append(pod.pointer, 'metadata', 'annotations', key),
    message: `the annotation ${quote(key)} sets the seccomp profile ${quote(profile)}`,
    hint: 'leave it out, or set it to runtime/default or localhost/<profile>',
    level: 'violation',
    key: `annotation ${JSON.stringify([key, profile])}`,
    facts: { containers: containers.map(({ name, image }) => ({ name, image })) },
  })
}
