import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const LOG = 'audit.log'

/** One request that an account made. */
export interface Access {
  /** The name of the service account. */
  readonly account: string
  readonly verb: string
  readonly apiGroup: string
  /** With its subresource: `policies/status`. */
  readonly resource: string
  /** `''` where the request names none, such as a list. */
  readonly namespace: string
  readonly name: string
  /** Whether RBAC allowed it; admission may have refused it all the same. */
  readonly isAuthorized: boolean
}

/** Has the API server record what the service accounts of a namespace ask for; returns its arguments. */
export async function writeAuditPolicy(directory: string, namespace: string): Promise<readonly string[]> {
  const file = join(directory, 'audit-policy.json')
  const userGroups = [`system:serviceaccounts:${namespace}`]
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived', 'ResponseStarted'],
    rules: [{ level: 'Metadata', userGroups }, { level: 'None' }],
  }
  await writeFile(file, JSON.stringify(policy))
  return [`--audit-policy-file=${file}`, `--audit-log-path=${join(directory, LOG)}`]
}

/** What the accounts have asked for so far. */
export function accessOf(directory: string): readonly Access[] {
  // Behind the last line break is nothing, or a line that is being written.
  const lines = readFileSync(join(directory, LOG), 'utf8').split('\n').slice(0, -1)
  return lines.flatMap(line => {
    const { user, verb, objectRef, annotations } = JSON.parse(line) as {
      user: { username: string }
      verb: string
      objectRef?: Record<string, string | undefined>
      annotations?: Record<string, string>
    }
    // Discovery and the like are everybody's.
    if (objectRef?.['resource'] === undefined) return []
    const { apiGroup = '', resource, subresource, namespace = '', name = '' } = objectRef
    return [
      {
        account: user.username.split(':').at(-1) ?? '',
        verb,
        apiGroup,
        resource: subresource === undefined ? resource : `${resource}/${subresource}`,
        namespace,
        name,
        isAuthorized: annotations?.['authorization.k8s.io/decision'] !== 'forbid',
      },
    ]
  })
}
