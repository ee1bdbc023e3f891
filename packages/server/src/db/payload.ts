/**
 * Payloads at rest. Those of tenants who ask for it are sealed before they are stored, and opened where they are read: `sealed:` (no JSON begins so),
 * the id of the key, and the sealed bytes in base64. Others are stored as they came.
 */
import type { Seal } from './seal.ts'

const mark = 'sealed:'

export interface Payloads {
  /** As it is stored. */
  close(text: string, messageId: string): string
  /** As it came. Throws an Error that names the missing key, or says that it was altered or belongs to another message. */
  open(stored: string, messageId: string): string
}

export function createPayloads(seal: Seal): Payloads {
  const head = `${mark}${seal.keyId.toString('hex')}:`
  return {
    close: (text, messageId) => head + seal.seal(text, contextOf(messageId)).toString('base64'),
    open(stored, messageId) {
      if (!stored.startsWith(mark)) return stored
      const sealed = Buffer.from(stored.slice(stored.indexOf(':', mark.length) + 1), 'base64')
      return seal.open(sealed, contextOf(messageId))
    },
  }
}

/** For engines that seal nothing. */
export const plainPayloads: Payloads = { close: (text) => text, open: (stored) => stored }

function contextOf(messageId: string): string {
  return `message_payload/${messageId}`
}
