/** A word of a command as the program gets it; undefined where it cannot be read here. */
export type Argument = string | undefined

/** Longer texts are not put together: each variable may hold the one before it twice. */
export const MAX_TEXT = 64 * 1024

/** What a command writes to its standard output, without the last line's end; undefined where nobody can say. */
export function outputOf(argv: readonly Argument[], stdin: Argument): Argument {
  const [name, ...args] = argv
  switch (name === undefined ? undefined : baseName(name)) {
    case 'echo':
      return join(args.slice(args.findIndex(arg => arg === undefined || !/^-[neE]+$/.test(arg))))
    case 'printf':
      return printf(args)
    case 'cat':
    case 'tee':
      return args.every(arg => arg === '-' || arg?.startsWith('-') || baseName(name ?? '') === 'tee')
        ? stdin
        : undefined
    default:
      return undefined
  }
}

/** The last segment of a path: what a program is called. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Two texts as one; undefined where one of them cannot be read, or both are too long. */
export function concat(before: Argument, after: Argument): Argument {
  if (before === undefined || after === undefined || before.length + after.length > MAX_TEXT) return undefined
  return before + after
}

/** Words as one text; undefined where one of them cannot be read, or all of them are too long. */
export function join(words: readonly Argument[]): Argument {
  let length = 0
  for (const word of words) {
    if (word === undefined) return undefined
    length += word.length
    if (length > MAX_TEXT) return undefined
  }
  return words.join(' ')
}

/** Conversions of texts and numbers; whatever else a format says cannot be read here. */
function printf([format, ...args]: readonly Argument[]): Argument {
  if (format === undefined || join([format, ...args]) === undefined) return undefined
  const left = [...args]
  const text = format.replaceAll('\\n', '\n').replace(/%[sdib]/g, () => left.shift() ?? '')
  return text.includes('%') || text.includes('\\') ? undefined : text.replace(/\n$/, '')
}
