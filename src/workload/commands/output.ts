/** A word of a command as the program gets it; undefined where it cannot be read here. */
export type Argument = string | undefined

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

function join(words: readonly Argument[]): Argument {
  return words.includes(undefined) ? undefined : words.join(' ')
}

/** Conversions of texts and numbers; whatever else a format says cannot be read here. */
function printf([format, ...args]: readonly Argument[]): Argument {
  if (format === undefined || args.includes(undefined)) return undefined
  const left = [...args]
  const text = format.replaceAll('\\n', '\n').replace(/%[sdib]/g, () => left.shift() ?? '')
  return text.includes('%') || text.includes('\\') ? undefined : text.replace(/\n$/, '')
}
