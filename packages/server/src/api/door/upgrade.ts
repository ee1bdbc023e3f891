/**
 * WebSockets on the API's own paths. A request that asks for one is routed as every other, so that the same checks of
 * key, scope and parameters hold; a handler that takes it calls `webSocketOf`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { builtInHttp } from '../../core/built-in-http.ts'

interface Upgrade {
  socket: Duplex
  head: Buffer
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>()

/**
 * Which requests leave HTTP. Not those for `h2c`, which Java's client asks for with every request: they carry a body
 * and are answered as if they had not asked.
 */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}

/** Node can be told which requests leave HTTP from 24.9 on; before, all would, so that none may. */
export const canUpgrade = atLeast(process.versions.node, 24, 9)

function atLeast(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

/** Routes upgrades like requests. What no handler takes is answered by HTTP, and the connection closed. */
export function routeUpgrades(app: FastifyInstance): void {
  if (!canUpgrade) return
  const { ServerResponse: Response } = builtInHttp()
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const response = new Response(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
    response.on('finish', () => socket.end())
    upgrades.set(request, { socket, head })
    app.routing(request, response)
  })
}

export function isUpgrade(request: FastifyRequest): boolean {
  return upgrades.has(request.raw)
}

/** `maxBytes`: of one message of the other side's; a longer one ends the connection. */
export async function webSocketOf(
  request: FastifyRequest,
  reply: FastifyReply,
  maxBytes: number,
): Promise<WebSocket> {
  const { WebSocketServer } = await import('ws')
  const { socket, head } = upgrades.get(request.raw)!
  reply.hijack()
  reply.raw.detachSocket(socket as Parameters<ServerResponse['detachSocket']>[0])
  const server = new WebSocketServer({ noServer: true, maxPayload: maxBytes })
  return await new Promise((resolve) =>
    server.handleUpgrade(request.raw, socket, head, (opened) => resolve(opened)),
  )
}
