import { z } from 'zod'
import { canonicalHostPath, canonicalWindowsPath, relationOf } from '../../workload/host-paths.ts'
import { DEFAULT_PROTECTED_PATHS, type ProtectedPath } from './protected-paths.ts'

/** A hole in the list: this path and what lies under it. `path` is canonical. */
export interface AllowedPath {
  readonly path: string
  readonly readOnly: boolean
  /** The values of `hostPath.type` that are allowed; undefined allows any. */
  readonly types: readonly string[] | undefined
}

/** The parameters, compiled: every path is canonical. */
export interface HostPathParams {
  readonly mode: 'protected' | 'allowlist' | 'none'
  readonly protectedPaths: readonly ProtectedPath[]
  readonly allowed: readonly AllowedPath[]
  readonly windowsPaths: readonly string[]
  /** The CSI drivers that are allowed; undefined allows any. */
  readonly csiDrivers: readonly string[] | undefined
  /** Further volume sources that are allowed. */
  readonly sources: readonly string[]
}

const NOT_EMPTY = 'must not be empty'

const HOST_PATH_TYPES = [
  '',
  'DirectoryOrCreate',
  'Directory',
  'FileOrCreate',
  'File',
  'Socket',
  'CharDevice',
  'BlockDevice',
] as const

const absolutePath = z.string().transform((raw, context) => {
  const canonical = canonicalHostPath(raw)
  if (canonical.kind === 'path') return canonical.path
  const reason = canonical.kind === 'refused' ? canonical.reason : 'the path is a Windows path: see windowsPaths'
  context.addIssue({ code: 'custom', message: `${reason}; write an absolute path such as /data` })
  return z.NEVER
})

const windowsPath = z.string().transform((raw, context) => {
  const canonical = canonicalHostPath(raw)
  if (canonical.kind === 'windows') return canonicalWindowsPath(raw)
  const reason = canonical.kind === 'refused' ? canonical.reason : 'the path is not a Windows path'
  context.addIssue({ code: 'custom', message: `${reason}; write it as C:\\logs or \\\\.\\pipe\\name` })
  return z.NEVER
})

/** Which mode reads which parameter; those not named here are always read. */
const READ_IN: Readonly<Record<string, readonly HostPathParams['mode'][]>> = {
  protected: ['protected'],
  defaults: ['protected'],
  allowed: ['protected', 'allowlist'],
  windowsPaths: ['protected', 'allowlist'],
}

/** The parameters as a policy writes them; the output is {@link HostPathParams}. */
export const hostPathParams = z
  .strictObject({
    mode: z
      .enum(['protected', 'allowlist', 'none'])
      .optional()
      .describe('What is refused: what meets a protected path (the default), what is not allowed, or every hostPath.'),
    protected: z.array(absolutePath).optional().describe('Protected paths, added to the default list.'),
    defaults: z.boolean().optional().describe('false drops the default list of protected paths.'),
    allowed: z
      .array(
        z.strictObject({
          path: absolutePath.describe('This path and what lies under it.'),
          readOnly: z
            .boolean()
            .optional()
            .describe('Demands readOnly on every mount of the volume, and no mountPropagation.'),
          types: z
            .array(z.enum(HOST_PATH_TYPES))
            .min(1, NOT_EMPTY)
            .optional()
            .describe('The values of hostPath.type that are allowed.'),
        }),
      )
      .optional()
      .describe('Holes in the list.'),
    windowsPaths: z.array(windowsPath).optional().describe('Windows paths that are allowed, compared without case.'),
    csiDrivers: z
      .union([z.literal('any'), z.array(z.string().min(1, NOT_EMPTY))])
      .optional()
      .describe('The CSI drivers that are allowed (default: any).'),
    sources: z
      .array(z.string().min(1, NOT_EMPTY))
      .optional()
      .describe('Further volume sources that are allowed, such as flexVolume.'),
  })
  .superRefine((params, context) => {
    const mode = params.mode ?? 'protected'
    for (const [name, modes] of Object.entries(READ_IN)) {
      if (!Object.hasOwn(params, name) || modes.includes(mode)) continue
      const message = `is not read in mode ${mode}, only in mode ${modes.join(' and ')}: remove it or change the mode`
      context.addIssue({ code: 'custom', path: [name], message })
    }
  })
  .transform((params): HostPathParams => {
    const defaults = params.defaults === false ? [] : DEFAULT_PROTECTED_PATHS.map(canonicalEntry)
    const added = (params.protected ?? []).map(path => ({ path, why: "the cluster's administrator protects it" }))
    return {
      mode: params.mode ?? 'protected',
      protectedPaths: distinct([...defaults, ...added]),
      allowed: (params.allowed ?? []).map(({ path, readOnly, types }) => ({
        path,
        readOnly: readOnly ?? false,
        types,
      })),
      windowsPaths: params.windowsPaths ?? [],
      csiDrivers: params.csiDrivers === 'any' ? undefined : params.csiDrivers,
      sources: params.sources ?? [],
    }
  })

/** /var/run is /run: what is the same path counts once, with what was said of it first. */
function distinct(entries: readonly ProtectedPath[]): readonly ProtectedPath[] {
  const byPath = new Map<string, ProtectedPath>()
  for (const entry of entries) if (!byPath.has(entry.path)) byPath.set(entry.path, entry)
  return [...byPath.values()]
}

function canonicalEntry({ path, why }: ProtectedPath): ProtectedPath {
  const canonical = canonicalHostPath(path)
  if (canonical.kind !== 'path') throw new Error(`the default list holds an unusable path: ${path}`)
  return { path: canonical.path, why }
}

/** The holes that strictly contain a protected path of the default list: legal, but rarely meant. */
export function wideHoles(params: HostPathParams): readonly { readonly index: number; readonly message: string }[] {
  const defaults = DEFAULT_PROTECTED_PATHS.map(canonicalEntry)
  return params.allowed.flatMap(({ path }, index) => {
    const inside = defaults.find(entry => relationOf(path, entry.path) === 'contains')
    if (inside === undefined) return []
    return [
      {
        index,
        message: `the hole "${path}" contains the protected path "${inside.path}": pods may mount both; name a narrower path`,
      },
    ]
  })
}
