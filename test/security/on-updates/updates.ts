import type { Add, Result } from '../support.ts'
import {
  ALICE,
  ANN,
  agentDeployment,
  agentIn,
  agentOf,
  agentPod,
  agentSpec,
  BOB,
  type Draft,
  evil,
  REASON,
  type Start,
  type Step,
  sequence,
  specOf,
} from './cluster.ts'

const forAlice = (object: Draft = agentPod()): Start => ({
  object,
  exceptions: [{ match: { users: ['alice'] } }],
  creator: ALICE,
})
const reasoned = (object: Draft = agentPod()): Draft => {
  object.metadata.annotations[REASON] = 'INC-1'
  return object
}
const glass = (object: Draft = agentPod()): Start => ({
  object: reasoned(object),
  exceptions: [{ breakGlass: { groups: ['sre'] } }],
  creator: ANN,
})
const labelled = (object: Draft = agentPod()): Start => ({
  object,
  exceptions: [{ match: { objectSelector: { matchLabels: { app: 'agent' } }, users: ['alice'] } }],
  creator: ALICE,
})
const AFTER = Date.UTC(2026, 6, 1)
const dated = (object: Draft = agentPod()): Start => ({
  object,
  exceptions: [{ expires: '2026-02-01T00:00:00Z' }],
  creator: BOB,
})

/** Updates of what an exception let in. */
export function updateTries(attack: Add): void {
  const attempt = (what: string, expected: Result, start: () => Start, ...steps: readonly (Step | Step['change'])[]) =>
    attack(what, expected, () =>
      sequence(
        start(),
        steps.map(step => (typeof step === 'function' ? { change: step } : step)),
      ),
    )
  const deployment = () => forAlice(agentDeployment())

  // Who, when and why.
  attempt('a pod whose glass an engineer broke, given another image by a developer', 'denied', glass, evil)
  attempt('a pod that alice may have, given another image by bob', 'denied', forAlice, evil)
  attempt('another image once the exception is past its date', 'denied', dated, { change: evil, now: AFTER })
  attempt(
    'the same by the user who created it',
    'denied',
    () => ({ ...forAlice(), exceptions: [{ match: { users: ['alice'] }, expires: '2026-02-01T00:00:00Z' }] }),
    { change: evil, by: ALICE, now: AFTER },
  )
  attempt(
    'an unknown label of the namespace, which may have matched',
    'denied',
    () => ({ object: agentPod(), exceptions: [{ match: { namespaceSelector: { matchLabels: { team: 'infra' } } } }] }),
    evil,
  )
  attempt(
    'a developer who writes a reason of his own, and then another image',
    'denied',
    () => ({ ...glass(), exceptions: [{ breakGlass: { groups: ['sre'] } }] }),
    d => {
      d.metadata.annotations[REASON] = 'INC-2'
    },
    evil,
  )
  attempt(
    'a key of another annotation that only looks like the reason',
    'denied',
    glass,
    d => {
      delete d.metadata.annotations[REASON]
      d.metadata.annotations[`${REASON} `] = 'INC-1'
    },
    evil,
  )

  // Sequences.
  attempt(
    'the reason is removed first, the image changed next',
    'denied',
    glass,
    d => {
      delete d.metadata.annotations[REASON]
    },
    evil,
  )
  attempt(
    'the reason becomes an invisible letter first',
    'denied',
    glass,
    d => {
      d.metadata.annotations[REASON] = '\u200b'
    },
    evil,
  )
  attempt(
    'the label is removed first, the image changed next',
    'denied',
    labelled,
    d => {
      delete d.metadata.labels.app
    },
    evil,
  )
  attempt(
    'the path is narrowed first, the image changed next',
    'denied',
    () => ({
      object: agentDeployment(),
      exceptions: [
        { paths: ['/'], policies: ['host-path'], match: { users: ['alice'] } },
        { policies: ['pod-security'] },
      ],
      creator: ALICE,
    }),
    d => {
      specOf(d).volumes[0].hostPath.path = '/etc'
    },
    evil,
  )
  attempt(
    'a container is added first, and the old one dropped next',
    'denied',
    deployment,
    d => {
      specOf(d).containers.push({ ...agentIn(d), name: 'b', image: 'evil/agent:1' })
    },
    d => {
      specOf(d).containers.shift()
    },
  )
  attempt(
    'the mount is made read-only first, and writable again',
    'denied',
    () => {
      const object = agentDeployment()
      agentIn(object).volumeMounts[0].readOnly = false
      return forAlice(object)
    },
    d => {
      agentIn(d).volumeMounts[0].readOnly = true
    },
    d => {
      agentIn(d).volumeMounts[0].readOnly = false
    },
  )
  attempt(
    'privileged is dropped first, and comes back with another image',
    'denied',
    deployment,
    d => {
      agentIn(d).securityContext.privileged = false
    },
    d => {
      agentIn(d).securityContext.privileged = true
      evil(d)
    },
  )
  attempt(
    'the mount is dropped first, and another container takes the volume',
    'denied',
    deployment,
    d => {
      agentIn(d).volumeMounts.shift()
    },
    d => {
      specOf(d).containers.push({
        name: 'b',
        image: 'evil/b:1',
        volumeMounts: [{ name: 'h', mountPath: '/h', readOnly: true }],
      })
    },
  )
  attempt(
    'the status is updated without the label, and then the image',
    'denied',
    labelled,
    {
      change: d => {
        delete d.metadata.labels.app
      },
      subResource: 'status',
    },
    evil,
  )
  attempt(
    'the status is updated without the reason, and then the image',
    'denied',
    glass,
    {
      change: d => {
        delete d.metadata.annotations[REASON]
      },
      subResource: 'status',
    },
    evil,
  )
  attempt(
    'the label of the namespace goes first, the image is changed next',
    'warned',
    () => ({ object: agentPod(), exceptions: [{ match: { namespaceSelector: { matchLabels: { team: 'infra' } } } }] }),
    { change: evil, namespaceLabels: { labelsOf: () => ({}) } },
  )
  attempt(
    'a name that the API server makes of an exempted beginning, and then the image',
    'denied',
    () => {
      const object = agentPod()
      object.metadata.generateName = 'agent-'
      object.metadata.name = 'agent-x7k2p'
      return { object, exceptions: [{ match: { names: ['agent-'], users: ['alice'] } }] }
    },
    evil,
  )

  // What a pod does, field by field.
  const fields: readonly (readonly [string, (spec: Draft, agent: Draft) => void])[] = [
    [
      'the command',
      (_, a) => {
        a.command = ['/bin/sh']
      },
    ],
    [
      'arguments',
      (_, a) => {
        a.args = ['-c', 'id']
      },
    ],
    [
      'a variable',
      (_, a) => {
        a.env[0].value = 'write'
      },
    ],
    [
      'variables of a ConfigMap',
      (_, a) => {
        a.envFrom = [{ configMapRef: { name: 'x' } }]
      },
    ],
    [
      'a hook',
      (_, a) => {
        a.lifecycle = { postStart: { exec: { command: ['id'] } } }
      },
    ],
    [
      'a probe that runs a command',
      (_, a) => {
        a.livenessProbe = { exec: { command: ['id'] } }
      },
    ],
    [
      'the working directory',
      (_, a) => {
        a.workingDir = '/host/root'
      },
    ],
    [
      'a terminal',
      (_, a) => {
        a.stdin = true
      },
    ],
    [
      'the user',
      (_, a) => {
        a.securityContext.runAsUser = 0
      },
    ],
    [
      'a capability that is not dropped any more',
      (_, a) => {
        a.securityContext.capabilities.drop = []
      },
    ],
    [
      'seccomp',
      (_, a) => {
        a.securityContext.seccompProfile = { type: 'Unconfined' }
      },
    ],
    [
      'a capability more',
      (_, a) => {
        a.securityContext.capabilities.add.push('NET_ADMIN')
      },
    ],
    [
      'a ConfigMap of another name',
      s => {
        s.volumes[2].configMap.name = 'bobs'
      },
    ],
    [
      'a mount at another place',
      (_, a) => {
        a.volumeMounts[2].mountPath = '/agent'
      },
    ],
    [
      'a mount of a folder of the volume',
      (_, a) => {
        a.volumeMounts[0].subPath = 'root'
      },
    ],
    [
      'the device of a claim',
      (_, a) => {
        a.volumeDevices = [{ name: 'disk', devicePath: '/dev/x' }]
      },
    ],
    [
      'the service account',
      s => {
        s.serviceAccountName = 'cluster-admin'
      },
    ],
    [
      'another node',
      s => {
        s.nodeSelector = { 'node-role.kubernetes.io/control-plane': '' }
      },
    ],
    [
      'a toleration',
      s => {
        s.tolerations = [{ operator: 'Exists' }]
      },
    ],
    [
      'the runtime class',
      s => {
        s.runtimeClassName = 'runc'
      },
    ],
    [
      'the secrets for images',
      s => {
        s.imagePullSecrets = [{ name: 'bobs' }]
      },
    ],
    [
      'an alias of a host',
      s => {
        s.hostAliases = [{ ip: '10.0.0.1', hostnames: ['registry.example'] }]
      },
    ],
    [
      'hostNetwork beside hostPID',
      s => {
        s.hostNetwork = true
      },
    ],
    [
      'an init container',
      s => {
        s.initContainers = [{ name: 'i', image: 'good/i:1' }]
      },
    ],
    [
      'the container as an init container',
      (s, a) => {
        s.initContainers = [a]
        s.containers = [{ name: 'b', image: 'good/b:1' }]
      },
    ],
    [
      'two containers of one name',
      (s, a) => {
        s.containers = [{ ...a, image: 'evil/a:1' }, a]
      },
    ],
    [
      'the host ports that hostNetwork implies',
      (s, a) => {
        s.hostNetwork = true
        a.ports = [{ containerPort: 10250 }]
      },
    ],
    [
      'a mount that hid a folder of the node is gone',
      (_, a) => {
        a.volumeMounts.splice(1, 1)
      },
    ],
    [
      'a mount that hid a folder, gone together with its volume',
      (s, a) => {
        a.volumeMounts.splice(1, 1)
        s.volumes.splice(1, 1)
      },
    ],
    [
      'a file of the container, emptied by terminationMessagePath',
      (_, a) => {
        a.terminationMessagePath = '/conf/rules'
      },
    ],
    [
      'a device of the node, by resources',
      (_, a) => {
        a.resources = { limits: { 'devices.example/disk': 1 } }
      },
    ],
    [
      'a device of a claim, by resources',
      (_, a) => {
        a.resources = { claims: [{ name: 'disk' }] }
      },
    ],
  ]
  for (const [what, change] of fields)
    attempt(`an exempted Deployment: ${what}`, 'denied', deployment, d => change(specOf(d), agentIn(d)))
  attempt('an exempted Deployment: more memory and replicas', 'warned', deployment, d => {
    d.spec.replicas = 9
    agentIn(d).resources = { limits: { memory: '1Gi', 'hugepages-2Mi': '4Mi' } }
  })
  attempt('an exempted Deployment: without AppArmor, by an annotation of the template', 'denied', deployment, d => {
    d.spec.template.metadata.annotations['container.apparmor.security.beta.kubernetes.io/agent'] = 'unconfined'
  })

  // Subresources.
  const joined = (d: Draft) => {
    specOf(d).ephemeralContainers = [{ name: 'debug', image: 'busybox', targetContainerName: 'agent' }]
  }
  attempt('a debug container joins a pod that was exempted for hostPID', 'denied', forAlice, {
    change: joined,
    subResource: 'ephemeralcontainers',
  })
  attempt('a debug container under the name of the exempted one', 'denied', forAlice, {
    change: d => {
      joined(d)
      specOf(d).ephemeralContainers[0].name = 'agent'
    },
    subResource: 'ephemeralcontainers',
  })
  attempt('the subresource resize with another image', 'denied', forAlice, { change: evil, subResource: 'resize' })
  attempt('the subresource resize with more memory', 'warned', forAlice, {
    change: d => {
      agentIn(d).resources = { limits: { memory: '1Gi' } }
    },
    subResource: 'resize',
  })
  attempt('a subresource that does not exist yet, with another image', 'denied', forAlice, {
    change: evil,
    subResource: 'restart',
  })

  // Kinds.
  const kinds: readonly (readonly [string, string, (template: object) => object, (draft: Draft) => Draft])[] = [
    [
      'batch/v1',
      'CronJob',
      template => ({ jobTemplate: { spec: { template } } }),
      d => d.spec.jobTemplate.spec.template.spec,
    ],
    ['apps/v1', 'StatefulSet', template => ({ template }), specOf],
    ['apps/v1', 'DaemonSet', template => ({ template }), specOf],
    ['apps/v1', 'ReplicaSet', template => ({ template }), specOf],
    ['v1', 'ReplicationController', template => ({ template }), specOf],
    ['argoproj.io/v1alpha1', 'Rollout', template => ({ template }), specOf],
    ['serving.knative.dev/v1', 'Service', template => ({ template }), specOf],
    ['example.com/v1', 'Fleet', template => ({ pods: [{ template }] }), d => d.spec.pods[0].template.spec],
  ]
  for (const [apiVersion, kind, spec, pod] of kinds) {
    if (kind === 'Fleet') continue
    attempt(
      `the image of an exempted ${kind}`,
      'denied',
      () => forAlice(agentOf(apiVersion, kind, spec)),
      d => {
        pod(d).containers[0].image = 'evil/agent:1'
      },
    )
  }
  const jobs = (...templates: readonly object[]) =>
    agentOf('jobset.x-k8s.io/v1alpha2', 'JobSet', () => ({
      replicatedJobs: templates.map(template => ({ name: 'a', template: { spec: { template } } })),
    }))
  const harmless = { metadata: {}, spec: { containers: [{ name: 'app', image: 'evil/app:1' }] } }
  const exempt = { metadata: {}, spec: agentSpec() }
  attempt(
    'a JobSet whose second job takes the volumes of the first',
    'denied',
    () => forAlice(jobs(exempt, harmless)),
    d => {
      d.spec.replicatedJobs[1].template.spec.template.spec = {
        ...agentSpec(),
        containers: [{ ...agentSpec().containers[0], image: 'evil/a:1' }],
      }
      d.spec.replicatedJobs[0].template.spec.template = harmless
    },
  )
  attempt(
    'a JobSet with the exempted job twice',
    'denied',
    () => forAlice(jobs(exempt, harmless)),
    d => {
      d.spec.replicatedJobs.push(d.spec.replicatedJobs[0])
    },
  )
  attempt(
    'a JobSet whose jobs change places',
    'warned',
    () => forAlice(jobs(exempt, harmless)),
    d => {
      d.spec.replicatedJobs.reverse()
    },
  )
  attempt(
    'a PodTemplate object',
    'denied',
    () => {
      const object = agentPod()
      return forAlice({
        apiVersion: 'v1',
        kind: 'PodTemplate',
        metadata: object.metadata,
        template: { metadata: {}, spec: object.spec },
      })
    },
    d => {
      d.template.spec.containers[0].image = 'evil/a:1'
    },
  )

  // PersistentVolumes.
  const volume = (spec: object = {}): Start => ({
    object: {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv', annotations: {} },
      spec: {
        hostPath: { path: '/var/lib/agent-a' },
        claimRef: { namespace: 'infra', name: 'a' },
        capacity: { storage: '1Gi' },
        ...spec,
      },
    },
    exceptions: [{ policies: ['host-path'], images: [], match: { users: ['alice'] } }],
    creator: ALICE,
  })
  const root = () => volume({ hostPath: { path: '/var/lib/kubelet' } })
  attempt('a PersistentVolume that was exempted: a folder inside of it', 'denied', root, d => {
    d.spec.hostPath.path = '/var/lib/kubelet/pki'
  })
  attempt('a PersistentVolume that was exempted: given to a claim of one’s own', 'denied', root, d => {
    d.spec.claimRef = { namespace: 'shop', name: 'mine' }
  })
  attempt(
    'a PersistentVolume that was exempted: taken from its claim first',
    'denied',
    root,
    d => {
      delete d.spec.claimRef
    },
    d => {
      d.spec.claimRef = { namespace: 'shop', name: 'mine' }
    },
  )
  attempt('a PersistentVolume that was exempted: its class, so that others may claim it', 'denied', root, d => {
    d.spec.storageClassName = 'default'
  })
  attempt('a PersistentVolume that was exempted: the nodes that it is for', 'denied', root, d => {
    d.spec.nodeAffinity = { required: { nodeSelectorTerms: [] } }
  })
  attempt('a PersistentVolume that was exempted: options of its mount in an annotation', 'denied', root, d => {
    d.metadata.annotations['volume.beta.kubernetes.io/mount-options'] = 'bind'
  })
  attempt(
    'a PersistentVolume that was exempted: read-only no more',
    'denied',
    () => volume({ hostPath: { path: '/var/lib/kubelet' }, accessModes: ['ReadOnlyMany'] }),
    d => {
      d.spec.accessModes = ['ReadWriteMany']
    },
  )

  // Pairs of findings.
  const twice = (): Start => {
    const object = agentDeployment()
    specOf(object).volumes.push({ name: 'h2', hostPath: { path: '/' } })
    agentIn(object).volumeMounts.push({ name: 'h2', mountPath: '/h2', readOnly: true })
    return forAlice(object)
  }
  attempt('two volumes of one path: one goes, and another container takes the other', 'denied', twice, d => {
    agentIn(d).volumeMounts.splice(0, 1)
    specOf(d).volumes.splice(0, 1)
    specOf(d).containers.push({
      name: 'b',
      image: 'evil/b:1',
      volumeMounts: [{ name: 'h2', mountPath: '/h', readOnly: true }],
    })
  })
  attempt('two volumes of one path change their names', 'denied', twice, d => {
    const [a, , , b] = specOf(d).volumes
    ;[a.name, b.name] = ['h2', 'h']
    evil(d)
  })
  attempt(
    'two exceptions, one for the new image and another user',
    'denied',
    () => ({
      object: agentPod(),
      exceptions: [{ match: { users: ['alice'] } }, { images: ['evil/*'], match: { users: ['carol'] } }],
      creator: ALICE,
    }),
    evil,
  )
  attempt(
    'an exception for the paths, and one for the images, each alone',
    'denied',
    () => ({
      object: agentDeployment(),
      exceptions: [
        { match: { users: ['alice'] } },
        { paths: ['/etc'], images: [], policies: ['host-path'], match: { users: ['carol'] } },
      ],
      creator: ALICE,
    }),
    d => {
      specOf(d).volumes[0].hostPath.path = '/etc'
    },
    evil,
  )
  const thousand = (): Start => {
    const object = agentDeployment()
    specOf(object).volumes.push(
      ...Array.from({ length: 1200 }, (_, at) => ({ name: `v${at}`, hostPath: { path: `/etc/${at}` } })),
    )
    return { object, exceptions: [{ images: [], match: { users: ['alice'] } }], creator: ALICE }
  }
  attempt('an object with more findings than are told: another image', 'denied', thousand, evil)
  attempt(
    'an object with more findings than are told: fewer of them, then another image',
    'denied',
    thousand,
    d => {
      specOf(d).volumes.splice(100)
    },
    evil,
  )
  attempt('an object with more findings than are told: another volume at the end', 'denied', thousand, d => {
    specOf(d).volumes.push({ name: 'x', hostPath: { path: '/root' } })
  })

  // Images.
  const HUGE = 'a'.repeat(200_000)
  attempt('an image of two hundred thousand letters', 'denied', forAlice, d => {
    agentIn(d).image = `good/${HUGE}@x`
    evil(d)
  })

  // Older than the policy, and made milder.
  const old = (change: (spec: Draft, agent: Draft) => void): Start => {
    const object = agentDeployment()
    change(specOf(object), agentIn(object))
    return { object, exceptions: [] }
  }
  const milder: readonly (readonly [
    string,
    Result,
    (spec: Draft, agent: Draft) => void,
    (spec: Draft, agent: Draft) => void,
  ])[] = [
    [
      'a read-only `/` becomes a writable `/etc`',
      'denied',
      () => {},
      (s, a) => {
        s.volumes[0].hostPath.path = '/etc'
        a.volumeMounts[0].readOnly = false
      },
    ],
    [
      'a path that climbs out of the old one',
      'denied',
      s => {
        s.volumes[0].hostPath.path = '/etc'
      },
      s => {
        s.volumes[0].hostPath.path = '/etc/../root'
      },
    ],
    [
      'propagation from the node',
      'denied',
      () => {},
      (_, a) => {
        a.volumeMounts[0].mountPropagation = 'HostToContainer'
      },
    ],
    [
      '`ALL` of one container becomes a capability of two',
      'denied',
      (_, a) => {
        a.securityContext.capabilities.add = ['ALL']
      },
      (s, a) => {
        a.securityContext.capabilities.add = ['SYS_ADMIN']
        s.containers.push({ name: 'b', image: 'x', securityContext: { capabilities: { add: ['SYS_ADMIN'] } } })
      },
    ],
    [
      'another port of the node',
      'denied',
      (_, a) => {
        a.ports = [{ containerPort: 80, hostPort: 80 }]
      },
      (_, a) => {
        a.ports = [{ containerPort: 80, hostPort: 443 }]
      },
    ],
    [
      'another namespace of the node',
      'denied',
      () => {},
      s => {
        s.hostPID = false
        s.hostIPC = true
      },
    ],
    [
      'two paths inside the old one',
      'denied',
      s => {
        s.volumes[0].hostPath.path = '/etc'
      },
      s => {
        s.volumes[0].hostPath.path = '/etc/a'
        s.volumes.push({ name: 'n', hostPath: { path: '/etc/b' } })
      },
    ],
    [
      'the old path by a link, `/var/run` instead of `/run`',
      'warned',
      s => {
        s.volumes[0].hostPath.path = '/run'
      },
      s => {
        s.volumes[0].hostPath.path = '/var/run'
      },
    ],
    [
      'another case of the old path',
      'denied',
      s => {
        s.volumes[0].hostPath.path = '/etc'
      },
      s => {
        s.volumes[0].hostPath.path = '/ETC'
      },
    ],
    [
      'a path inside, through a process',
      'denied',
      s => {
        s.volumes[0].hostPath.path = '/proc'
      },
      s => {
        s.volumes[0].hostPath.path = '/proc/1/root'
      },
    ],
    [
      'an exempted working directory, and one above',
      'denied',
      (_, a) => {
        a.workingDir = '/proc/self/fd/8'
      },
      (_, a) => {
        a.workingDir = '/proc/self/fd'
      },
    ],
  ]
  for (const [what, expected, before, after] of milder)
    attempt(
      `older than the policy: ${what}`,
      expected,
      () => old(before),
      d => after(specOf(d), agentIn(d)),
    )
}
