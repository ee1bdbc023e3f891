/**
 * Payloads at rest. Those of tenants who ask for it are sealed before they are stored, and opened where they are read:
 * `sealed:` (no JSON begins so), the id of the key, and the sealed bytes in base64. Others are stored as they came.
 */
import { PomboError } from '../core/error.ts'
import { showId } from '../core/id.ts'
import type { Seal } from './seal.ts'

const mark = 'sealed:'

export interface Payloads {
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
    seal: (text, messageId) => head + seal.seal(text, contextOf(messageId)).toString('base64'),
    open(stored, messageId) {
      if (!stored.startsWith(mark)) return stored
      const sealed = Buffer.from(stored.slice(stored.indexOf(':', mark.length) + 1), 'base64')
      try {
        return seal.open(sealed, contextOf(messageId))
      } catch (cause) {
        const detail = cause instanceof Error ? cause.message : String(cause)
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
export const plainPayloads: Payloads = { seal: (text) => text, open: (stored) => stored }

function contextOf(messageId: string): string {
  return `message_payload/${messageId}`
}
