import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority } from '../../src/certs/issue.ts'
import { certs } from '../../src/cli/certs.ts'
import { testIo } from '../support/io.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-certs-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function run(...argv: readonly string[]) {
  const test = testIo()
  return { code: await certs.run(argv, test.io), out: test.out(), err: test.err() }
}

describe('portcullis certs', () => {
  it('makes a CA and certificates that it signed, with keys for their owner alone', async () => {
    const pki = join(directory, 'pki')
    expect(await run('init', '--out', pki)).toEqual({ code: 0, out: `${pki}/ca.crt\n${pki}/ca.key\n`, err: '' })
    const server = await run(
      'issue',
      '--ca',
      pki,
      '--name',
      'portcullis',
      '--dns',
      'localhost',
      '--ip',
      '127.0.0.1',
      '--out',
      pki,
    )
    expect(server).toEqual({ code: 0, out: `${pki}/tls.crt\n${pki}/tls.key\n`, err: '' })
    const client = await run(
      'issue',
      '--ca',
      pki,
      '--usage',
      'client',
      '--name',
      'kube-apiserver',
      '--out',
      pki,
      '--prefix',
      'client',
    )
    expect(client.code).toBe(0)
    for (const key of ['ca.key', 'tls.key', 'client.key']) expect((await stat(join(pki, key))).mode & 0o777).toBe(0o600)
    const names = ['ca.crt', 'ca.key', 'client.crt', 'client.key', 'tls.crt', 'tls.key']
    expect((await readdir(pki)).sort()).toEqual(['.gitignore', ...names])
    expect(await readFile(join(pki, '.gitignore'), 'utf8')).toBe('*\n')

    const shown = await run('inspect', join(pki, 'tls.crt'), join(pki, 'client.crt'), '-o', 'json')
    expect(shown.code).toBe(0)
    expect(JSON.parse(shown.out)).toMatchObject([
      {
        commonNames: ['portcullis'],
        usages: ['serverAuth'],
        issuer: 'CN=portcullis-ca',
        isOutOfTime: false,
        daysLeft: 364,
      },
      { commonNames: ['kube-apiserver'], usages: ['clientAuth'], issuer: 'CN=portcullis-ca' },
    ])
    expect((await run('inspect', join(pki, 'tls.crt'))).out).toContain(
      'names        DNS:localhost, IP Address:127.0.0.1',
    )
  })

  it('replaces nothing unless it is told to', async () => {
    const out = join(directory, 'kept')
    await run('init', '--out', out)
    const before = await readFile(join(out, 'ca.crt'), 'utf8')
    expect(await run('init', '--out', out)).toEqual({
      code: 2,
      out: '',
      err: `portcullis certs: ${out}/ca.crt is there already: choose another --out, or replace it with --force\n`,
    })
    expect(await readFile(join(out, 'ca.crt'), 'utf8')).toBe(before)
    expect((await run('init', '--out', out, '--force')).code).toBe(0)
    expect(await readFile(join(out, 'ca.crt'), 'utf8')).not.toBe(before)
  })

  it('writes no .gitignore into a folder that was there', async () => {
    const out = join(directory, 'there')
    await mkdir(out)
    await run('init', '--out', out)
    expect((await readdir(out)).sort()).toEqual(['ca.crt', 'ca.key'])
  })

  it.each([
    { name: 'without --force', argv: [] },
    { name: 'with --force', argv: ['--force'] },
  ])('never replaces the CA that signs, $name', async ({ name, argv }) => {
    const out = join(directory, name.replaceAll(' ', '-'))
    await run('init', '--out', out)
    const read = () => Promise.all(['ca.crt', 'ca.key'].map(file => readFile(join(out, file), 'utf8')))
    const before = await read()
    const link = `${out}-link`
    await symlink(out, link)
    for (const target of [out, link]) {
      const issue = ['issue', '--usage', 'client', '--name', 'x', '--ca', out, '--out', target, '--prefix', 'ca']
      expect(await run(...issue, ...argv)).toEqual({
        code: 2,
        out: '',
        err: `portcullis certs: ${target}/ca.crt is the CA that signs: choose another --prefix or --out\n`,
      })
    }
    expect(await read()).toEqual(before)
  })

  it('replaces no CA by development certificates', async () => {
    const out = join(directory, 'own-ca')
    await run('init', '--out', out, '--name', 'my-ca')
    const before = await readFile(join(out, 'ca.key'), 'utf8')
    expect(await run('dev', '--out', out)).toEqual({
      code: 2,
      out: '',
      err: `portcullis certs: ${out}: holds a CA (CN=my-ca) that this command did not make; choose another folder, or move it away\n`,
    })
    expect(await readFile(join(out, 'ca.key'), 'utf8')).toBe(before)
  })

  it('says when a certificate ends before its days are over, with its CA', async () => {
    const out = join(directory, 'short')
    await run('init', '--out', out, '--days', '30')
    const { code, err } = await run('issue', '--usage', 'client', '--name', 'x', '--ca', out, '--out', out)
    expect(code).toBe(0)
    const [{ notAfter }] = JSON.parse((await run('inspect', join(out, 'ca.crt'), '-o', 'json')).out) as [
      { notAfter: string },
    ]
    expect(err).toBe(`portcullis certs: it is valid until ${notAfter} only: so long the CA lives\n`)
  })

  it.each([{ folder: '/proc/foo' }, { folder: '/proc/self/status/foo' }, { folder: '/dev/null' }])(
    'refuses to write into $folder',
    async ({ folder }) => {
      const { code, err } = await run('init', '--out', folder)
      expect(code).toBe(2)
      expect(err).toMatch(
        new RegExp(`^portcullis certs: --out must be a folder that can be written, not "${folder}" \\(E[A-Z]+\\)\n$`),
      )
    },
  )

  it('says that a certificate is out of its time, with exit code 1', async () => {
    const out = join(directory, 'old')
    const old = await createAuthority({ commonName: 'old', days: 1, notBefore: new Date('2020-01-01') })
    const file = `${out}.crt`
    await writeFile(file, old.certificatePem)
    const shown = await run('inspect', file)
    expect(shown.code).toBe(1)
    expect(shown.out).toContain('OUT OF ITS TIME')
  })

  it('refuses to sign with what is no CA, or with a key that is not its own', async () => {
    const [one, other, out] = ['one', 'other', 'unwritten'].map(name => join(directory, name))
    await run('init', '--out', one ?? '')
    await run('init', '--out', other ?? '')
    await copyFile(`${one}/ca.key`, `${other}/ca.key`)
    const issue = ['issue', '--usage', 'client', '--name', 'x', '--out', out ?? '']
    expect(await run(...issue, '--ca', other ?? '')).toEqual({
      code: 2,
      out: '',
      err: `portcullis certs: ${other}/ca.key does not belong to ${other}/ca.crt: nobody would trust what it signs; find the right key\n`,
    })
    await run('issue', '--usage', 'client', '--name', 'x', '--ca', one ?? '', '--out', one ?? '', '--prefix', 'leaf')
    await copyFile(`${one}/leaf.crt`, `${other}/ca.crt`)
    await copyFile(`${one}/leaf.key`, `${other}/ca.key`)
    expect((await run(...issue, '--ca', other ?? '')).err).toContain(`${other}/ca.crt is no CA's certificate`)
    expect(await readdir(out ?? '').catch(() => 'not made')).toBe('not made')
  })

  it('refuses to sign with a CA that is out of its time', async () => {
    const out = join(directory, 'ended')
    await mkdir(out)
    const ended = await createAuthority({ commonName: 'ended', days: 1, notBefore: new Date('2020-01-01') })
    await writeFile(join(out, 'ca.crt'), ended.certificatePem)
    await writeFile(join(out, 'ca.key'), ended.privateKeyPem)
    const { code, err } = await run('issue', '--usage', 'client', '--name', 'x', '--ca', out, '--out', out)
    expect(code).toBe(2)
    expect(err).toContain(`${out}/ca.crt is valid from 2020-01-01T00:00:00.000Z to 2020-01-02T00:00:00.000Z only`)
  })

  it.each([
    { argv: [], err: 'portcullis certs: makes and inspects' },
    { argv: ['ini'], err: 'unknown subcommand "ini" (did you mean "init"?); allowed: init, issue, inspect, dev' },
    { argv: ['issue'], err: '--name is missing' },
    { argv: ['issue', '--name', 'x'], err: 'a server certificate needs --dns or --ip' },
    { argv: ['issue', '--name', 'x', '--ip', 'localhost'], err: '--ip must be an IP address, not "localhost"' },
    {
      argv: ['issue', '--name', 'x', '--dns', 'x', '--ca', '/nowhere'],
      err: 'no CA can be read in /nowhere: /nowhere/ca.crt cannot be read (ENOENT); make a CA with "portcullis certs init --out /nowhere"',
    },
    { argv: ['issue', '--name', 'x', '--prefix', '../x'], err: '--prefix must be a plain word' },
    { argv: ['init', '--name', ''], err: '--name must not be empty' },
    { argv: ['init', '--days', '0'], err: '--days must be a whole number of days' },
    { argv: ['dev', 'elsewhere'], err: 'unknown argument "elsewhere"' },
    { argv: ['inspect'], err: 'inspect needs a file' },
    { argv: ['inspect', '/nowhere.crt'], err: '/nowhere.crt cannot be read' },
  ])('refuses $argv with a reason and exit code 2', async ({ argv, err }) => {
    const result = await run(...argv)
    expect(result.code).toBe(2)
    expect(result.err).toContain(err)
  })

  it('makes the development certificates once', async () => {
    const out = join(directory, 'dev')
    expect((await run('dev', '--out', out)).out).toBe(`made the certificates in ${out}\n`)
    expect((await run('dev', '--out', out)).out).toBe(`kept the certificates in ${out}\n`)
  })
})
