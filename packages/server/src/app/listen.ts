import { chmod } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'

/**
 * Connections that wait to be taken in, at most; the system may allow fewer. Of Node's own 511 what comes beyond, when
 * thousands of consumers come back after a deploy, is cut off after 15 s, or refused at once on a Unix socket.
 */
const backlog = 4_096

/** Listens where it is configured. The answer is a URL, or `unix:` and the socket's path. */
export async function listenAt(
  api: FastifyInstance,
  { listen, socketMode }: Pick<Config, 'listen' | 'socketMode'>,
): Promise<string> {
  if (!('socket' in listen))
    return await api.listen({ host: listen.host, port: listen.port, backlog })
  await api.listen({ path: listen.socket, backlog })
  await chmod(listen.socket, socketMode)
  return `unix:${listen.socket}`
}
