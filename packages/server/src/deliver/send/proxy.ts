// The way out through a proxy: HTTP CONNECT or SOCKS5. The proxy is told the address that the guard has seen, never
// the name, so that what is connected to is what was checked (promise P6).
import { once } from 'node:events'
import { BlockList, connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Proxy } from '../../core/egress.ts'
import { errorMessage } from '../../core/thrown.ts'
import { askConnect, askSocks, type Wire } from './proxy-words.ts'

const usualPorts = { http: 80, https: 443, socks5: 1080 }

/** Of a URL whose scheme is one of these three. */
export function proxyOf(text: string): Proxy {
  const url = new URL(text)
  const scheme = url.protocol.slice(0, -1) as Proxy['scheme']
  return {
    scheme,
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? usualPorts[scheme] : Number(url.port),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  }
}

/** Which targets are reached without the proxy: names and all below them, addresses, and ranges of addresses. */
export function bypassOf(entries: readonly string[]): (host: string, address: string) => boolean {
  const ranges = new BlockList()
  const names: string[] = []
  for (const entry of entries) {
    const [address, prefix] = entry.split('/') as [string, string | undefined]
    const family = isIP(address)
    if (family === 0) names.push(entry.toLowerCase().replace(/^\*?\.?/, ''))
    else ranges.addSubnet(address, Number(prefix ?? (family === 4 ? 32 : 128)), familyOf(address))
  }
  return (host, address) => {
    const name = host.toLowerCase().replace(/\.$/, '')
    if (names.some((one) => name === one || name.endsWith(`.${one}`))) return true
    return ranges.check(address, familyOf(address))
  }
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/**
 * A connection that leads to the address, once the proxy has made it. `hold` gets the socket at once, for whoever gives
 * up to destroy. Rejects with an error that names the proxy.
 */
export async function openThrough(
  proxy: Proxy,
  target: { address: string; port: number },
  hold: (socket: Socket) => void,
): Promise<Socket> {
  const { scheme, host, port } = proxy
  const at = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }
  const isEncrypted = scheme === 'https'
  const socket: Socket = isEncrypted
    ? connectTls({ ...at, servername: isIP(host) === 0 ? host : '', rejectUnauthorized: true })
    : connectTcp(at)
  hold(socket)
  const left = new AbortController()
  const leave = (): void => left.abort(new Error('it closed the connection'))
  socket.once('close', leave)
  // Between two waits nobody else hears of it; the next wait ends by 'close'.
  socket.on('error', () => {})
  try {
    await once(socket, isEncrypted ? 'secureConnect' : 'connect', { signal: left.signal })
    const wire = wireOf(socket, left.signal)
    await (scheme === 'socks5' ? askSocks(wire, proxy, target) : askConnect(wire, proxy, target))
    return socket
  } catch (error) {
    socket.destroy()
    const cause = left.signal.aborted && isAbort(error) ? left.signal.reason : error
    const why = errorMessage(cause)
    // Without the code of the error: those mean the receiver, and this is not about it.
    throw new Error(`the proxy ${host}:${port} did not connect: ${why}`, { cause })
  } finally {
    socket.off('close', leave)
  }
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'

/** What is read is taken out of the socket; the rest stays in it, for the connection behind the proxy. */
function wireOf(socket: Socket, signal: AbortSignal): Wire {
  return {
    write: (bytes) => void socket.write(bytes),
    async read(count) {
      for (;;) {
        const bytes = socket.read(count) as Buffer | null
        if (bytes !== null) return bytes
        await once(socket, 'readable', { signal })
      }
    },
  }
}
