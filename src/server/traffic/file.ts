import {
  closeSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'

/** Objects of the cluster are nobody else's business. */
const MODE = 0o600
const NEWLINE = 10

/**
 * A file of lines that never grows beyond a size: when it is full it becomes `FILE.1`, in place of the one before. Works
 * synchronously, and is therefore for a thread of its own.
 */
export class TrafficFile {
  readonly #path: string
  readonly #maxSize: number
  #descriptor: number | undefined
  #size = 0
  /** Whether the file ends within a line: after a crash, or where the disk was full. */
  #isTorn = false

  /** @param maxSize bytes of the file, and of the old one. */
  constructor(path: string, maxSize: number) {
    this.#path = path
    this.#maxSize = maxSize
  }

  /**
   * Adds a line.
   *
   * @returns whether it is there: a line that is larger than the whole file may be is not.
   * @throws what the file system says; the next line tries anew.
   */
  append(line: string): boolean {
    const bytes = Buffer.from(`${line}\n`)
    // Room for the end of a line that was torn.
    if (bytes.length + 1 > this.#maxSize) return false
    try {
      let descriptor = this.#descriptor ?? this.#open()
      if (this.#size + bytes.length + 1 > this.#maxSize) descriptor = this.#rotate()
      if (this.#isTorn) this.#write(descriptor, Buffer.from('\n'))
      this.#isTorn = true
      this.#write(descriptor, bytes)
      this.#isTorn = false
      return true
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor === undefined) return
    try {
      closeSync(descriptor)
    } catch {
      // What was written is written, and the descriptor is gone either way.
    }
  }

  #open(): number {
    const descriptor = openSync(this.#path, 'a+', MODE)
    this.#descriptor = descriptor
    // One that was there already may be open to others.
    fchmodSync(descriptor, MODE)
    // Somebody asked for more last time: what is there would break the promise of this time.
    if (fstatSync(descriptor).size > this.#maxSize) ftruncateSync(descriptor, 0)
    if ((statSync(this.#old, { throwIfNoEntry: false })?.size ?? 0) > this.#maxSize) rmSync(this.#old)
    this.#size = fstatSync(descriptor).size
    const last = Buffer.alloc(1)
    this.#isTorn = this.#size > 0 && readSync(descriptor, last, 0, 1, this.#size - 1) === 1 && last[0] !== NEWLINE
    return descriptor
  }

  get #old(): string {
    return `${this.#path}.1`
  }

  #rotate(): number {
    this.close()
    try {
      renameSync(this.#path, this.#old)
    } catch (error) {
      // Somebody has taken it away: then there is room.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    return this.#open()
  }

  #write(descriptor: number, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const written = writeSync(descriptor, bytes, at)
      at += written
      this.#size += written
    }
  }
}
