import { compileGlob } from './glob.ts'

/** An image reference, taken apart; what is missing is undefined. */
interface ImageReference {
  /** Host and path, without tag and digest. */
  readonly name: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** Other names of Docker Hub, which is the registry of an image that names none (distribution/reference and the resolver of containerd). */
const HUB = 'docker.io'
const HUB_ALIASES: readonly string[] = ['index.docker.io', 'registry-1.docker.io']

/**
 * Compiles a pattern of images. `*` matches any characters. The pattern and the image are compared by what they mean:
 * `fluent/fluent-bit` is `docker.io/fluent/fluent-bit`, and `busybox` is `docker.io/library/busybox`.
 *
 * - `NAME:*`, and a pattern that ends in `*` without a tag, match every tag and every digest of the name.
 * - `NAME:TAG` matches that tag; an image with a digest only if the pattern names the digest, too, because the digest alone
 *   decides what is pulled.
 * - `NAME` matches the tag `latest`, which an image without a tag and a digest has.
 *
 * No registry matches for another one: a mirror is named (`mirror.example/fluent/fluent-bit:*`), or covered by `*`.
 */
export function compileImagePattern(pattern: string): (image: string) => boolean {
  const { name, tag, digest } = splitReference(pattern)
  const isOpen = tag === '*' || (tag === undefined && name.endsWith('*'))
  const names = [...new Set([name, canonicalName(name)])].map(compileGlob)
  const matchesTag = compileGlob(tag ?? 'latest')
  const matchesDigest = digest === undefined ? undefined : compileGlob(digest)
  return image => {
    const reference = splitReference(image)
    const canonical = canonicalName(reference.name)
    if (!names.some(matches => matches(canonical) || matches(reference.name))) return false
    if (matchesDigest !== undefined) {
      return (
        reference.digest !== undefined && matchesDigest(reference.digest) && (tag === undefined || isTag(reference))
      )
    }
    return isOpen || (reference.digest === undefined && matchesTag(reference.tag ?? 'latest'))
  }

  function isTag(reference: ImageReference): boolean {
    return tag === '*' || (reference.tag !== undefined && matchesTag(reference.tag))
  }
}

function splitReference(text: string): ImageReference {
  const at = text.indexOf('@')
  const digest = at < 0 ? undefined : text.slice(at + 1)
  const tagged = at < 0 ? text : text.slice(0, at)
  const colon = tagged.lastIndexOf(':')
  if (colon < 0 || colon < tagged.lastIndexOf('/')) return { name: tagged, tag: undefined, digest }
  return { name: tagged.slice(0, colon), tag: tagged.slice(colon + 1), digest }
}

/** Host and path as a runtime understands them. A first part with `*` may be anything, and stays. */
function canonicalName(name: string): string {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  if (first.includes('*') || (slash < 0 && name.includes('*'))) return name
  const isHost = /[.:A-Z]/.test(first) || first === 'localhost'
  const host = isHost && !HUB_ALIASES.includes(first) ? first : HUB
  const path = isHost ? name.slice(slash + 1) : name
  return host === HUB && !path.includes('/') ? `${HUB}/library/${path}` : `${host}/${path}`
}
