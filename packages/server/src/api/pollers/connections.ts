/**
 * The two ways in which a consumer stays connected. One may last for months, so nothing is left behind by what is
 * sent; and where the other side is gone, whatever waits for it ends at once.
 */
import { once } from 'node:events'
import type { FastifyReply } from 'fastify'
import type { WebSocket } from 'ws'
import { readId, showId } from '../../core/id.ts'
import { openEventStream } from '../event-stream.ts'
import type { Connection } from './push.ts'
import type { ReadPage } from './read.ts'

const GOODBYE_MS = 1_000

/** Server-sent events. */
export function asEvents(reply: FastifyReply): Connection {
  const gone = new AbortController()
  const { raw, write } = openEventStream(reply)
  raw.on('close', () => gone.abort())
  raw.on('error', () => gone.abort())
  write('hello', '{}')
  return {
    gone: gone.signal,
    async send({ data, ids }) {
      for (const [index, text] of data.entries()) {
        if (write('message', text, showId('message', ids[index]!))) continue
        await drained(raw, gone.signal)
        if (gone.signal.aborted) return
      }
    },
    beat: () => void write('beat', '{}'),
    end(reason) {
      if (gone.signal.aborted) return
      raw.end(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`)
      gone.abort()
    },
  }
}

async function drained(raw: FastifyReply['raw'], gone: AbortSignal): Promise<void> {
  if (gone.aborted || !raw.writableNeedDrain) return
  await once(raw, 'drain', { signal: gone }).catch(() => {})
}

/** RFC 6455: policy violation, and going away. */
const codes = { wrong: 1008, ended: 1001 }

/** Texts of a page each; the next goes out when the last was acknowledged: all up to there is `done`. */
export function asPages(socket: WebSocket, done: (after: string) => Promise<void>): Connection {
  const gone = new AbortController()
  let waiting: { after: string; resolve: () => void } | undefined
  let alive = true
  const lose = () => {
    gone.abort()
    waiting?.resolve()
  }
  socket.on('close', lose)
  socket.on('error', lose)
  socket.on('pong', () => (alive = true))
  socket.on('message', (said: Buffer, binary) => {
    const after = binary ? undefined : acknowledged(said.toString())
    if (after === undefined) return refuse(socket)
    done(after).then(
      () => {
        if (waiting && after >= waiting.after) waiting.resolve()
      },
      () => socket.close(codes.ended, 'it could not be written down: come back, it is sent again'),
    )
  })
  return {
    gone: gone.signal,
    async send(page: ReadPage) {
      if (gone.signal.aborted) return
      const iterator = showId('message', page.after)
      socket.send(`{"data":[${page.data.join(',')}],"iterator":"${iterator}","done":${page.done}}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting = { after: page.after, resolve }
      await promise
    },
    beat() {
      // A side that does not answer is not there, whatever the network says.
      if (!alive) return socket.terminate()
      alive = false
      socket.ping()
    },
    end(reason) {
      socket.close(codes.ended, reason.slice(0, 120))
      // Who does not answer the goodbye must not hold up a node that stops.
      setTimeout(() => socket.terminate(), GOODBYE_MS).unref()
    },
  }
}

function acknowledged(said: string): string | undefined {
  try {
    const { iterator } = JSON.parse(said) as { iterator?: unknown }
    return typeof iterator === 'string' ? readId('message', iterator) : undefined
  } catch {
    return undefined
  }
}

function refuse(socket: WebSocket): void {
  socket.close(codes.wrong, 'say {"iterator": "…"} with the iterator of a page that is done with')
}
