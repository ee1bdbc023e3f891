import type { IncomingMessage, Message } from '../core/message.ts'
import type { Payloads } from '../db/payload.ts'
import type { NewMessage } from './columns.ts'

/** Only what was sent in raw can look as if it were sealed. */
export function plainPayload(
  { payload, contentType }: IncomingMessage,
  payloads: Pick<Payloads, 'plain'>,
): string {
  return contentType == null ? payload : payloads.plain(payload)
}

/** As it is read from the database, where that makes a difference: it is opened before it is sent, for each claim. */
export function claimedMessage({
  message,
  storedPayload,
}: Pick<NewMessage, 'message' | 'storedPayload'>): Message {
  return message.contentType === null ? message : { ...message, payload: storedPayload }
}
