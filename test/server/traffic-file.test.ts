import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TrafficFile } from '../../src/server/traffic/file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-traffic-'))
  path = join(folder, 'reviews.ndjson')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1)

describe('a file of traffic', () => {
  it('never takes more than twice its size, and keeps the newest lines', () => {
    const file = new TrafficFile(path, 100)
    for (let index = 0; index < 100; index++) {
      expect(file.append(`line ${index}`)).toBe(true)
      const sizes = [path, `${path}.1`].map(name => (existsSync(name) ? statSync(name).size : 0))
      for (const size of sizes) expect(size).toBeLessThanOrEqual(100)
    }
    file.close()
    const kept = [...linesOf(`${path}.1`), ...linesOf(path)]
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => `line ${100 - kept.length + index}`))
    expect(kept.length).toBeGreaterThan(10)
  })

  it('goes on where it ended, in the same file', () => {
    const first = new TrafficFile(path, 1000)
    first.append('a')
    first.close()
    new TrafficFile(path, 1000).append('b')
    expect(linesOf(path)).toEqual(['a', 'b'])
  })

  it('is for its owner alone, also where it was there before', () => {
    writeFileSync(path, '')
    chmodSync(path, 0o644)
    const file = new TrafficFile(path, 10)
    file.append('a')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    for (let index = 0; index < 10; index++) file.append('b')
    for (const name of [path, `${path}.1`]) expect(statSync(name).mode & 0o777).toBe(0o600)
  })

  it('begins a new line where the last one was torn', () => {
    writeFileSync(path, '{"half":')
    const file = new TrafficFile(path, 1000)
    file.append('a')
    file.append('b')
    expect(linesOf(path)).toEqual(['{"half":', 'a', 'b'])
  })

  it('takes no line that is larger than it may be', () => {
    const file = new TrafficFile(path, 10)
    expect(file.append('0123456789')).toBe(false)
    expect(existsSync(path)).toBe(false)
  })

  it('throws away what was kept under a larger size', () => {
    writeFileSync(path, 'x'.repeat(50))
    writeFileSync(`${path}.1`, 'x'.repeat(50))
    new TrafficFile(path, 20).append('a')
    expect(linesOf(path)).toEqual(['a'])
    expect(existsSync(`${path}.1`)).toBe(false)
  })

  it('says what is wrong, and goes on when it is right again', () => {
    const file = new TrafficFile(join(folder, 'later', 'reviews.ndjson'), 100)
    expect(() => file.append('a')).toThrow('ENOENT')
    expect(() => file.append('b')).toThrow('ENOENT')
    mkdirSync(join(folder, 'later'))
    expect(file.append('c')).toBe(true)
    expect(linesOf(join(folder, 'later', 'reviews.ndjson'))).toEqual(['c'])
  })

  it('survives that somebody takes the file away', () => {
    const file = new TrafficFile(path, 20)
    file.append('a')
    rmSync(path)
    for (let index = 0; index < 20; index++) file.append('b')
    expect(linesOf(path)).toContain('b')
  })
})
