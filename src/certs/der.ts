import forge from 'node-forge'

type Asn1 = forge.asn1.Asn1

const { asn1 } = forge
const { Class, Type } = asn1

/** One value of DER, as forge's generic ASN.1 code holds it: it knows nothing of keys, so any algorithm will do. */
export type Der = Asn1

const universal = (type: forge.asn1.Type, content: string): Der => asn1.create(Class.UNIVERSAL, type, false, content)
const latin1 = (bytes: Buffer): string => bytes.toString('latin1')

/** A SEQUENCE of the given values. */
export function sequence(...items: readonly Der[]): Der {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...items])
}

/** A SET of the given values. DER demands them sorted: pass one, or sort them. */
export function set(...items: readonly Der[]): Der {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, [...items])
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function oid(dotted: string): Der {
  return universal(Type.OID, asn1.oidToDer(dotted).getBytes())
}

/** An INTEGER from its big-endian two's complement bytes. */
export function integer(bytes: Buffer): Der {
  return universal(Type.INTEGER, latin1(bytes))
}

/** A BIT STRING; `unused` bits at its end do not count. */
export function bitString(bytes: Buffer, unused = 0): Der {
  return universal(Type.BITSTRING, String.fromCharCode(unused) + latin1(bytes))
}

/** An OCTET STRING. */
export function octetString(bytes: Buffer): Der {
  return universal(Type.OCTETSTRING, latin1(bytes))
}

/** A UTF8String. */
export function utf8(text: string): Der {
  return universal(Type.UTF8, latin1(Buffer.from(text, 'utf8')))
}

/** BOOLEAN true; DER leaves out a false that is the default. */
export const TRUE: Der = universal(Type.BOOLEAN, '\xff')

/** NULL. */
export const NULL: Der = universal(Type.NULL, '')

/**
 * A value under a context-specific tag that replaces its own: `[n] IMPLICIT`. forge takes `[2]` for an INTEGER and drops
 * a leading 0x00 or 0xff from it; the names that we put there start with neither.
 */
export function implicit(tag: number, bytes: Buffer): Der {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, false, latin1(bytes))
}

/** A value wrapped in a context-specific tag: `[n] EXPLICIT`. */
export function explicit(tag: number, item: Der): Der {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, true, [item])
}

/** A Time as RFC 5280 wants it: UTCTime through 2049, GeneralizedTime after; whole seconds. */
export function time(at: Date): Der {
  return at.getUTCFullYear() < 2050
    ? universal(Type.UTCTIME, asn1.dateToUtcTime(at))
    : universal(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(at))
}

/** The bytes of a value. */
export function encode(item: Der): Buffer {
  return Buffer.from(asn1.toDer(item).getBytes(), 'latin1')
}

/** Reads one value; throws on what is not DER. Only for bytes that are ours or that OpenSSL has already read. */
export function decode(bytes: Buffer): Der {
  return asn1.fromDer(latin1(bytes))
}

/** The values inside a constructed one; nothing for a primitive. */
export function children(item: Der | undefined): readonly Der[] {
  return item !== undefined && Array.isArray(item.value) ? item.value : []
}

/** The content bytes of a primitive value; nothing for a constructed one. */
export function content(item: Der | undefined): Buffer {
  return Buffer.from(item !== undefined && typeof item.value === 'string' ? item.value : '', 'latin1')
}
