import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { JsonObject } from '../../src/json/value.ts'

/** What kubectl would send, and what it would say. */
export interface Sent {
  readonly objects: readonly JsonObject[]
  readonly error?: string
}

/** kubectl's own reader (test/tools/kubectl-reader), as a process that answers many questions. */
export class KubectlReader {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #stderr = ''

  constructor(program: string) {
    this.#child = spawn(program, [], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    // Reported by the missing answer.
    this.#child.stdin.on('error', () => {})
    this.#child.on('error', error => {
      this.#stderr += error.message
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** What kubectl would send of each of these texts. */
  texts(texts: readonly Uint8Array[]): Promise<readonly Sent[]> {
    return this.#ask(texts.map(text => ({ text: Buffer.from(text).toString('base64') })))
  }

  /** What `kubectl apply -R -f` would send of these paths. */
  async paths(paths: readonly string[]): Promise<Sent> {
    const [sent] = await this.#ask([{ paths }])
    if (sent === undefined) throw new Error('there is no answer')
    return sent
  }

  async close(): Promise<void> {
    this.#child.stdin.end()
    if (this.#child.exitCode === null) await once(this.#child, 'close')
  }

  async #ask(questions: readonly object[]): Promise<readonly Sent[]> {
    this.#child.stdin.write(questions.map(question => `${JSON.stringify(question)}\n`).join(''))
    const answers: Sent[] = []
    while (answers.length < questions.length) {
      const { value, done } = await this.#lines.next()
      if (done === true) throw new Error(`kubectl-reader ended: ${this.#stderr}`)
      answers.push(JSON.parse(value))
    }
    return answers
  }
}
