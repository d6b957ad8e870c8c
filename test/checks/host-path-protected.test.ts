import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DEFAULT_PROTECTED_PATHS, PROTECTED_GROUPS } from '../../src/checks/host-path/protected-paths.ts'
import { canonicalHostPath } from '../../src/workload/host-paths.ts'
import { hostPathSet, judge, requestFor } from '../support/engine.ts'
import { persistentVolume, pod, specWithHostPath } from '../support/host-path-cases.ts'

const set = hostPathSet()
const allows = (path: string) => judge(set, requestFor(pod(specWithHostPath(path)))).allowed
const messageOf = (path: string) => {
  const [denial] = judge(set, requestFor(pod(specWithHostPath(path)))).denials
  return { message: denial?.finding.message, hint: denial?.finding.hint }
}

/** Paths by which nodes of a distribution could be taken over, each with the entry that refuses it. */
describe('a path of a distribution is refused, by name', () => {
  it.each([
    ['/.snapshots/1/snapshot', 'lies under the protected path "/.snapshots"'],
    ['/var/lib/overlay/1/etc', 'lies under the protected path "/var/lib/overlay"'],
    ['/var/usrlocal/bin', 'lies under the protected path "/var/usrlocal"'],
    ['/var/opt/containerd', 'is a protected path'],
    ['/var/opt/puppetlabs/bin', 'lies under the protected path "/var/opt/puppetlabs"'],
    ['/var/srv/salt', 'is a protected path'],
    ['/var/system/overlays', 'lies under the protected path "/var/system"'],
    ['/opt/azure/containers', 'lies under the protected path "/opt/azure"'],
    ['/opt/kops/bin', 'lies under the protected path "/opt/kops"'],
    ['/opt/rke2/bin', 'lies under the protected path "/opt/rke2"'],
    ['/var/lib/microshift', 'is a protected path'],
    ['/var/lib/confexts', 'is a protected path'],
    ['/var/lib/portables', 'is a protected path'],
    ['/var/lib/systemd/linger', 'lies under the protected path "/var/lib/systemd"'],
    ['/.extra', 'is a protected path'],
    ['/oem', 'is a protected path'],
    ['/efi/EFI', 'lies under the protected path "/efi"'],
    ['/var/lib/bottlerocket', 'is a protected path'],
    ['/.bottlerocket/rootfs', 'lies under the protected path "/.bottlerocket"'],
    ['/local', 'contains the protected path "/local/var"'],
    ['/var/lib/gardener-node-agent', 'is a protected path'],
    ['/service/agent/run', 'lies under the protected path "/service"'],
    ['/var/cache/salt/minion', 'lies under the protected path "/var/cache/salt"'],
    ['/gnu/store', 'lies under the protected path "/gnu"'],
    ['/init', 'is a protected path'],
    ['/var/lib/longhorn/replicas', 'lies under the protected path "/var/lib/longhorn"'],
    ['/var/lib/incus', 'is a protected path'],
    ['/var/backups', 'is a protected path'],
  ])('%s', (path, says) => {
    expect(messageOf(path).message).toContain(says)
  })
})

describe('an honest folder of data stays allowed', () => {
  it.each([
    '/data',
    '/data/app',
    '/srv/models',
    '/srv/app',
    '/opt/app',
    '/opt/local-path-provisioner',
    '/var/openebs/local',
    '/var/lib/my-app',
    '/var/lib/postgresql',
    '/var/lib/mysql',
    '/var/opt/app',
    '/mnt/disks/ssd0',
    '/mnt/data',
    '/storage',
    '/backup',
    '/var/cache/app',
    '/config',
    '/services',
    '/temporary',
    '/tmp-data',
    '/var/tmpfiles',
    '/var/log-archive',
    '/windows-share',
  ])('%s', path => {
    expect(allows(path)).toBe(true)
  })
})

describe('a folder that everybody can write to', () => {
  const HINT =
    'use an emptyDir (medium Memory in place of /dev/shm), a PersistentVolumeClaim, or a directory that only root of the node can write to, such as /data/<app>'
  const WHY =
    'everybody on the node can write there, other pods too: a link put in the place of the path leads the volume to any file of the node, and the sockets and files of others lie beside it'

  it.each([
    ['/tmp/a/link', 'lies under the protected path "/tmp"'],
    ['/tmp/', 'is a protected path'],
    ['/var/tmp/x', 'lies under the protected path "/var/tmp"'],
    ['/dev/shm', 'is a protected path'],
    ['/dev/shm/x', 'lies under the protected path "/dev/shm"'],
    ['/var/lock/x', 'lies under the protected path "/run/lock"'],
    ['/run/user/1000', 'lies under the protected path "/run/user"'],
    ['/var/crash', 'is a protected path'],
    ['/var/spool/mail', 'is a protected path'],
  ])('has its own reason and hint: %s', (path, how) => {
    const { message, hint } = messageOf(path)
    expect(message).toContain(`, which ${how}: ${WHY}`)
    expect(hint).toBe(HINT)
  })

  it('is refused for a PersistentVolume too, with the same hint', () => {
    const [denial] = judge(set, requestFor(persistentVolume('local', '/tmp/disk'))).denials
    expect(denial?.finding.hint).toBe(HINT)
  })

  it('is opened by a hole, as every other', () => {
    const open = hostPathSet({ allowed: [{ path: '/tmp/app' }] })
    expect(judge(open, requestFor(pod(specWithHostPath('/tmp/app')))).allowed).toBe(true)
    expect(judge(open, requestFor(pod(specWithHostPath('/tmp/other')))).allowed).toBe(false)
  })
})

describe('the default list', () => {
  it('names each path once, in its canonical form where no link is meant', () => {
    const paths = DEFAULT_PROTECTED_PATHS.map(({ path }) => path)
    expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([])
    expect(paths.filter(path => canonicalHostPath(path).kind !== 'path')).toEqual([])
  })

  it('has a reason and a source for each', () => {
    const bad = DEFAULT_PROTECTED_PATHS.filter(({ why, source }) => why.length < 20 || !/^https?:\/\/\S+$/.test(source))
    expect(bad).toEqual([])
  })
})

const PAGE = 'docs/protected-paths.md'
const [BEGIN, END] = ['<!-- protected paths: begin -->\n', '<!-- protected paths: end -->\n']

/** The tables of the page: a line for each reason and source, with its paths. */
function tables(): string {
  return PROTECTED_GROUPS.map(({ title, paths }) => {
    const rows = [...Map.groupBy(paths, ({ why, source }) => `${why}\n${source}`).entries()].map(([key, entries]) => {
      const [why = '', source = ''] = key.split('\n')
      return `| ${entries.map(({ path }) => `\`${path}\``).join(' ')} | ${why} | <${source}> |`
    })
    return `### ${title}\n\n| path | why | source |\n|---|---|---|\n${rows.join('\n')}\n\n`
  }).join('')
}

it('has a page with every path, its reason and its source (UPDATE_DOCS=1 writes it)', () => {
  const page = readFileSync(PAGE, 'utf8')
  const [before = '', rest = ''] = page.split(BEGIN)
  const [, after = ''] = rest.split(END)
  const expected = `${before}${BEGIN}\n${tables()}${END}${after}`
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, expected)
  expect(readFileSync(PAGE, 'utf8')).toBe(expected)
})
