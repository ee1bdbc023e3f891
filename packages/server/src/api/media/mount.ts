import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import type { Files } from '../../db/files.ts'
import type { MediaLinks } from '../../sources/intake/media/link.ts'
import { findFile, readFile } from '../../sources/intake/media/store.ts'
import type { Pool } from '../../db/pool.ts'

/** Types that a browser may show by itself; everything else it is to save. */
const shown = /^(?:image\/(?:jpeg|png|webp|gif)|audio\/[\w.+-]+|video\/[\w.+-]+|application\/pdf)$/

export interface MediaMountDeps {
  db: Pool
  clock: Clock
  links: MediaLinks
  files: Files
}

/** How long a stop waits for downloads; a receiver that reads slowly, or not at all, must not hold it up. */
const closingMs = 3_000

/**
 * The links to files that were taken out of payloads. They are read in parts, so that a download costs no more memory
 * than one part.
 */
export function mountMedia(
  app: FastifyInstance,
  { db, clock, links, files }: MediaMountDeps,
): void {
  const open = new Set<Readable>()
  app.addHook('preClose', async () => {
    setTimeout(() => {
      for (const stream of open) stream.destroy()
    }, closingMs).unref()
  })
  app.get<{ Params: { id: string }; Querystring: { exp?: unknown; sig?: unknown } }>(
    '/media/:id',
    async (request, reply) => {
      const id = links.read(request.params.id, request.query, clock.now())
      if (id === undefined)
        throw new PomboError('link_refused', { detail: 'it was not made here, or has expired' })
      const file = await findFile(db, id)
      if (!file) throw new PomboError('not_found', { what: 'file', id: request.params.id })
      const etag = `"${file.digest}"`
      void reply.headers({
        'cache-control': 'private, max-age=86400, immutable',
        etag,
        // The bytes are a stranger's: they are never a page of this site.
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
        'content-disposition': shown.test(file.mimetype) ? 'inline' : 'attachment',
      })
      if (request.headers['if-none-match'] === etag) return await reply.code(304).send()
      const parts = readFile(db, files, id, file)
      // What cannot be opened is found before the answer has begun.
      const first = await parts.next()
      const stream = Readable.from(joined(first, parts), { objectMode: false })
      open.add(stream)
      stream.once('close', () => open.delete(stream))
      return await reply.type(file.mimetype).header('content-length', file.sizeBytes).send(stream)
    },
  )
}

async function* joined(
  first: IteratorResult<Buffer>,
  rest: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  if (first.done) return
  yield first.value
  yield* rest
}
