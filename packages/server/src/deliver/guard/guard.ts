// The address guard: decides which URLs and addresses Pombo may send to (promise P6).
//
// It looks twice. `checkUrl` reads what the URL alone tells, so that a mistake is answered when the endpoint is saved.
// `resolve` decides at connect time, on the addresses that are then connected to and no others: a name that
// answers differently the second time gains nothing. Both know an address by its bytes, never by its spelling.
import { isIP, isIPv6 } from 'node:net'
import type { BlockReason, Permission } from '../../core/outcome.ts'
import { createLookup, type Lookup, type ResolvedAddress } from './lookup.ts'
import { protocolOfPort } from './ports.ts'
import {
  type AddressBytes,
  contains,
  embeddingOf,
  formatAddress,
  parseAddress,
  parseCidr,
  type Subnet,
  specialUse,
} from './ranges.ts'

/** Read at each use: what is put into it later holds from then on. */
export type GuardOptions = {
  /** Networks let through although they are special (`10.1.0.0/16`, `fd00::/8`, `127.0.0.1`). */
  allowSubnets: readonly string[]
  /** Refuse `http:`, also to permitted networks. */
  httpsOnly: boolean
  /** Default: as the system resolves, see guard-lookup.ts. */
  lookup?: Lookup | undefined
}

/** Where a name may be connected to: at least one address, all of them permitted. */
export type Resolution =
  | { allowed: true; addresses: ResolvedAddress[] }
  | Extract<Permission, { allowed: false }>

export type Guard = {
  /** What can be said without DNS. For saving an endpoint, and before every send. */
  checkUrl(url: string): Permission
  /** Judges one address, and the port on it when given. */
  checkAddress(address: string, port?: number): Permission
  /** Resolves for connecting, a literal address included. Rejects only when DNS fails. */
  resolve(hostname: string, port: number): Promise<Resolution>
  /** Another one after the rules have changed: what was found out before may not hold any more. */
  rules(): unknown
}

const allowed: Permission = { allowed: true }
const refuse = (reason: BlockReason, detail: string) =>
  ({ allowed: false, reason, detail }) as const

/**
 * Throws when one of `allowSubnets` is not a network.
 * @param alsoPorts let through although they belong to another protocol than HTTP, since it is spoken there
 */
export function createGuard(
  options: GuardOptions,
  alsoPorts: ReadonlySet<number> = new Set(),
): Guard {
  let known = { ...options, subnets: options.allowSubnets.map(parseSubnet) }
  const resolveName = options.lookup ?? createLookup()
  const rules = (): typeof known => {
    const { allowSubnets, httpsOnly } = options
    if (allowSubnets !== known.allowSubnets || httpsOnly !== known.httpsOnly)
      known = { ...options, subnets: allowSubnets.map(parseSubnet) }
    return known
  }
  const isListed = (address: AddressBytes) =>
    rules().subnets.some((subnet) => contains(subnet, address))

  function checkUrl(text: string): Permission {
    const url = URL.parse(text)
    if (!url)
      return refuse('url', `"${text}" is not an absolute URL such as https://example.com/hook`)
    if (url.protocol !== 'https:' && url.protocol !== 'http:') {
      return refuse('scheme', `${url.protocol} URLs cannot be delivered to; use https:`)
    }
    if (url.protocol === 'http:' && rules().httpsOnly) {
      return refuse('scheme', 'http: is refused here; use https:, or set POMBO_HTTPS_ONLY=false')
    }
    if (url.username !== '' || url.password !== '') {
      return refuse(
        'credentials',
        'a URL must not carry a user name or password; put them into a header of the endpoint',
      )
    }
    return checkHost(url.hostname, portOf(url))
  }

  function checkHost(hostname: string, port: number): Permission {
    const literal = literalOf(hostname)
    if (literal !== null) return checkAddress(literal, port)
    if (
      isLocalName(hostname) &&
      !checkAddress('127.0.0.1').allowed &&
      !checkAddress('::1').allowed
    ) {
      return refuse(
        'host',
        `${hostname} is this machine; add 127.0.0.1/32 to POMBO_ALLOW_SUBNETS to permit it`,
      )
    }
    // On a permitted network any port is fine, and which network a name is on shows only when it is resolved.
    return rules().subnets.length === 0 ? checkPort(port) : allowed
  }

  function checkAddress(address: string, port?: number): Permission {
    if (address.includes('%') && isIPv6(address)) {
      return refuse(
        'address',
        `${address} has a zone; only addresses without one can be delivered to`,
      )
    }
    if (isIP(address) === 0) return refuse('address', `"${address}" is not an IP address`)
    const bytes = parseAddress(address)
    if (isListed(bytes)) return port === 0 ? checkPort(port) : allowed
    const embedding = embeddingOf(bytes)
    const why = embedding ? refusalInside(embedding) : specialUse(bytes)
    if (why !== null) return refuse('address', `${formatAddress(bytes)} is ${why}; ${howToPermit}`)
    if (embedding?.inner.some(isListed)) return port === 0 ? checkPort(port) : allowed
    return port === undefined ? allowed : checkPort(port)
  }

  /** Why an address with others inside is refused: all inner ones must be good, and for a tunnel one listed. */
  function refusalInside({
    what,
    inner,
    transparent,
  }: NonNullable<ReturnType<typeof embeddingOf>>) {
    for (const address of inner) {
      const why = isListed(address) ? null : specialUse(address)
      if (why !== null) return `${what} that leads to ${formatAddress(address)}, ${why}`
    }
    return transparent || inner.some(isListed) ? null : what
  }

  async function resolve(hostname: string, port: number): Promise<Resolution> {
    const literal = literalOf(hostname)
    const answers =
      literal === null ? await resolveName(hostname) : [{ address: literal, family: isIP(literal) }]
    let refusal: Extract<Permission, { allowed: false }> | null = null
    const addresses: ResolvedAddress[] = []
    for (const answer of answers) {
      const permission = checkAddress(answer.address, port)
      if (permission.allowed) addresses.push(answer)
      else refusal ??= permission
    }
    if (addresses.length > 0) return { allowed: true, addresses }
    if (refusal === null) throw noAddress(hostname)
    return literal === null && refusal.reason === 'address'
      ? refuse('address', `${hostname} resolves to a refused address: ${refusal.detail}`)
      : refusal
  }

  function checkPort(port: number): Permission {
    if (port === 0) return refuse('port', 'port 0 cannot be connected to')
    const protocol = alsoPorts.has(port) ? null : protocolOfPort(port)
    if (protocol === null) return allowed
    return refuse(
      'port',
      `port ${port} belongs to ${protocol}, not HTTP; let the endpoint listen on another`,
    )
  }

  return { checkUrl, checkAddress, resolve, rules }
}

const howToPermit = 'add its network to POMBO_ALLOW_SUBNETS to permit it'

/** One entry of POMBO_ALLOW_SUBNETS; an address alone means just itself. Throws with what is wrong. */
export function parseSubnet(text: string): Subnet {
  const [address, bits, ...rest] = text.trim().split('/')
  const family = isIP(address!)
  const widest = family === 4 ? 32 : 128
  const isBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widest)
  if (family === 0 || address!.includes('%') || !isBits || rest.length > 0) {
    throw new Error(`"${text}" is not a network such as 10.1.0.0/16 or fd00::/8`)
  }
  return parseCidr(`${address}/${bits ?? widest}`)
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}

/** The literal address of a URL's host name, without brackets; null for a name. */
function literalOf(hostname: string): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return isIP(bare) === 0 ? null : bare
}

// The first two are loopback by RFC 6761; the others stand in the hosts file of the common distributions.
function isLocalName(hostname: string): boolean {
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === 'localhost.localdomain' ||
    name === 'localhost6' ||
    name === 'localhost6.localdomain6' ||
    name === 'ip6-localhost' ||
    name === 'ip6-loopback'
  )
}

function noAddress(hostname: string): Error {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENODATA' })
}
