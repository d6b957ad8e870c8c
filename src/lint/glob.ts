import { glob, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'

/** What a pattern leads to. */
export interface GlobMatches {
  /** As kubectl reads a pattern (Go's `filepath.Glob`): hidden names, folders and any ending are among them. */
  readonly kubectl: ReadonlySet<string>
  /** The others, which patterns such as `**` and `{a,b}` mean in shells. */
  readonly shell: ReadonlySet<string>
}

/** Finds what a pattern means to kubectl, to shells, or to both. Paths are relative to `cwd` unless the pattern is absolute. */
export async function matchesOf(pattern: string, cwd: string): Promise<GlobMatches> {
  const seesModules = pattern.includes('node_modules')
  const isSeen = (name: string) => seesModules || basename(name) !== 'node_modules'
  const kubectl = new Set((await goGlob(pattern, cwd)).filter(isSeen))
  const shell = new Set<string>()
  for await (const match of glob(pattern, { cwd, exclude: name => !isSeen(name) })) {
    if (!kubectl.has(match)) shell.add(match)
  }
  return { kubectl, shell }
}

async function goGlob(pattern: string, cwd: string): Promise<readonly string[]> {
  const [first = '', ...rest] = pattern.split(/\/+/)
  let found = first === '' ? ['/'] : await expanded([''], first, cwd)
  for (const segment of rest) if (segment !== '') found = await expanded(found, segment, cwd)
  return found
}

/** The paths that a segment of a pattern leads to from these folders. */
async function expanded(folders: readonly string[], segment: string, cwd: string): Promise<string[]> {
  const matcher = /[*?[\\]/.test(segment) ? matcherOf(segment) : undefined
  const found: string[] = []
  for (const folder of folders) {
    if (matcher !== undefined) {
      const names = await readdir(resolve(cwd, folder)).catch(() => [])
      found.push(...names.filter(name => matcher.test(name)).map(name => join(folder, name)))
    } else if (await exists(resolve(cwd, folder, segment))) found.push(join(folder, segment))
  }
  return found
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** A segment as a regular expression: `*`, `?`, classes such as `[^a-z]`, and `\` before what is no wildcard. */
function matcherOf(segment: string): RegExp {
  const parts = segment.matchAll(/\*+|\?|\[(?<not>\^?)(?<set>(?:\\.|[^\]\\])+)\]|\\?(?<text>.)/gsu)
  let source = ''
  for (const { 0: part, groups } of parts) {
    if (part.startsWith('*')) source += '[^/]*'
    else if (part === '?') source += '[^/]'
    else if (groups?.['set'] !== undefined) source += `[${groups['not']}${classOf(groups['set'])}]`
    else source += (groups?.['text'] ?? part).replace(SYNTAX, '\\$&')
  }
  try {
    return new RegExp(`^${source}$`, 'u')
  } catch {
    // A range such as z-a matches nothing.
    return /$^/
  }
}

const SYNTAX = /[\\^$.*+?()[\]{}|/]/g

function classOf(set: string): string {
  return set.replace(/\\?(.)/gsu, (part, character: string) => {
    const isRange = part === '-'
    return /[\\^[\]/-]/.test(character) && !isRange ? `\\${character}` : character
  })
}
