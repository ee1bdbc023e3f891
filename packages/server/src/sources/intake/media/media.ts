import { uuidv7 } from '../../../core/id.ts'
import type { Clock } from '../../../core/clock.ts'
import type { WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import type { Files } from '../../../db/files.ts'
import type { Pool } from '../../../db/pool.ts'
import type { Source } from '../settings.ts'
import type { MediaLinks } from './link.ts'
import { keepFile } from './store.ts'
import { type FileReference, findFiles, mimetypeOf, readFile } from './take-out.ts'

export interface MediaDeps {
  pool: Pool
  clock: Clock
  links: MediaLinks
  files: Files
  retentionDays: number
}

/**
 * Takes the files out of an event, changing it. They are stored before the message is: a link that was sent leads
 * somewhere. A file whose message is then refused is found again when the gateway repeats itself, or expires. QR
 * codes stay: they are no files, and short-lived.
 */
export async function takeOutOfEvent(
  event: WhatsAppEvent,
  source: Source,
  deps: MediaDeps,
): Promise<void> {
  if (source.media === 'inline' || event.type.startsWith('session.')) return
  const media = 'content' in event ? event.content.media : null
  const file =
    media?.base64 === undefined ? undefined : readFile(media.base64, source.mediaMinBytes)
  if (media && file) {
    const mimetype = mimetypeOf(media.mimetype) ?? file.mimetype ?? 'application/octet-stream'
    // Dialects look for `storedUrl`, and for nothing in `base64` but base64.
    media.stored = await keep(file.bytes, mimetype, source, deps)
    delete media.base64
    // A gateway's own link stays; a path of its own file system says nothing to a receiver.
    if (!/^https?:\/\//.test(media.storedUrl ?? '')) media.storedUrl = media.stored.url
  }
  await takeOutOfBody(event.raw, source, deps)
}

/** The same for a body that no event was made of. */
export async function takeOutOfBody(body: unknown, source: Source, deps: MediaDeps): Promise<void> {
  if (source.media === 'inline') return
  for (const file of findFiles(body, source.mediaMinBytes))
    file.replace(await keep(file.bytes, file.mimetype, source, deps))
}

async function keep(
  bytes: Buffer,
  mimetype: string,
  source: Source,
  { pool, clock, links, files, retentionDays }: MediaDeps,
): Promise<FileReference> {
  const { id, sha256, sizeBytes, expiresAtMs } = await keepFile(pool, files, {
    id: uuidv7(clock.now()),
    tenantId: source.tenantId,
    bytes,
    mimetype,
    defaultDays: retentionDays,
  })
  return { url: links.urlOf(id, expiresAtMs), mimetype, sizeBytes, sha256 }
}
