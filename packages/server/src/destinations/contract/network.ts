/** The way out. No kind opens a socket by itself: the guard is asked of every address when it is connected to. */
import type { Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { isIP } from 'node:net'
import type { EndpointTls } from '../../core/endpoint-access.ts'
import type { Permission } from '../../core/outcome.ts'

export interface Host {
  hostname: string
  port: number
}

export interface Network {
  /** An open TCP connection, through the operator's proxy where there is one. Rejects with `Refused` or the error. */
  dial(host: Host, signal: AbortSignal): Promise<Socket>
  /**
   * The permitted address of a host, for a client that will not be handed a socket. Rejects with `Refused` as well
   * where a proxy stands in between, which such a client would go past.
   */
  resolve(host: Host): Promise<string>
  /** What TLS trusts and presents, beside what the endpoint says. */
  tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'minVersion'>
  /** Nothing leaves in the clear. */
  encryptedOnly: () => boolean
}

/** The guard's no; nothing left the machine. */
export class Refused extends Error {
  readonly permission: Extract<Permission, { allowed: false }>
  constructor(permission: Extract<Permission, { allowed: false }>) {
    super(permission.detail)
    this.permission = permission
  }
}

/** How TLS is spoken with a host: its name is checked against its certificate, always. */
export function tlsOptions(
  network: Network,
  { hostname }: Host,
  own: EndpointTls | null,
): ConnectionOptions {
  return {
    ...network.tls,
    ...own,
    ...(isIP(hostname) === 0 ? { servername: hostname } : { host: hostname, servername: '' }),
    // Said, because the NODE_TLS_REJECT_UNAUTHORIZED of the environment would otherwise decide.
    rejectUnauthorized: true,
  }
}

/** An open connection, encrypted where it is asked for. */
export async function openSocket(
  network: Network,
  host: Host,
  secure: boolean,
  own: EndpointTls | null,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await network.dial(host, signal)
  if (!secure) return socket
  const encrypted = connectTls({ ...tlsOptions(network, host, own), socket })
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const giveUp = () => encrypted.destroy(new Error('given up'))
  signal.addEventListener('abort', giveUp)
  encrypted.once('secureConnect', () => resolve(encrypted))
  encrypted.once('error', reject)
  encrypted.once('close', () => reject(new Error('closed during the TLS handshake')))
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
