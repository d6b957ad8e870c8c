import type { TLSSocket } from 'node:tls'
import { commonNames, NAMING_KINDS, parseAltNames } from '../certs/names.ts'

/** Who is at the other end of a connection. */
export interface ClientIdentity {
  /** Whether the client sent a certificate at all. */
  readonly presented: boolean
  /** Whether that certificate leads to the client CA. While false, anybody may have written the names. */
  readonly verified: boolean
  /**
   * The common name, then the DNS, URI, IP and e-mail names in the certificate's order, each once and exactly as they
   * stand there. A subject with several common names contributes none: readers of certificates disagree on which of
   * them counts, so whoever issued it may have meant another than the one that we would match.
   */
  readonly names: readonly string[]
}

/** What an identity is read from. */
export type PeerSocket = Pick<TLSSocket, 'authorized' | 'getPeerX509Certificate'>

const NOBODY: ClientIdentity = { presented: false, verified: false, names: [] }

/** A verified certificate stays what it is: there is no renegotiation. */
const verifiedIdentities = new WeakMap<PeerSocket, ClientIdentity>()

/** Reads the client's certificate from a connection whose handshake is complete; a verified one is read once. */
export function clientIdentity(socket: PeerSocket): ClientIdentity {
  const known = verifiedIdentities.get(socket)
  if (known !== undefined) return known
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return NOBODY
  const common = commonNames(certificate)
  const kinds: readonly string[] = NAMING_KINDS
  const alternatives = parseAltNames(certificate.subjectAltName).filter(({ kind }) => kinds.includes(kind))
  const names = [...(common.length === 1 ? common : []), ...alternatives.map(({ value }) => value)]
  const identity = { presented: true, verified: socket.authorized, names: [...new Set(names)] }
  if (identity.verified) verifiedIdentities.set(socket, identity)
  return identity
}

/** Whether a verified client bears a name of the list: compared as a whole, with case, without patterns. */
export function isAllowedClient({ verified, names }: ClientIdentity, allowList: readonly string[]): boolean {
  return verified && names.some(name => allowList.includes(name))
}
