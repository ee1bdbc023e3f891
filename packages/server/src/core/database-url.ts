import { kind } from './setting-kinds.ts'

/**
 * Which server of several may be used, as libpq's `target_session_attrs` says it. `read-write` and `primary` are one
 * here: a server that takes writes.
 */
export type ServerWish = 'any' | 'read-write' | 'standby' | 'prefer-standby'

/** A PostgreSQL URL that may name several hosts, taken apart. */
export interface DatabaseAddress {
  /** One for each host, which names that host alone. */
  urls: string[]
  /** `h1:5432` of each, for people. */
  hosts: string[]
  wish: ServerWish
}

const wishes: Readonly<Record<string, ServerWish>> = {
  any: 'any',
  'read-write': 'read-write',
  primary: 'read-write',
  'read-only': 'standby',
  standby: 'standby',
  'prefer-standby': 'prefer-standby',
}

/**
 * Reads `postgres://user@h1:5432,h2:5433/db?target_session_attrs=read-write`, or the hosts as `?host=h1,h2&port=…`.
 * Several hosts without the parameter are asked for the one that takes writes: `any`, libpq's default, would lead to
 * a standby.
 */
export function readDatabaseUrl(given: string): DatabaseAddress | { problem: string } {
  const urls = split(given)
  const bad = urls.find((url) => !URL.canParse(url))
  // Passwords are made by machines: a `#`, `/` or `?` of one ends the host's part, and the rest of it would be a host.
  if (bad === undefined ? new URL(urls[0]!).hash !== '' : /[/?#][^@]*@/.test(afterScheme(given)))
    return { problem: 'in a user name or password write @ / ? # as %40 %2F %3F %23' }
  if (bad !== undefined)
    return { problem: urls.length > 1 ? 'one of its hosts cannot be read' : 'it is not a URL' }
  const { protocol, searchParams } = new URL(urls[0]!)
  if (!/^postgres(?:ql)?:$/.test(protocol)) return { problem: `it starts with ${protocol}` }
  const asked = searchParams.get('target_session_attrs')
  const wish = asked === null ? (urls.length > 1 ? 'read-write' : 'any') : wishes[asked]
  if (wish === undefined)
    return { problem: `target_session_attrs is none of ${Object.keys(wishes).join(', ')}` }
  if (urls.length > 1 && urls.some((url) => hostOf(url) === ''))
    return { problem: 'between two commas there is no host' }
  return { urls, hosts: urls.map(hostOf), wish }
}

/** For a caller who has been given what was checked before. */
export function databaseAddress(url: string): DatabaseAddress {
  const read = readDatabaseUrl(url)
  if ('problem' in read) throw new Error(`A database's URL cannot be used: ${read.problem}.`)
  return read
}

/** `db1:5432,db2:5432/pombo`, for people. */
export function shownDatabase(url: string): string {
  const { hosts, urls } = databaseAddress(url)
  return `${hosts.map((host) => host || 'localhost:5432').join(',')}${new URL(urls[0]!).pathname}`
}

/** The URL's text, with what `change` makes of the one that names the first host alone. */
export function changedDatabaseUrl(given: string, change: (first: URL) => void): string {
  const inAuthority = authorityOf(given)
  const first = new URL(split(given)[0]!)
  change(first)
  const hosts = inAuthority?.hosts ?? ''
  return hosts.includes(',')
    ? first.href.replace(/^([^:]+:\/\/(?:[^/?#]*@)?)[^/?#]*/, (_, before) => before + hosts)
    : first.href
}

/** What `DATABASE_URL` and its like take; `writes`: only what leads to a server that takes writes. */
export function databaseUrlKind({ writes }: { writes: boolean }) {
  return kind(
    'a URL that starts with postgres:// or postgresql://; several hosts are separated by commas, and ' +
      'in a password @ / ? # are written %40 %2F %3F %23',
    writes
      ? 'postgres://pombo:password@db.example.com:5432/pombo'
      : 'postgres://pombo:password@replica.example.com:5432/pombo',
    (given) => {
      const read = readDatabaseUrl(given)
      if ('problem' in read) return read
      if (writes && !['any', 'read-write'].includes(read.wish))
        return { problem: 'its target_session_attrs leads to servers that take no writes' }
      if (writes && read.urls.length > 1 && read.wish === 'any')
        return { problem: 'of several hosts, target_session_attrs has to be read-write' }
      return { value: given.replace(/\/+$/, '') }
    },
  )
}

const afterScheme = (given: string): string => given.replace(/^[a-z]+:\/\//i, '')

function authorityOf(given: string) {
  const [, before, hosts, after] = /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/is.exec(given) ?? []
  return before === undefined ? undefined : { before, hosts: hosts!, after: after! }
}

function split(given: string): string[] {
  const parts = authorityOf(given)
  if (!parts) return [given]
  const { before, hosts, after } = parts
  if (hosts.includes(',')) return hosts.split(',').map((host) => before + host + after)
  if (!URL.canParse(given)) return [given]
  const named = new URL(given).searchParams.get('host')?.split(',') ?? []
  if (named.length < 2) return [given]
  const ports = new URL(given).searchParams.get('port')?.split(',') ?? []
  return named.map((host, index) => {
    const url = new URL(given)
    url.searchParams.set('host', host)
    const port = ports[index] ?? ports[0]
    if (port !== undefined) url.searchParams.set('port', port)
    return url.href
  })
}

function hostOf(url: string): string {
  const { hostname, port, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? decodeURIComponent(hostname)
  return host === '' ? '' : `${host}:${searchParams.get('port') ?? (port || '5432')}`
}
