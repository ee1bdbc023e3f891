import { chmod } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'

/** Listens where it is configured. The answer is a URL, or `unix:` and the socket's path. */
export async function listenAt(
  api: FastifyInstance,
  { listen, socketMode }: Pick<Config, 'listen' | 'socketMode'>,
): Promise<string> {
  if (!('socket' in listen)) return await api.listen({ host: listen.host, port: listen.port })
  await api.listen({ path: listen.socket })
  await chmod(listen.socket, socketMode)
  return `unix:${listen.socket}`
}
