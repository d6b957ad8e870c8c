import { describe, expect, it } from 'vitest'
import { servedAs } from '../../src/admission/resources.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { riskChange } from '../../src/policy/risk-change.ts'
import { CUSTOM_KINDS } from '../../src/workload/custom-kinds/index.ts'
import { INJECTABLE_KINDS, KUBERNETES_KINDS, POD_TEMPLATE_KINDS } from '../../src/workload/kinds.ts'
import { containerPlaces, objectWith, volumePlaces } from '../support/custom-kinds.ts'
import { denialsOf, json, judge, requestFor, setOf } from '../support/engine.ts'

const policyOf = (...checks: readonly string[]) =>
  setOf(
    JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name: 'p' },
      spec: { validationActions: ['Deny'], checks: checks.map(check => ({ check })) },
    }),
  )
const hostPath = policyOf('host-path')
const privileged = policyOf('privileged')
const KINDS = CUSTOM_KINDS.map(kind => ({ name: `${kind.kind}.${kind.group}`, kind }))

describe('the table of custom resources', () => {
  it('has the well-known kinds, each once, and says where each was read', () => {
    expect(CUSTOM_KINDS.length).toBeGreaterThan(90)
    expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length)
    for (const { source } of CUSTOM_KINDS) {
      expect(source?.repository).toMatch(/^[\w.-]+\/[\w.-]+$/)
      expect(source?.file).toMatch(/\.(go|java|yaml)$/)
      expect(source?.commit).toMatch(/^[0-9a-f]{12}$/)
      expect(source?.versions).toMatch(/^v\d\w*(, v\d\w*)*$/)
    }
  })

  it.each(POD_TEMPLATE_KINDS)('serves $kind of "$group" under the same name in files', kind => {
    expect(servedAs(kind).resource).toBe(kind.resource)
  })

  it('is what every check on pods is about', () => {
    const onPods = CHECKS.filter(({ kinds }) => kinds.some(({ group, kind }) => group === '' && kind === 'Pod'))
    expect(onPods.length).toBeGreaterThan(20)
    for (const { kinds } of onPods) expect(kinds).toEqual(expect.arrayContaining([...POD_TEMPLATE_KINDS]))
  })

  it('leaves injection to the kinds whose templates become pods as they are', () => {
    const custom = INJECTABLE_KINDS.filter(kind => !KUBERNETES_KINDS.includes(kind))
    expect(custom.map(({ group, kind }) => `${kind}.${group}`).sort()).toEqual([
      'JobSet.jobset.x-k8s.io',
      'Rollout.argoproj.io',
      'Service.serving.knative.dev',
    ])
  })
})

describe.each(KINDS)('$name', ({ kind }) => {
  it('is refused for a path of the node, wherever a volume may stand', () => {
    for (const { pointer, value, at } of volumePlaces(kind)) {
      const { denials, errors, skipped } = judge(hostPath, requestFor(objectWith(kind, pointer, value)))
      expect({ pointer, errors, skipped }).toEqual({ pointer, errors: [], skipped: [] })
      expect(denials.map(({ finding }) => finding.pointer.startsWith(at))).toEqual([true])
    }
  })

  it('is refused for a privileged container, wherever a container may stand', () => {
    for (const { pointer, value, at } of containerPlaces(kind)) {
      const { denials } = judge(privileged, requestFor(objectWith(kind, pointer, value)))
      expect(denials.map(({ finding }) => `${pointer}: ${finding.pointer}`)).toEqual([
        expect.stringContaining(`${pointer}: ${at}/`),
      ])
    }
  })

  it('has a place for one or the other, and passes with neither', () => {
    expect(volumePlaces(kind).length + containerPlaces(kind).length).toBeGreaterThan(0)
    const { denials, errors, skipped } = judge(hostPath, requestFor(objectWith(kind, '/spec/x', 1)))
    expect({ denials, errors, skipped }).toEqual({ denials: [], errors: [], skipped: [] })
  })
})

const object = (apiVersion: string, kind: string, spec: unknown) => ({
  apiVersion,
  kind,
  metadata: { name: 'x', namespace: 'shop' },
  spec,
})

describe('pods that an operator completes', () => {
  const spark = (driver: unknown) =>
    object('sparkoperator.k8s.io/v1beta2', 'SparkApplication', {
      volumes: [{ name: 'd', hostPath: { path: '/' } }],
      driver,
      executor: {},
    })

  it('are not refused for what the operator may add, and say so', () => {
    const set = policyOf('memory-limits', 'run-as-non-root', 'seccomp-restricted')
    const task = object('tekton.dev/v1', 'Task', { steps: [{ name: 's', image: 'i' }] })
    const { denials, skipped } = judge(set, requestFor(task))
    expect(denials).toEqual([])
    expect(skipped.map(({ check }) => check)).toEqual(['memory-limits', 'run-as-non-root', 'seccomp-restricted'])
  })

  it('are refused for what is there and is wrong', () => {
    const set = policyOf('run-as-non-root')
    const task = object('tekton.dev/v1', 'Task', {
      steps: [{ name: 's', image: 'i', securityContext: { runAsNonRoot: false } }],
    })
    expect(denialsOf(judge(set, requestFor(task)))).toEqual([
      '/spec/steps/0/securityContext/runAsNonRoot: container "s" sets runAsNonRoot to false: it may run as root',
    ])
  })

  it('find limits under the name that Tekton has for them', () => {
    const steps = [{ name: 's', image: 'i', computeResources: { limits: { memory: '1Gi' } } }]
    const decision = judge(policyOf('memory-limits'), requestFor(object('tekton.dev/v1', 'Task', { steps })))
    expect({ denials: decision.denials, skipped: decision.skipped }).toEqual({ denials: [], skipped: [] })
  })

  it('say once what several of them share', () => {
    expect(judge(hostPath, requestFor(spark({}))).denials).toHaveLength(1)
  })

  it('mount the volumes that stand beside them', () => {
    const set = setOf(
      JSON.stringify({
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'Policy',
        metadata: { name: 'p' },
        spec: {
          validationActions: ['Deny'],
          checks: [{ check: 'host-path', params: { allowed: [{ path: '/data/logs', readOnly: true }] } }],
        },
      }),
    )
    const application = object('sparkoperator.k8s.io/v1beta2', 'SparkApplication', {
      volumes: [{ name: 'd', hostPath: { path: '/data/logs' } }],
      driver: { volumeMounts: [{ name: 'd', mountPath: '/l' }] },
      executor: { volumeMounts: [{ name: 'd', mountPath: '/l', readOnly: true }] },
    })
    expect(judge(set, requestFor(application)).denials.map(({ finding }) => finding.pointer)).toEqual([
      '/spec/driver/volumeMounts/0',
    ])
  })

  it('point at fields under the names that they have', () => {
    const driver = { podSecurityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }
    const { denials } = judge(policyOf('sysctls'), requestFor(spark(driver)))
    expect(denials.map(({ finding }) => finding.pointer)).toEqual(['/spec/driver/podSecurityContext/sysctls/0/name'])
  })

  it('read the scripts of steps', () => {
    const script = 'set -e\nsysctl -w net.bridge.bridge-nf-call-iptables=0\n'
    const task = object('tekton.dev/v1', 'Task', { steps: [{ name: 's', image: 'i', script }] })
    const { denials } = judge(policyOf('node-network-sysctls'), requestFor(task))
    expect(denials).toHaveLength(1)
    const python = object('tekton.dev/v1', 'Task', {
      steps: [{ name: 's', image: 'i', script: `#!/usr/bin/env python3\n${script}` }],
    })
    expect(judge(policyOf('node-network-sysctls'), requestFor(python)).denials).toEqual([])
  })

  it('are changed by any other change of their spec, once an exception has let them in', () => {
    const request = requestFor(spark({ image: 'b' }), { oldObject: spark({ image: 'a' }) })
    expect(riskChange(request, [])).toBe('spec')
    expect(riskChange(requestFor(spark({}), { oldObject: spark({}) }), [])).toBeUndefined()
  })
})

describe('virtual machines', () => {
  const machine = (path: string) =>
    object('kubevirt.io/v1', 'VirtualMachine', {
      template: {
        spec: {
          volumes: [
            { name: 'root', containerDisk: { image: 'registry.example/fedora:40' } },
            { name: 'init', cloudInitNoCloud: { userData: '#cloud-config' } },
            { name: 'data', hostDisk: { path, type: 'DiskOrCreate', capacity: '1Gi' } },
          ],
        },
      },
    })

  it.each([
    ['/data/vm/disk.img', []],
    ['/etc/kubernetes/disk.img', ['/spec/template/spec/volumes/2/hostDisk/path']],
    // The directory of the file is what the pod gets.
    ['/disk.img', ['/spec/template/spec/volumes/2/hostDisk/path']],
    ['disk.img', ['/spec/template/spec/volumes/2/hostDisk/path']],
    ['/data/../etc/disk.img', ['/spec/template/spec/volumes/2/hostDisk/path']],
  ])('with a disk at %s', (path, pointers) => {
    const { denials } = judge(hostPath, requestFor(machine(path)))
    expect(denials.map(({ finding }) => finding.pointer)).toEqual(pointers)
  })

  it('have a host path by the Pod Security Standards', () => {
    const { denials } = judge(policyOf('host-path-volumes'), requestFor(machine('/data/vm/disk.img')))
    expect(denials).toHaveLength(1)
  })
})

it('walks maps as it walks lists', () => {
  const job = object('kubeflow.org/v1', 'PyTorchJob', {
    pytorchReplicaSpecs: {
      Master: { template: { spec: { containers: [] } } },
      'a/b': { template: json({ spec: { volumes: [{ name: 'd', hostPath: { path: '/etc' } }] } }) },
    },
  })
  expect(judge(hostPath, requestFor(job)).denials.map(({ finding }) => finding.pointer)).toEqual([
    '/spec/pytorchReplicaSpecs/a~1b/template/spec/volumes/0/hostPath/path',
  ])
})
