import type { FastifyReply } from 'fastify'

/** An answer of server-sent events. `write` says whether the connection takes more at once. */
export interface EventStream {
  readonly write: (event: string, data: string, id?: string) => boolean
  readonly raw: FastifyReply['raw']
}

/** How soon a browser comes back. */
const RETRY_MS = 2_000

/** Takes the connection over and says what it will be. */
export function openEventStream(reply: FastifyReply): EventStream {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    // Proxies must neither keep it, nor change it, nor wait until there is more of it.
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  })
  raw.write(`retry: ${RETRY_MS}\n\n`)
  return {
    raw,
    write: (event, data, id) =>
      raw.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`),
  }
}
