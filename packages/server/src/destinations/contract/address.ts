/** URLs of brokers and databases: read, shown without what opens them, and given a default port. */
import { z } from 'zod'
import type { Host } from './network.ts'
import { say } from '../../core/sentences/sentences.ts'

/** A `url` setting of one of these schemes. */
export function urlSetting(
  schemes: readonly string[],
  example: string,
  parameters: readonly string[] = [],
) {
  const list = schemes.map((scheme) => `${scheme}://`).join(' or ')
  return z
    .string()
    .trim()
    .max(2_048)
    .refine(
      (text) => {
        const url = URL.parse(text)
        return url !== null && schemes.includes(url.protocol.slice(0, -1)) && url.hostname !== ''
      },
      say('url_form', { schemes: list, example }),
    )
    .refine(
      (text) => {
        const given = URL.parse(text)
        const names = given?.searchParams.keys().toArray() ?? []
        return names.every((name) => parameters.includes(name)) && !given?.hash
      },
      parameters.length === 0
        ? say('url_bare')
        : say('url_parameters', { names: parameters.join(', ') }),
    )
    .refine((text) => decodes(text), say('url_escape'))
    .meta({
      description: `Where it is, with user and password; shown without the password. One of ${list}`,
      examples: [example],
    })
}

function decodes(text: string): boolean {
  const url = URL.parse(text)
  try {
    for (const part of [url?.username, url?.password, url?.pathname]) decodeURIComponent(part ?? '')
    return true
  } catch {
    return false
  }
}

export interface Address extends Host {
  scheme: string
  username: string | undefined
  password: string | undefined
  /** Behind the slash, decoded. */
  path: string
  query: URLSearchParams
}

export function addressOf(text: string, ports: Readonly<Record<string, number>>): Address {
  const url = new URL(text)
  const scheme = url.protocol.slice(0, -1)
  const decoded = (part: string) => (part === '' ? undefined : decodeURIComponent(part))
  return {
    scheme,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? ports[scheme]! : Number(url.port),
    username: decoded(url.username),
    password: decoded(url.password),
    path: decodeURIComponent(url.pathname.slice(1)),
    query: url.searchParams,
  }
}

/** `scheme://host:port/…`: the same without user, password and query, and with `path` behind it. */
export function shownAddress(
  text: string,
  ports: Readonly<Record<string, number>>,
  ...path: string[]
): string {
  const { scheme, hostname, port } = addressOf(text, ports)
  const host = hostname.includes(':') ? `[${hostname}]` : hostname
  return `${scheme}://${host}:${port}/${path.map(encodeURIComponent).join('/')}`
}
