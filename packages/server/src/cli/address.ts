import { once } from 'node:events'
import { createServer } from 'node:net'
import type { ListenAddress, ListenSocket } from '../core/setting-kinds.ts'
import { socketProblem } from './socket.ts'

export type ListenPlace = ListenAddress | ListenSocket

/** `host:port` as a client would write it: "all addresses" becomes this machine. */
export function clientAddress(place: ListenPlace): string {
  if ('socket' in place) return `unix:${place.socket}`
  const { host, port } = place
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return reachable.includes(':') ? `[${reachable}]:${port}` : `${reachable}:${port}`
}

/** Throws what says why listening failed, or the error where it was something else. */
export function throwListening(error: unknown, place: ListenPlace): never {
  const problem = listenProblem(error, place, 'POMBO_LISTEN (or --listen)')
  throw problem === undefined ? error : new Error(problem)
}

/** Why listening failed, and what to change; undefined when it was something else. `how` says where the port is set. */
export function listenProblem(error: unknown, place: ListenPlace, how: string): string | undefined {
  if ('socket' in place) return socketRefusal(error, place, how)
  const { host, port } = place
  if (!ofListening(error, host)) return undefined
  switch (error.code) {
    case 'EADDRINUSE':
      return (
        `Port ${port} on ${host} is taken by another program (perhaps another Pombo). Stop ` +
        `that one, or choose another port with ${how}.`
      )
    case 'EACCES':
      return (
        `Port ${port} needs rights that this user does not have (ports below 1024 usually ` +
        `do). Choose another with ${how}.`
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this machine. Choose one that is, or 0.0.0.0 for all, with ${how}.`
    default:
      return undefined
  }
}

function socketRefusal(error: unknown, { socket }: ListenSocket, how: string): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || error.syscall !== 'listen')
    return undefined
  const { code } = error as NodeJS.ErrnoException
  const why =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'its folder is not there'
      : code === 'EACCES'
        ? 'this user may not write into its folder'
        : code
  return `No socket can be made at ${socket}: ${why}. Choose another path with ${how}.`
}

/** A database that is not found, or a folder that may not be written, has the same codes. */
function ofListening(error: unknown, host: string): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !('syscall' in error)) return false
  return error.syscall === 'listen' || ('hostname' in error && error.hostname === host)
}

/**
 * Tries the address before anything is started for it: a database that starts only to stop again costs seconds
 * and worries people. Answers as `listenProblem`; an unforeseen error is left to the real attempt.
 */
export async function addressProblem(
  address: ListenPlace,
  how: string,
): Promise<string | undefined> {
  if ('socket' in address) return await socketProblem(address.socket, how)
  const server = createServer()
  try {
    server.listen(address.port, address.host)
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return undefined
  } catch (error) {
    return listenProblem(error, address, how)
  }
}
