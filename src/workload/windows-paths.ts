/*
How Windows reads a path. A pod does not say on which node it will run: a path that looks like one of Linux is judged as Windows
would read it, too.

Source: "Naming Files, Paths, and Namespaces" and "File path formats on Windows systems" of learn.microsoft.com.
*/

/** Device paths that lead to a pipe, to a disk or, through the object manager, to anything. */
const DEVICE =
  /^(?:\/\/|\\\\)(?:\?[/\\]|\.[/\\](?:pipe|[A-Za-z]:|globalroot|global|unc[/\\]|volume\{|harddisk|physicaldrive|cdrom|mailslot|bootpartition|systempartition|storage#|scsi))/i
/** The object manager's own name for a drive: `\??\C:\`. */
const NT_PATH = /^[/\\]+\?\?[/\\]+[^/\\]/
/** A share of a server, with forward slashes: an administrative one (`//host/c$`), or one of the node itself. */
const SHARE = /^\/{2,}(?:[^/\\]+[/\\][^/\\]+\$(?:[/\\]|$)|(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?)[/\\])/i
const DRIVE = /^[A-Za-z]:/

/** Whether a path is one of Windows: with a drive, a pipe, a device or a share. Judged before separators are collapsed. */
export function isWindowsPath(raw: string): boolean {
  return DRIVE.test(raw) || raw.startsWith('\\\\') || DEVICE.test(raw) || NT_PATH.test(raw) || SHARE.test(raw)
}

/** Windows knows two separators and no case; the result is for comparing, not for showing. */
export function canonicalWindowsPath(raw: string): string {
  const separated = foldCase(raw.replaceAll('/', '\\'))
  const body = separated.replace(/(?<!^)\\+/g, '\\')
  // `c:\` is the root of a drive; `\\` alone is all that there is.
  return /^(?:[a-z]:\\|\\+)$/.test(body) ? body : body.replace(/\\+$/, '')
}

/** Folds as file systems of Windows do: one character for one, and none of another alphabet to one of ASCII. */
function foldCase(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  return Array.from(text, foldCharacter).join('')
}

function foldCharacter(character: string): string {
  if (ASCII.test(character)) return character.toLowerCase()
  const upper = character.toUpperCase()
  const lower = upper.toLowerCase()
  const isSimple = upper.length === character.length && lower.length === character.length
  return isSimple && lower.toUpperCase() === upper && !ASCII.test(upper) ? lower : character
}

/**
 * Why a Windows path must not be listed: Windows opens another file by it than the one that is compared.
 *
 * @returns undefined if the path may be listed.
 */
export function ambiguityOf(raw: string): string | undefined {
  if (/^[A-Za-z]:(?![/\\])/.test(raw)) return 'the path is relative to the current folder of its drive'
  const body = raw.replace(/^[A-Za-z]:/, '')
  if (/^(?:\/\/|\\\\)\.[/\\]pipe[/\\]/i.test(raw)) return undefined
  if (body.includes(':')) return 'the path names a stream of a file'
  if (/[. ](?:[/\\]|$)/.test(body)) return 'a segment ends in a dot or a blank, which Windows drops'
  if (SHORT_NAME.test(body)) return 'a segment is a short name (8.3), which Windows gives to another folder'
  return undefined
}

const ASCII = /^[\x00-\x7f]*$/
/** What most paths have nothing of: a tilde, a colon, a dot or a blank at the end of a segment, what is not ASCII. */
const UNUSUAL = /[~:]|[. ](?:\/|$)|[^\x00-\x7f]/
/** The name of eight characters that Windows gives to a longer one: `PROGRA~1`, `A1B2~1.TXT`. */
const SHORT_NAME = /(?:^|[/\\])[^/\\.~]{1,6}~\d{1,6}(?:\.[^/\\.]{0,3})?[. ]*(?:[/\\:]|$)/

/**
 * Folds an absolute path to what Windows would compare: without case, without the dots and blanks at the end of a segment, and
 * without the name of a stream (`::$DATA`, `:$I30:$INDEX_ALLOCATION`). On Linux no honest folder differs from a protected one in
 * these alone.
 */
export function foldForWindows(path: string): string {
  if (!UNUSUAL.test(path)) return path.toLowerCase()
  const segments = path.split('/').map(segment => fold(withoutEnd(segment.split(':', 1)[0] ?? '')))
  return `/${segments.filter(segment => segment !== '').join('/')}`
}

/** Without the dots and blanks at its end; a loop, because a pattern would try at each blank in the middle anew. */
function withoutEnd(segment: string): string {
  let end = segment.length
  while (end > 0 && (segment[end - 1] === '.' || segment[end - 1] === ' ')) end--
  return segment.slice(0, end)
}

/** For refusing, what any two ways of folding take for the same is the same: `ſ` and `K` (the Kelvin sign) too. */
function fold(segment: string): string {
  return segment.toUpperCase().toLowerCase()
}

/**
 * Why nothing can be said about what a path is on a node of Windows; undefined if it can.
 * The rule: a path that holds a short name, or a drive behind a slash.
 */
export function windowsRiddle(path: string): string | undefined {
  if (!UNUSUAL.test(path)) return undefined
  const [, short] = /(?:^|\/)([^/.~]{1,6}~\d{1,6}(?:\.[^/.]{0,3})?)[. ]*(?:[/:]|$)/.exec(path) ?? []
  if (short !== undefined) return `"${short}" is a short name of Windows, which may be that of a protected folder`
  if (/^\/+[A-Za-z]:/.test(path)) return 'it begins with a drive of Windows'
  return undefined
}
