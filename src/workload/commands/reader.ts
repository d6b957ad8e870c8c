import { type CommandNode, forEachChild, type PipelineNode, parse, type Redirection, type SyntaxNode } from 'unbash'
import { type Budget, COST } from './budget.ts'
import type { Variables } from './environment.ts'
import { type Argument, outputOf } from './output.ts'
import { costOfParts, textOf, type WordContext, wordsOf } from './words.ts'
import { unwrap } from './wrappers.ts'

/** A text that a command writes to a file. */
export interface Write {
  readonly path: Argument
  /** Undefined where it cannot be read here. */
  readonly text: Argument
}

/** A program that is run, with what it is given. */
export interface RunCommand {
  readonly argv: readonly Argument[]
  readonly writes: readonly Write[]
  /** What it is given to read; undefined if that is nothing, or cannot be read here. */
  readonly stdin: Argument
}

/** Longer scripts and deeper nesting are not followed. */
const MAX_SCRIPT = 64 * 1024
const MAX_DEPTH = 8
/** Of many here-documents the parser takes time that grows with their square. */
const MAX_HERE = 256
const MAX_TURNS = 16

const TOO_DEEP = 'its scripts are nested too deep'
const TOO_MUCH = 'there is too much of it'

/** Follows a command line through wrappers and shells to the programs that run. Nothing of it is executed. */
export class CommandReader {
  readonly commands: RunCommand[] = []
  /** Why a part could not be read. */
  readonly unreadable = new Set<string>()
  readonly #budget: Budget
  #depth = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** Reads a command line as a program gets it. */
  readArgv(argv: readonly Argument[], variables: Variables): void {
    this.#guarded(() => this.#run(argv, undefined, [], new Map(variables)))
  }

  /** Reads a text as a shell does. */
  readScript(text: Argument, variables: Variables): void {
    this.#guarded(() => this.#script(text, new Map(variables)))
  }

  /** The parser goes as deep as a script does, and so does what reads its tree: until the stack is full. */
  #guarded(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#depth = 0
      this.unreadable.add(TOO_DEEP)
    }
  }

  #script(text: Argument, variables: Map<string, Argument>): void {
    if (text === undefined) this.unreadable.add('a script of it is made when it runs')
    else if (text.length > MAX_SCRIPT) this.unreadable.add(`a script of it is longer than ${MAX_SCRIPT / 1024} KiB`)
    else if (text.split('<<', MAX_HERE + 2).length > MAX_HERE + 1) this.unreadable.add('it has too many here-documents')
    else if (this.#depth >= MAX_DEPTH) this.unreadable.add(TOO_DEEP)
    else if (this.#mayRead(COST.text + text.length * COST.parsed)) {
      this.#depth++
      const script = parse(text)
      if ((script.errors?.length ?? 0) > 0) this.unreadable.add('a script of it is not what a shell would read')
      for (const statement of script.commands) this.#walk(statement, variables)
      this.#depth--
    }
  }

  #walk(node: SyntaxNode, variables: Map<string, Argument>): void {
    if (!this.#mayRead(COST.node)) return
    switch (node.type) {
      case 'Command':
      case 'Redirected':
        this.#command(node, undefined, variables)
        return
      case 'Pipeline':
        this.#pipeline(node, variables)
        return
      case 'For':
        this.#loop(node, variables)
        return
      case 'Word':
        if (this.#mayRead(costOfParts(node.text))) forEachChild(node, child => this.#walk(child, variables))
        return
      default:
        forEachChild(node, child => this.#walk(child, variables))
    }
  }

  #mayRead(cost: number): boolean {
    const mayRead = this.#budget.spend(cost)
    if (!mayRead) this.unreadable.add(TOO_MUCH)
    return mayRead
  }

  #pipeline({ commands }: Extract<PipelineNode, { type: 'Pipeline' }>, variables: Map<string, Argument>): void {
    let stdin: Argument
    for (const command of commands) {
      if (command.type === 'Command') stdin = this.#command(command, stdin, variables)
      else {
        this.#walk(command, variables)
        stdin = undefined
      }
    }
  }

  /** A loop over words that are there is turned for each of them. */
  #loop({ name, wordlist, body }: Extract<CommandNode, { type: 'For' }>, variables: Map<string, Argument>): void {
    const context = this.#contextOf(variables)
    const words = (wordlist ?? []).flatMap(word => wordsOf(word, context))
    const turns = words.length > 0 && words.length <= MAX_TURNS ? words : [undefined]
    for (const word of turns) {
      variables.set(name.value, word)
      this.#walk(body, variables)
    }
  }

  /** Reads one command and gives what it writes to its standard output. */
  #command(
    node: Extract<CommandNode, { type: 'Command' | 'Redirected' }>,
    stdin: Argument,
    variables: Map<string, Argument>,
  ): Argument {
    if (!this.#mayRead(COST.command)) return undefined
    const context = this.#contextOf(variables)
    const input = inputOf(node.redirects, context) ?? stdin
    if (node.type === 'Redirected') {
      // What a group writes is what all of it writes: that cannot be told here.
      this.#record([undefined], writesTo(node.redirects, undefined, context), undefined)
      this.#walk(node.command, variables)
      return undefined
    }
    for (const part of node.prefix) {
      if (part.type === 'Assignment')
        variables.set(part.name, part.value.type === 'Word' ? textOf(part.value, context) : undefined)
    }
    const words = [node.name, ...node.args].flatMap(word => {
      if (word === undefined) return []
      if (word.type === 'Word') return wordsOf(word, context)
      const value = word.value.type === 'Word' ? textOf(word.value, context) : undefined
      // `export A=1`, `local A=1`.
      variables.set(word.name, value)
      return [value === undefined ? undefined : `${word.name}=${value}`]
    })
    if (words.length === 0) {
      this.#record([], writesTo(node.redirects, '', context), undefined)
      return ''
    }
    if (!this.#mayRead(costOf(words))) return undefined
    const output = outputOf(words, input)
    this.#run(words, input, writesTo(node.redirects, output, context), variables)
    return output
  }

  #run(argv: readonly Argument[], stdin: Argument, writes: readonly Write[], variables: Map<string, Argument>): void {
    const unwrapped = unwrap(argv)
    if (unwrapped.kind === 'program') {
      this.#record(unwrapped.argv, [...writes, ...writesOf(unwrapped.argv, stdin)], stdin)
      return
    }
    if (writes.length > 0) this.#record([undefined], writes, undefined)
    this.#script(unwrapped.text, variables)
  }

  #record(argv: readonly Argument[], writes: readonly Write[], stdin: Argument): void {
    this.commands.push({ argv, writes, stdin })
  }

  #contextOf(variables: Map<string, Argument>): WordContext {
    return {
      variables,
      mayRead: cost => this.#mayRead(cost),
      substitute: ({ script }) => {
        if (script === undefined || this.#depth >= MAX_DEPTH) return undefined
        this.#depth++
        let output: Argument
        for (const statement of script.commands) {
          const { command } = statement
          if (command.type === 'Command') output = this.#command(command, undefined, variables)
          else {
            this.#walk(command, variables)
            output = undefined
          }
        }
        this.#depth--
        return script.commands.length === 1 ? output : undefined
      },
    }
  }
}

/** Each word may name the same long variable once more. */
function costOf(words: readonly Argument[]): number {
  return words.reduce((sum, word) => sum + COST.word + (word?.length ?? 0), 0)
}

/** What redirections give a command to read. */
function inputOf(redirects: readonly Redirection[], context: WordContext): Argument {
  const last = redirects.findLast(({ type, operator }) => type !== 'Redirect' || operator === '<')
  if (last?.type === 'HereString') return textOf(last.target, context)
  if (last?.type !== 'HereDoc') return undefined
  const { body } = last
  if (!context.mayRead(costOfParts(body.text))) return undefined
  if (body.parts === undefined) return body.text.replace(/\n$/, '')
  return textOf({ ...body, type: 'Word', value: body.text }, context)?.replace(/\n$/, '')
}

/** The files that redirections make of a command's output. */
function writesTo(redirects: readonly Redirection[], text: Argument, context: WordContext): readonly Write[] {
  return redirects.flatMap(redirect =>
    redirect.type === 'Redirect' && redirect.operator !== '<' && redirect.target !== undefined
      ? [{ path: textOf(redirect.target, context), text }]
      : [],
  )
}

/** The files that a program writes by itself. */
function writesOf([name, ...args]: readonly Argument[], stdin: Argument): readonly Write[] {
  const program = name?.slice(name.lastIndexOf('/') + 1)
  if (program === 'tee') return args.filter(arg => !arg?.startsWith('-')).map(path => ({ path, text: stdin }))
  if (program !== 'dd') return []
  const target = args.find(arg => arg?.startsWith('of='))
  return target === undefined ? [] : [{ path: target.slice('of='.length), text: stdin }]
}
