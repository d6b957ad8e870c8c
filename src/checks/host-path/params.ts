import { z } from 'zod'
import { canonicalHostPath, isWithin } from '../../workload/host-paths.ts'
import { PathTree } from '../../workload/path-tree.ts'
import { ambiguityOf, canonicalWindowsPath, foldForWindows } from '../../workload/windows-paths.ts'
import type { ProtectedPath } from './protected/entry.ts'
import { DEFAULT_PROTECTED_PATHS } from './protected-paths.ts'

/** A hole in the list: this path and what lies under it. `path` is canonical. */
export interface AllowedPath {
  readonly path: string
  readonly readOnly: boolean
  /** The values of `hostPath.type` that are allowed; undefined allows any. */
  readonly types: readonly string[] | undefined
}

/** What is refused: what meets a protected path, what is not allowed, what could be replaced too, or everything. */
export const MODES = ['protected', 'allowlist', 'strict', 'none'] as const
export type Mode = (typeof MODES)[number]

/** The parameters, compiled: every path is canonical. */
export interface HostPathParams {
  readonly mode: Mode
  readonly protectedPaths: PathTree<ProtectedPath>
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
  const ambiguity = ambiguityOf(raw)
  if (canonical.kind === 'windows' && ambiguity === undefined) return canonicalWindowsPath(raw)
  if (canonical.kind === 'windows') {
    context.addIssue({ code: 'custom', message: `${ambiguity}; write it as C:\\logs or \\\\.\\pipe\\name` })
    return z.NEVER
  }
  const reason = canonical.kind === 'refused' ? canonical.reason : 'the path is not a Windows path'
  context.addIssue({ code: 'custom', message: `${reason}; write it as C:\\logs or \\\\.\\pipe\\name` })
  return z.NEVER
})

/** Which mode reads which parameter; those not named here are always read. */
const READ_IN: Readonly<Record<string, readonly Mode[]>> = {
  protected: ['protected'],
  defaults: ['protected'],
  allowed: ['protected', 'allowlist', 'strict'],
  windowsPaths: ['protected', 'allowlist', 'strict'],
}

/** The parameters as a policy writes them; the output is {@link HostPathParams}. */
export const hostPathParams = z
  .strictObject({
    mode: z
      .enum(MODES)
      .optional()
      .describe(
        'What is refused: what meets a protected path (the default); what is not allowed; that, and what lies under a writable path; or every hostPath.',
      ),
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
      const message = `is not read in mode ${mode}, only in mode ${listed(modes)}: remove it or change the mode`
      context.addIssue({ code: 'custom', path: [name], message })
    }
    if (mode !== 'strict') return
    for (const { path, message } of replaceableHoles(params.allowed ?? [], params.windowsPaths ?? []))
      context.addIssue({ code: 'custom', path: [...path], message })
  })
  .transform((params): HostPathParams => {
    const defaults = params.defaults === false ? [] : DEFAULT_ENTRIES
    const added = (params.protected ?? []).map(path => ({
      path,
      why: "the cluster's administrator protects it",
      source: '',
    }))
    return {
      mode: params.mode ?? 'protected',
      protectedPaths:
        added.length === 0 && defaults.length > 0
          ? DEFAULT_TREE
          : new PathTree([...defaults, ...added], foldForWindows),
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

const listed = new Intl.ListFormat('en-GB', { type: 'conjunction' }).format.bind(
  new Intl.ListFormat('en-GB', { type: 'conjunction' }),
)

interface Replaceable {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/**
 * The allowed paths that lie under another allowed path to which pods may write: whoever writes there can put a link in their
 * place, so that strict mode would promise too much.
 */
function replaceableHoles(
  allowed: readonly { readonly path: string; readonly readOnly?: boolean | undefined }[],
  windowsPaths: readonly string[],
): readonly Replaceable[] {
  const explain = (path: string, above: string) =>
    `"${path}" lies under the allowed path "${above}", to which pods may write: they can put a link in its place; allow one of the two, or the upper one with readOnly: true`
  const holes = allowed.flatMap(({ path }, index) => {
    const above = allowed.find(other => other.readOnly !== true && other.path !== path && isWithin(path, other.path))
    return above === undefined ? [] : [{ path: ['allowed', index, 'path'], message: explain(path, above.path) }]
  })
  const windows = windowsPaths.flatMap((path, index) => {
    const above = windowsPaths.find(
      other => other !== path && path.startsWith(other.endsWith('\\') ? other : `${other}\\`),
    )
    return above === undefined ? [] : [{ path: ['windowsPaths', index], message: explain(path, above) }]
  })
  return [...holes, ...windows]
}

function canonicalEntry(entry: ProtectedPath): ProtectedPath {
  const canonical = canonicalHostPath(entry.path)
  if (canonical.kind !== 'path') throw new Error(`the default list holds an unusable path: ${entry.path}`)
  return { ...entry, path: canonical.path }
}

const DEFAULT_ENTRIES = DEFAULT_PROTECTED_PATHS.map(canonicalEntry)
const DEFAULT_TREE = new PathTree(DEFAULT_ENTRIES, foldForWindows)

/** The holes that strictly contain a protected path of the default list: legal, but rarely meant. */
export function wideHoles(params: HostPathParams): readonly { readonly index: number; readonly message: string }[] {
  return params.allowed.flatMap(({ path }, index) => {
    const meeting = DEFAULT_TREE.meet(foldForWindows(path))
    // Strict mode lets nothing be mounted but the writable path itself, which contains the other all the same.
    if (meeting?.relation !== 'contains') return []
    const inside = meeting.entry.path
    const message = `the hole "${path}" contains the protected path "${inside}": pods may mount both; name a narrower path`
    return [{ index, message }]
  })
}
