import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly engines: { readonly node: string }
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
  readonly scripts: Readonly<Record<string, string>>
}

describe('the package', () => {
  it('runs its scripts on exactly the Node that its dev dependency brings', () => {
    expect(process.version).toBe(`v${manifest.devDependencies['node']}`)
    expect(process.version).toMatch(/^v24\./)
  })

  it('pins every dependency to one version', () => {
    for (const version of Object.values({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    }
  })

  it('lets only the Node of its dev dependency run an install script', () => {
    expect(manifest.allowScripts).toEqual({ node: true })
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean; readonly optional?: boolean }>>
    }
    const running = Object.entries(lock.packages).filter(
      ([path, { hasInstallScript, optional }]) => path !== '' && hasInstallScript && !optional,
    )
    expect(running.map(([path]) => path)).toEqual(['node_modules/node'])
  })

  it('has every script that the documentation names', () => {
    const named = ['README.md', 'CONTRIBUTING.md'].flatMap(file =>
      [...readFileSync(file, 'utf8').matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name ?? ''),
    )
    expect(named.length).toBeGreaterThan(3)
    for (const name of named) expect(Object.keys(manifest.scripts)).toContain(name)
  })
})
