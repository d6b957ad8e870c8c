import { type ZodType, z } from 'zod'
import type { Pointer } from '../../json/pointer.ts'
import type { PodSecurityControl, PodSecurityLevel } from './controls.ts'

/** The version whose controls are judged, and the level that they are part of. */
export interface PodSecurityParams {
  /** The N of v1.N; infinite for `latest`, which is newer than every version. */
  readonly minor: number
  readonly level: PodSecurityLevel
}

/** The newest minor version of Kubernetes whose Pod Security Standards are known here (pod-security-admission v0.37.2). */
export const NEWEST_MINOR = 37

const VERSION = /^v1\.(0|[1-9]\d*)$/

/** As Kubernetes reads the labels `pod-security.kubernetes.io/*-version`; undefined where it is none of them. */
export function parseVersion(version: string): number | undefined {
  if (version === 'latest') return Number.POSITIVE_INFINITY
  const [, minor] = VERSION.exec(version) ?? []
  return minor === undefined ? undefined : Number(minor)
}

const version = z
  .string()
  .transform((text, context) => {
    const minor = parseVersion(text)
    if (minor !== undefined) return minor
    context.addIssue({ code: 'custom', message: 'must be "latest" or a version such as "v1.30"' })
    return z.NEVER
  })
  .optional()
  .describe(
    `The version of the Pod Security Standards: latest (the default; v1.${NEWEST_MINOR} is the newest that is known), or v1.N.`,
  )

/** The parameters of the check of `control`, as a policy writes them. */
export function paramsOf(control: PodSecurityControl): ZodType<PodSecurityParams> {
  const levels: readonly [PodSecurityLevel, ...PodSecurityLevel[]] =
    control.level === 'restricted' ? ['restricted'] : ['baseline', 'restricted']
  const level = z
    .enum(levels)
    .optional()
    .describe('The level that the policy is about: at restricted, what a stricter control judges is left to it.')
  return z
    .strictObject({ version, level })
    .transform(params => ({ minor: params.version ?? Number.POSITIVE_INFINITY, level: params.level ?? control.level }))
}

/** Says of a version that is newer than what is known here that it is judged by an older one. */
export function newerThanKnown({ minor }: PodSecurityParams): readonly { pointer: Pointer; message: string }[] {
  if (minor <= NEWEST_MINOR || minor === Number.POSITIVE_INFINITY) return []
  const message = `v1.${minor} is newer than the Pod Security Standards that are known here: it is judged as v1.${NEWEST_MINOR}`
  return [{ pointer: '/version', message }]
}
