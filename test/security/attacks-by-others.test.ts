import { describe, expect, it } from 'vitest'
import type { JudgeOptions, RequestFields } from '../support/engine.ts'
import { attackList, host, pod, result, rowsOf } from './support.ts'

/*
Tries by somebody who did not write the code, who read the documentation and the source first. They are the second table of
docs/security/attacks.md, and are held to it as the first is.
*/
const { attacks, attack } = attackList(101)
const hostPath = (
  expected: 'denied' | 'passed',
  what: string,
  object: unknown,
  fields: RequestFields = {},
  options: JudgeOptions = {},
) => attack(what, expected, () => result(object, 'host-path', fields, options))
const mounted = (path: string) => pod(host(path))

// Other names of what is protected: links and data partitions of distributions.
hostPath('denied', '`/sysroot`: the whole disk of an ostree system', mounted('/sysroot'))
hostPath('denied', '`/var/roothome`, where ostree systems keep `/root`', mounted('/var/roothome/.ssh'))
hostPath('denied', '`/var/home`, where they keep `/home`', mounted('/var/home/core'))
hostPath(
  'denied',
  'the kubelet’s folder by the data partition of Container-Optimized OS',
  mounted('/mnt/stateful_partition/var/lib/kubelet'),
)
hostPath('denied', 'the same of Bottlerocket, `/local/var`', mounted('/local/var/lib/kubelet'))
hostPath('denied', 'the state of Talos, with its keys', mounted('/system/state'))
hostPath(
  'denied',
  'the socket of MicroK8s’ container runtime',
  pod(host('/var/snap/microk8s/common/run/containerd.sock', { type: 'Socket' })),
)
hostPath('denied', 'the keys of minikube’s control plane', mounted('/var/lib/minikube/certs'))
hostPath('denied', 'the kubelet itself, in `/opt/bin` of Flatcar', mounted('/opt/bin'))
hostPath('denied', 'plugins that containerd starts as root', mounted('/opt/nri/plugins'))
hostPath('denied', 'scripts that dpkg runs as root', mounted('/var/lib/dpkg/info'))
hostPath('denied', 'jobs of at, beside those of cron', mounted('/var/spool/at'))
hostPath('denied', '`/vmlinuz`, a link into `/boot`', pod(host('/vmlinuz', { type: 'File' })))
hostPath('denied', '`/lib32`, a link into `/usr` like `/lib64`', mounted('/lib32'))
hostPath('denied', 'a node of Windows: `/Windows/System32` is on its drive C', mounted('/Windows/System32'))
hostPath('denied', 'a node of Windows, where `/VAR/Lib/Kubelet` is `/var/lib/kubelet`', mounted('/VAR/Lib/Kubelet'))
hostPath('passed', 'a drive letter behind a slash, `/C:/etc`', mounted('/C:/etc'))
hostPath('denied', 'the pipe of Docker with forward slashes', mounted('//./pipe/docker_engine'))
hostPath('passed', 'a letter that looks like another, `/еtc` with a Cyrillic е', mounted('/\u0435tc'))
hostPath('denied', 'a slash that looks like one, `／etc`', mounted('\uff0fetc'))

if (process.env['SHOW_ATTACKS'] === '1') {
  for (const each of attacks) process.stdout.write(`${each.number}\t${each.what}\t${each.expected}\n`)
}

describe('tries by somebody who did not write the code', () => {
  it.each(attacks)('$number: $what is $expected', ({ run, expected }) => {
    expect(run()).toBe(expected)
  })

  it('the page lists each, with what came of it', () => {
    expect(rowsOf('by others')).toEqual(attacks.map(each => [each.number, each.what, each.expected]))
  })
})
