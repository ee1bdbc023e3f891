// The special-purpose ranges of the IANA IPv4 and IPv6 registries, what else must never be reached from a
// webhook, and the IPv6 forms that carry an IPv4 address. Data and pure functions; guard.ts judges by them.
import ipaddr from 'ipaddr.js'

/** An address as its 4 or 16 bytes. */
export type AddressBytes = readonly number[]

/** A network; `bytes` is its first address. */
export type Subnet = { bytes: AddressBytes; bits: number }

/** A network that is refused, with the words for it. */
export type SpecialRange = Subnet & { what: string }

/** An IPv6 form with IPv4 addresses inside. */
export type Embedding = {
  what: string
  /** In the order they are named to the reader. */
  inner: AddressBytes[]
  /**
   * True for the forms that only write an IPv4 address differently, and that hosts without IPv4 use for the public
   * internet: a public inner address is permitted. The tunnels (6to4, Teredo, …) are not in use any more, so
   * they are refused whatever they carry.
   */
  transparent: boolean
}

// 192.0.0.0/24 and 2001::/23 hold some assignments that are reachable globally (anycast for PCP, TURN, AS112,
// AMT, drones); none of them serves webhooks, so the blocks are refused whole.
const specialRanges: SpecialRange[] = [
  ['0.0.0.0/8', 'an address of "this network" (RFC 791)'],
  ['10.0.0.0/8', 'a private address (RFC 1918)'],
  ['100.64.0.0/10', 'a carrier-grade NAT address (RFC 6598)'],
  ['127.0.0.0/8', 'a loopback address (RFC 1122)'],
  ['169.254.0.0/16', 'a link-local address (RFC 3927), where clouds serve instance credentials'],
  ['172.16.0.0/12', 'a private address (RFC 1918)'],
  ['192.0.0.0/24', 'an address of IETF protocols (RFC 6890)'],
  ['192.0.2.0/24', 'a documentation address (RFC 5737)'],
  ['192.31.196.0/24', 'an AS112 address (RFC 7535)'],
  ['192.52.193.0/24', 'an AMT relay address (RFC 7450)'],
  ['192.88.99.0/24', 'a 6to4 relay address (RFC 7526)'],
  ['192.168.0.0/16', 'a private address (RFC 1918)'],
  ['192.175.48.0/24', 'an AS112 address (RFC 7534)'],
  ['198.18.0.0/15', 'a benchmarking address (RFC 2544)'],
  ['198.51.100.0/24', 'a documentation address (RFC 5737)'],
  ['203.0.113.0/24', 'a documentation address (RFC 5737)'],
  ['224.0.0.0/4', 'a multicast address (RFC 5771)'],
  ['255.255.255.255/32', 'the broadcast address (RFC 8190)'],
  ['240.0.0.0/4', 'a reserved address (RFC 1112)'],
  // Public by its number, but answered inside every Azure machine by the platform itself.
  ['168.63.129.16/32', "Azure's platform address"],
  ['::/128', 'the unspecified address (RFC 4291)'],
  ['::1/128', 'the loopback address (RFC 4291)'],
  ['64:ff9b:1::/48', 'a local NAT64 address (RFC 8215)'],
  ['100::/64', 'a discard-only address (RFC 6666)'],
  ['100:0:0:1::/64', 'a dummy address (RFC 9780)'],
  ['2001::/32', 'a Teredo address (RFC 4380)'],
  ['2001:2::/48', 'a benchmarking address (RFC 5180)'],
  ['2001:10::/28', 'an ORCHID identifier (RFC 4843)'],
  ['2001:20::/28', 'an ORCHIDv2 identifier (RFC 7343)'],
  ['2001:db8::/32', 'a documentation address (RFC 3849)'],
  ['2001::/23', 'an address of IETF protocols (RFC 2928)'],
  ['2002::/16', 'a 6to4 address (RFC 3056)'],
  ['2620:4f:8000::/48', 'an AS112 address (RFC 7534)'],
  ['3fff::/20', 'a documentation address (RFC 9637)'],
  ['5f00::/16', 'a segment routing identifier (RFC 9602)'],
  ['fc00::/7', 'a private address (unique local, RFC 4193)'],
  ['fe80::/10', 'a link-local address (RFC 4291)'],
  ['fec0::/10', 'a site-local address (RFC 3879)'],
  ['ff00::/8', 'a multicast address (RFC 4291)'],
].map(([cidr, what]) => ({ ...parseCidr(cidr!), what: what! }))

const globalUnicast = parseCidr('2000::/3')
const mapped = parseCidr('::ffff:0:0/96')
const nat64 = parseCidr('64:ff9b::/96')
const nat64Local = parseCidr('64:ff9b:1::/48')
const compatible = parseCidr('::/96')
const translated = parseCidr('::ffff:0:0:0/96')
const teredo = parseCidr('2001::/32')
const sixToFour = parseCidr('2002::/16')

/** The bytes of a canonically written address (as `net.isIP` takes it, without a zone). */
export function parseAddress(address: string): AddressBytes {
  return ipaddr.parse(address).toByteArray()
}

/** A network from `address/bits`; throws when it is not one. */
export function parseCidr(cidr: string): Subnet {
  const [address, bits] = ipaddr.parseCIDR(cidr)
  return { bytes: address.toByteArray(), bits }
}

/** Shortest canonical spelling. */
export function formatAddress(bytes: AddressBytes): string {
  return ipaddr.fromByteArray([...bytes]).toString()
}

export function contains({ bytes, bits }: Subnet, address: AddressBytes): boolean {
  if (bytes.length !== address.length) return false
  for (let index = 0, left = bits; left > 0; index += 1, left -= 8) {
    const mask = left >= 8 ? 0xff : (0xff << (8 - left)) & 0xff
    if (((bytes[index]! ^ address[index]!) & mask) !== 0) return false
  }
  return true
}

/** Why the address is not a public one; null when it is. Does not look inside (see `embeddingOf`). */
export function specialUse(address: AddressBytes): string | null {
  const range = specialRanges.find((candidate) => contains(candidate, address))
  if (range) return range.what
  if (address.length === 4 || contains(globalUnicast, address)) return null
  return 'outside the global unicast addresses 2000::/3 (RFC 4291)'
}

/** The IPv4 addresses inside an IPv6 address, or null when its form holds none. */
export function embeddingOf(address: AddressBytes): Embedding | null {
  if (address.length === 4) return null
  const last = address.slice(12)
  const found = (what: string, inner: AddressBytes[], transparent = false): Embedding => ({
    what,
    inner,
    transparent,
  })
  if (contains(mapped, address)) return found('an IPv4-mapped address', [last], true)
  if (contains(nat64, address)) return found('a NAT64 address', [last], true)
  if (contains(nat64Local, address)) {
    const inner = localNat64Inner(address)
    return inner && found('a local NAT64 address', [inner])
  }
  // :: and ::1 are addresses of their own, not 0.0.0.0 and 0.0.0.1.
  if (contains(compatible, address)) {
    return address.slice(12, 15).some(Boolean) ? found('an IPv4-compatible address', [last]) : null
  }
  if (contains(translated, address)) return found('an IPv4-translated address', [last])
  if (contains(teredo, address)) {
    // The client's address is stored inverted, so that NATs which rewrite addresses in payloads leave it alone.
    const client = last.map((byte) => byte ^ 0xff)
    return found('a Teredo address', [client, address.slice(4, 8)])
  }
  if (contains(sixToFour, address)) return found('a 6to4 address', [address.slice(2, 6)])
  return null
}

/**
 * A local NAT64 prefix may be the /48 itself or anything longer below it (RFC 8215), and the address does not say.
 * The two that are deployed are told apart by where the zeros are: a /96 (the IPv4 address is the last four bytes),
 * and the /48 (it lies around byte 8, which is zero; RFC 6052, 2.2).
 */
function localNat64Inner(address: AddressBytes): AddressBytes | null {
  const isZero = (from: number, to: number) => address.slice(from, to).every((byte) => byte === 0)
  if (isZero(6, 12)) return address.slice(12)
  if (isZero(8, 9) && isZero(11, 16)) return [...address.slice(6, 8), ...address.slice(9, 11)]
  return null
}
