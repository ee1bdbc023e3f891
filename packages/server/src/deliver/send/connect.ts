// Opens one connection: resolve the name, ask the guard about the addresses, connect to those and no others.
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { latestUsed } from '../../core/latest-used.ts'
import type { Egress } from '../../core/egress.ts'
import type { EndpointTls } from '../../core/endpoint-access.ts'
import type { Permission } from '../../core/outcome.ts'
import type { Guard } from '../guard/guard.ts'
import type { ResolvedAddress } from '../guard/lookup.ts'
import { straight } from './egress.ts'
import { openThrough } from './proxy.ts'
import { connectIntoBuffer } from './read-buffer.ts'
import { createContexts, tlsKeyOf } from './tls.ts'

export type ConnectTarget = {
  hostname: string
  port: number
  secure: boolean
  /** Whoever opens it speaks HTTP/2 too. */
  mayUseH2?: boolean
  /** Whoever opens it reads by `hearBytes` what comes without TLS. */
  intoBuffer?: boolean
  /** Certificates of this target alone. */
  tls?: EndpointTls | undefined
}
export type Refusal = Extract<Permission, { allowed: false }>

/** Exactly one of these is called, once, and none after `cancel`. */
export type ConnectEvents = {
  onOpen(socket: Socket): void
  onRefused(refusal: Refusal): void
  onError(error: Error): void
}

/** Starts to connect. The function returned gives up: the socket, if there is one already, is destroyed. */
export type Connect = (target: ConnectTarget, events: ConnectEvents) => () => void

export function createConnect(guard: Guard, egress: Egress = straight): Connect {
  const sessions = latestUsed<string, Buffer>(1_000)
  const contextOf = createContexts(egress.tls)

  return function connect(target, events) {
    let socket: Socket | null = null
    let isOver = false
    const once = (report: () => void) => {
      if (isOver) return
      isOver = true
      report()
    }

    guard.resolve(target.hostname, target.port).then(
      (resolution) => {
        if (isOver) return
        if (!resolution.allowed) return once(() => events.onRefused(resolution))
        const { address } = resolution.addresses[0]!
        if (!egress.isDirect(target.hostname, address)) return tunnel(address)
        const addresses = reachable(resolution.addresses)
        if (addresses.length === 0) return once(() => events.onError(noSuchSource()))
        return make((onOpen) => open(target, addresses, onOpen))
      },
      (error: Error) => once(() => events.onError(dnsFailure(error))),
    )

    /** Node throws at once what is wrong with a certificate or an address. Nobody could catch it here. */
    function make(opens: (onOpen: () => void) => Socket): void {
      try {
        const opening = opens(() => once(() => events.onOpen(opening)))
        watch(opening)
      } catch (error) {
        once(() => events.onError(error as Error))
      }
    }

    function watch(opening: Socket): void {
      socket = opening
      opening.on('error', (error) => once(() => events.onError(error)))
      opening.on('close', () => once(() => events.onError(closedEarly())))
    }

    function tunnel(address: string): void {
      const hold = (opening: Socket): void => void (socket = opening)
      openThrough(egress.proxy!, { address, port: target.port }, hold).then(
        (tunnelled) => {
          if (isOver) return void tunnelled.destroy()
          if (!target.secure) {
            watch(tunnelled)
            return once(() => events.onOpen(tunnelled))
          }
          // The host is what the certificate of an address is compared with; else Node takes the proxy's.
          const through = { socket: tunnelled, host: target.hostname }
          return make((onOpen) => openTls(target, through, onOpen))
        },
        (error: Error) => once(() => events.onError(error)),
      )
    }

    return () => {
      isOver = true
      socket?.destroy()
    }
  }

  /** Those that the source address can reach: of its own kind. */
  function reachable(addresses: ResolvedAddress[]): ResolvedAddress[] {
    const { localAddress } = egress
    if (localAddress === undefined) return addresses
    return addresses.filter(({ family }) => family === isIP(localAddress))
  }

  function open(target: ConnectTarget, addresses: ResolvedAddress[], onOpen: () => void): Socket {
    const options = {
      host: target.hostname,
      port: target.port,
      // A literal address never reaches `lookup`; the guard has seen it all the same.
      lookup: answerWith(addresses),
      autoSelectFamily: addresses.length > 1,
      // Node's 250 ms give up on a first address that is merely far away.
      autoSelectFamilyAttemptTimeout: 1_000,
      ...(egress.localAddress !== undefined && { localAddress: egress.localAddress }),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    }
    if (target.secure) return openTls(target, options, onOpen)
    return target.intoBuffer ? connectIntoBuffer(options, onOpen) : connectTcp(options, onOpen)
  }

  function openTls(
    { hostname, port, tls, mayUseH2 = false }: ConnectTarget,
    options: ConnectionOptions,
    onOpen: () => void,
  ): Socket {
    // Apart for each set of certificates: who resumes a session is taken for whoever began it.
    const key = `${hostname}:${port} ${tls === undefined ? '' : tlsKeyOf(tls)}`
    const session = sessions.get(key)
    const servername = isIP(hostname) === 0 ? hostname.replace(/\.$/, '') : ''
    const socket = connectTls({
      ...options,
      ...contextOf(tls),
      servername,
      ALPNProtocols: mayUseH2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      // Said, because the NODE_TLS_REJECT_UNAUTHORIZED of the environment would otherwise decide.
      rejectUnauthorized: true,
      ...(session && { session }),
    })
    // Node announces a session only after its handshake has been found good; it would not compare the host name with
    // the certificate again when the session is resumed.
    socket.on('session', (offered: Buffer) => sessions.set(key, offered))
    socket.once('secureConnect', onOpen)
    return socket
  }
}

function answerWith(addresses: ResolvedAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, addresses)
    else callback(null, addresses[0]!.address, addresses[0]!.family)
  }
}

function noSuchSource(): Error {
  return new Error('it has no address of the kind of POMBO_EGRESS_ADDRESS')
}

function closedEarly(): Error {
  return Object.assign(new Error('closed while connecting'), { code: 'ECONNRESET' })
}

/** DNS shares codes with TCP (ECONNREFUSED, ETIMEDOUT); the prefix keeps them apart. */
function dnsFailure(error: Error): Error {
  if (!('code' in error)) return error
  return Object.assign(new Error(error.message, { cause: error }), {
    code: `DNS_${String(error.code)}`,
  })
}
