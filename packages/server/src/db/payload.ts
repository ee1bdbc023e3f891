/**
 * Payloads at rest. Those of tenants who ask for it are sealed before they are stored, and opened where they are
 * read: `sealed:` (no JSON begins so; of what was sent in raw and does, see `plain`), the id of the key, and the
 * sealed bytes in base64. Others are stored as they came.
 */
import { PomboError } from '../core/error.ts'
import { showId } from '../core/id.ts'
import { errorMessage } from '../core/thrown.ts'
import type { Seal } from './seal.ts'

const mark = 'sealed:'
/** No key's id reads so. */
const plainMark = `${mark}plain:`

export interface Payloads {
  /** What is stored unsealed: as it is, but marked where it would be taken for sealed. */
  plain(text: string): string
  /** As it is stored. */
  seal(text: string, messageId: string): string
  /**
   * As it came. Throws `payload_sealed`, which names the missing key, or says that it was altered or belongs to another
   * message.
   */
  open(stored: string, messageId: string): string
}

export function createPayloads(seal: Seal): Payloads {
  const head = `${mark}${seal.keyId.toString('hex')}:`
  return {
    plain: markedPlain,
    seal: (text, messageId) => head + seal.seal(text, contextOf(messageId)).toString('base64'),
    open(stored, messageId) {
      if (!stored.startsWith(mark)) return stored
      if (stored.startsWith(plainMark)) return stored.slice(plainMark.length)
      const sealed = Buffer.from(stored.slice(stored.indexOf(':', mark.length) + 1), 'base64')
      try {
        return seal.open(sealed, contextOf(messageId))
      } catch (cause) {
        const detail = errorMessage(cause)
        throw new PomboError(
          'payload_sealed',
          { id: showId('message', messageId), detail },
          { cause },
        )
      }
    },
  }
}

/** For engines that seal nothing. */
export const plainPayloads: Payloads = {
  plain: markedPlain,
  seal: markedPlain,
  open: (stored) => (stored.startsWith(plainMark) ? stored.slice(plainMark.length) : stored),
}

function markedPlain(text: string): string {
  return text.startsWith(mark) ? plainMark + text : text
}

function contextOf(messageId: string): string {
  return `message_payload/${messageId}`
}

/** As many together as their payloads come to so many bytes, and one at least: what is held in memory is bounded. */
export function* byBytes<Item extends { payloadBytes: number }>(
  items: readonly Item[],
  mostBytes: number,
): Generator<Item[]> {
  let some: Item[] = []
  let bytes = 0
  for (const item of items) {
    if (some.length > 0 && bytes + item.payloadBytes > mostBytes) {
      yield some
      some = []
      bytes = 0
    }
    some.push(item)
    bytes += item.payloadBytes
  }
  if (some.length > 0) yield some
}
