import type { X509Certificate } from 'node:crypto'
import { SocketAddress } from 'node:net'

/** The kinds of alternative name that a client or a server is known by, as Node labels them. */
export const NAMING_KINDS = ['DNS', 'URI', 'IP Address', 'email'] as const

/** One subject alternative name, decoded. */
export interface AltName {
  /** `DNS`, `URI`, `IP Address`, `email`, or one that names nobody here: `DirName`, `othername`, `Registered ID`. */
  readonly kind: string
  readonly value: string
}

/**
 * Reads the text that Node makes of a certificate's alternative names: `DNS:a.example, URI:"x\u002c y"`.
 *
 * A value that holds a comma, a quote, a backslash or a control character is written as a JSON string, so a name cannot
 * pass for two (CVE-2021-44532). Text that is not of that form yields no names at all.
 */
export function parseAltNames(text: string | undefined): readonly AltName[] {
  if (text === undefined || text === '') return []
  const entry = /([^:,"]+):(?:("(?:[^"\\]|\\.)*")|([^,"]*))(?:, |$)/y
  const names: AltName[] = []
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text)
    if (match === null) return []
    const [, kind = '', quoted, plain = ''] = match
    const value = quoted === undefined ? plain : parseQuoted(quoted)
    if (value === undefined) return []
    names.push({ kind, value: kind === 'IP Address' ? canonicalIp(value) : value })
  }
  return names
}

/** All common names of the subject, in the certificate's order, decoded and unescaped. */
export function commonNames(certificate: X509Certificate): readonly string[] {
  // `subject` is escaped text; the legacy object holds the values themselves, a list where there are several.
  const subject: unknown = certificate.toLegacyObject().subject
  if (typeof subject !== 'object' || subject === null || !Object.hasOwn(subject, 'CN')) return []
  const value: unknown = Reflect.get(subject, 'CN')
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.filter(name => typeof name === 'string')
}

function parseQuoted(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** `::1` for Node's `0:0:0:0:0:0:0:1`, since that is how people write it in an allow-list. */
function canonicalIp(address: string): string {
  try {
    return address.includes(':') ? new SocketAddress({ address, family: 'ipv6' }).address : address
  } catch {
    return address
  }
}
