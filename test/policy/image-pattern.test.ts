import { describe, expect, it } from 'vitest'
import { compileImagePattern } from '../../src/policy/image-pattern.ts'

const DIGEST = `sha256:${'0123456789'.repeat(6)}0123`
const OTHER = `sha256:${'9'.repeat(64)}`

describe('an image pattern', () => {
  it.each<[pattern: string, image: string, matches: boolean]>([
    // Docker Hub by its names.
    ['docker.io/fluent/fluent-bit:*', 'docker.io/fluent/fluent-bit:3.1', true],
    ['docker.io/fluent/fluent-bit:*', 'fluent/fluent-bit:3.1', true],
    ['docker.io/fluent/fluent-bit:*', 'index.docker.io/fluent/fluent-bit:3.1', true],
    ['docker.io/fluent/fluent-bit:*', 'registry-1.docker.io/fluent/fluent-bit:3.1', true],
    ['fluent/fluent-bit:*', 'docker.io/fluent/fluent-bit:3.1', true],
    ['index.docker.io/fluent/fluent-bit:*', 'fluent/fluent-bit:3.1', true],
    ['busybox:*', 'docker.io/library/busybox:1', true],
    ['docker.io/library/busybox:*', 'busybox:1', true],
    ['docker.io/busybox:*', 'library/busybox:1', true],
    ['docker.io/*', 'busybox', true],
    ['docker.io/*', 'fluent/fluent-bit:3.1', true],
    ['docker.io/*', 'quay.io/fluent/fluent-bit:3.1', false],
    ['docker.io/calico/*', 'calico/node:v3', true],
    ['good/*', 'docker.io/good/a:1', true],
    // No registry matches for another one.
    ['docker.io/fluent/fluent-bit:*', 'evil.io/fluent/fluent-bit:3.1', false],
    ['fluent/fluent-bit:*', 'evil.io/fluent/fluent-bit:3.1', false],
    ['docker.io/fluent/fluent-bit:*', 'localhost/fluent/fluent-bit:3.1', false],
    ['docker.io/fluent/fluent-bit:*', 'localhost:5000/fluent/fluent-bit:3.1', false],
    ['docker.io/fluent/fluent-bit:*', 'evil.io/docker.io/fluent/fluent-bit:3.1', false],
    ['quay.io/prometheus/node-exporter:*', 'prometheus/node-exporter:v1', false],
    ['quay.io/prometheus/node-exporter:*', 'evil.io/x:quay.io/prometheus/node-exporter:v1', false],
    ['quay.io/prometheus/node-exporter:*', 'Quay.io/prometheus/node-exporter:v1', false],
    ['docker.io/fluent/fluent-bit:*', 'fluent/fluent-bit-evil:3.1', false],
    ['fluent/fluent-bit:*', 'fluent/evil/fluent-bit:3.1', false],
    // A mirror is named.
    ['mirror.example/fluent/fluent-bit:*', 'mirror.example/fluent/fluent-bit:3.1', true],
    ['mirror.example/docker.io/fluent/fluent-bit:*', 'mirror.example/docker.io/fluent/fluent-bit:3.1', true],
    ['*/fluent/fluent-bit:*', 'mirror.example/fluent/fluent-bit:3.1', true],
    ['*/fluent/fluent-bit:*', 'fluent/fluent-bit:3.1', true],
    ['*.example/fluent-bit:*', 'mirror.example/fluent-bit:3.1', true],
    // Tags and digests.
    ['docker.io/fluent/fluent-bit:*', `docker.io/fluent/fluent-bit@${DIGEST}`, true],
    ['docker.io/fluent/fluent-bit:*', `fluent/fluent-bit:3.1@${DIGEST}`, true],
    ['docker.io/fluent/fluent-bit:*', 'fluent/fluent-bit', true],
    ['fluent/fluent-bit*', `fluent/fluent-bit@${DIGEST}`, true],
    ['registry.k8s.io/sig-storage/*', `registry.k8s.io/sig-storage/csi-attacher:v4@${DIGEST}`, true],
    ['fluent/fluent-bit:3.1', 'docker.io/fluent/fluent-bit:3.1', true],
    ['fluent/fluent-bit:3.*', 'docker.io/fluent/fluent-bit:3.1', true],
    ['fluent/fluent-bit:3.1', 'fluent/fluent-bit:3.2', false],
    ['fluent/fluent-bit:3.1', 'fluent/fluent-bit', false],
    ['fluent/fluent-bit:3.1', `fluent/fluent-bit:3.1@${OTHER}`, false],
    ['fluent/fluent-bit:3.*', `fluent/fluent-bit:3.1@${OTHER}`, false],
    ['fluent/fluent-bit', 'fluent/fluent-bit', true],
    ['fluent/fluent-bit', 'docker.io/fluent/fluent-bit:latest', true],
    ['fluent/fluent-bit', 'fluent/fluent-bit:3.1', false],
    [`fluent/fluent-bit@${DIGEST}`, `docker.io/fluent/fluent-bit@${DIGEST}`, true],
    [`fluent/fluent-bit@${DIGEST}`, `fluent/fluent-bit:3.1@${DIGEST}`, true],
    [`fluent/fluent-bit@${DIGEST}`, `fluent/fluent-bit@${OTHER}`, false],
    [`fluent/fluent-bit@${DIGEST}`, 'fluent/fluent-bit:3.1', false],
    [`fluent/fluent-bit:3.1@${DIGEST}`, `fluent/fluent-bit:3.1@${DIGEST}`, true],
    [`fluent/fluent-bit:3.1@${DIGEST}`, `fluent/fluent-bit@${DIGEST}`, false],
    // A port is no tag.
    ['registry.example:5000/agent:*', 'registry.example:5000/agent:1', true],
    ['registry.example:5000/agent', 'registry.example:5000/agent', true],
    ['registry.example/agent:*', 'registry.example:5000/agent:1', false],
    // Everything.
    ['*', 'registry.example/agent:1', true],
    ['*', '', true],
    ['docker.io/fluent/fluent-bit:*', '', false],
  ])('%s and %s: %s', (pattern, image, matches) => {
    expect(compileImagePattern(pattern)(image)).toBe(matches)
  })
})
