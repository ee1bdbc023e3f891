import { createHash } from 'node:crypto'

/** Names the ids made here among all UUIDs that are made of a name. */
const namespace = Buffer.from('6d0a4b1fd1c85c0f9a6e3f0e7c2b9514', 'hex')

/**
 * ZapHub gives messages a UUID of its database, and programs keep it in columns of that type. Pombo keeps no table
 * of messages: the UUID (version 5) is made of the session, the direction and WhatsApp's id, so that sent,
 * delivered, read, edited and deleted name the same one, on every node. Not of the chat: receipts may name it by
 * its other identity.
 */
export function messageUuid(session: string, messageId: string, fromMe: boolean): string {
  const name = JSON.stringify([session, fromMe, messageId])
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x50
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
