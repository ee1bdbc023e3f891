// The addresses of a name, without one name's dead name server holding up another name (promise P4).
//
// The system's getaddrinfo blocks a thread until it gives up, ten seconds and more, and Node lets two of them run at
// a time: two endpoints with dead DNS would stop every new connection of the node. So on Linux, where the servers
// are, names with a dot are asked of the name servers without threads (c-ares), after the hosts file. What that does
// not find goes to the system all the same: search domains, mDNS and the other modules of nsswitch.conf are known
// only to it, and it answers soon there, since the name servers just did. Elsewhere (VPNs with resolvers of their
// own) the system is always asked.
import { promises as dns } from 'node:dns'
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { errorCode } from '../../core/thrown.ts'

/** All addresses of a name; rejects with an error whose `code` is a DNS one when it has none. */
export type Lookup = (hostname: string) => Promise<ResolvedAddress[]>
export type ResolvedAddress = { address: string; family: number }

export type LookupOptions = {
  /** Name servers as `address:port`. Default: those of the system. */
  servers?: string[]
  hostsFile?: string
  /** How long a name server is waited for, each time it is asked; it is asked twice. */
  timeoutMs?: number
  /** Asked when the name servers do not know the name. Default: getaddrinfo. */
  system?: Lookup
}

const askSystem: Lookup = (hostname) => dns.lookup(hostname, { all: true })

/** What it takes for the platform Pombo runs on. */
export function createLookup(): Lookup {
  return sharing(process.platform === 'linux' ? createThreadlessLookup() : askSystem)
}

/** Names that are being asked for already are not asked for again. */
export function sharing(lookup: Lookup): Lookup {
  const pending = new Map<string, Promise<ResolvedAddress[]>>()
  return (hostname) => {
    const known = pending.get(hostname)
    if (known) return known
    const asked = lookup(hostname).finally(() => pending.delete(hostname))
    pending.set(hostname, asked)
    return asked
  }
}

export function createThreadlessLookup({
  servers,
  hostsFile = '/etc/hosts',
  timeoutMs = 2_000,
  system = askSystem,
}: LookupOptions = {}): Lookup {
  const inHosts = createHostsReader(hostsFile)
  let resolver: dns.Resolver | null = null

  function resolverOnce(): dns.Resolver {
    if (resolver) return resolver
    resolver = new dns.Resolver({ timeout: timeoutMs, tries: 2, maxTimeout: timeoutMs })
    if (servers) resolver.setServers(servers)
    return resolver
  }

  return async (hostname) => {
    const name = hostname.replace(/\.$/, '').toLowerCase()
    if (!name.includes('.') || name.endsWith('.local') || name.endsWith('.localhost')) {
      return system(hostname)
    }
    const listed = await inHosts(name)
    if (listed.length > 0) return listed
    const [four, six] = await Promise.allSettled([
      resolverOnce().resolve4(name),
      resolverOnce().resolve6(name),
    ])
    // IPv4 first: where IPv6 is announced but broken, trying it first costs a second.
    const addresses = [...found(four, 4), ...found(six, 6)]
    if (addresses.length > 0) return addresses
    if (four.status === 'rejected' && !isUnknownName(four.reason)) throw four.reason
    return system(hostname)
  }
}

function found(
  answer: PromiseSettledResult<string[]>,
  family: number,
): { address: string; family: number }[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []
}

/** The name servers said that there is no such name, or there are none to ask. */
function isUnknownName(error: unknown): boolean {
  return ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'].includes(errorCode(error))
}

function createHostsReader(path: string): Lookup {
  let readAtMs = -1
  let entries = new Map<string, ResolvedAddress[]>()
  return async (name) => {
    const changedAtMs = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
    if (changedAtMs !== readAtMs) {
      entries = parseHosts(changedAtMs === 0 ? '' : await readFile(path, 'utf8'))
      readAtMs = changedAtMs
    }
    return entries.get(name) ?? []
  }
}

/** The lines of a hosts file: an address, then names. */
export function parseHosts(text: string): Map<string, ResolvedAddress[]> {
  const entries = new Map<string, ResolvedAddress[]>()
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const family = isIP(address!)
    if (family === 0) continue
    for (const name of names) {
      const key = name.toLowerCase()
      const known = entries.get(key)
      if (known) known.push({ address: address!, family })
      else entries.set(key, [{ address: address!, family }])
    }
  }
  return entries
}
