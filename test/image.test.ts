import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { stagesOf } from './support/dockerfile.ts'

const [build = [], final = [], ...more] = stagesOf('Dockerfile')
const values = (stage: typeof build, name: string) =>
  stage.filter(entry => entry.name === name).map(({ value }) => value)

describe('the image', () => {
  it('has two stages; the last runs nothing, and takes all that it has from the one that builds', () => {
    expect(more).toEqual([])
    expect(values(final, 'RUN')).toEqual([])
    for (const copy of values(final, 'COPY')) expect(copy).toMatch(/^--from=build /)
    expect(values(final, 'ADD')).toEqual([])
  })

  it('runs as somebody who is not root, whom the chart names too', () => {
    expect(values(final, 'USER')).toEqual(['65532:65532'])
    expect(readFileSync('charts/portcullis/templates/_helpers.tpl', 'utf8')).toContain('runAsUser: 65532')
  })

  it('starts the program without a shell', () => {
    expect(values(final, 'ENTRYPOINT')).toEqual(['["/nodejs/bin/node", "/app/dist/main/portcullis.js"]'])
    expect(values(final, 'CMD')).toEqual(['["--help"]'])
  })

  it('copies only what is there, and what is not ignored', () => {
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n')
    expect(ignored).toContain('*')
    for (const copy of values(build, 'COPY')) {
      for (const source of copy.split(' ').slice(0, -1)) {
        expect(existsSync(source), source).toBe(true)
        expect(ignored).toContain(`!${source}`)
      }
    }
    // Keys, tests and the history stay outside.
    expect(ignored.filter(line => line.startsWith('!')).sort()).toEqual(
      values(build, 'COPY')
        .flatMap(copy => copy.split(' ').slice(0, -1))
        .map(source => `!${source}`)
        .sort(),
    )
  })
})
