import { createHmac, timingSafeEqual } from 'node:crypto'
import { readId, showId } from './id.ts'

/** What a link to a part of a message's payload names. */
export interface PayloadPart {
  appId: string
  messageId: string
  /** JSON Pointer; empty: the whole. */
  pointer: string
}

export interface PayloadLinks {
  /**
   * The address under which the part can be fetched until `expiresAtMs`, by whoever has it. The same input gives the
   * same address.
   */
  make(part: PayloadPart, expiresAtMs: number): string
  /** What an address's query names, or why it is not valid. */
  read(
    messageId: string,
    query: Record<string, string | undefined>,
    nowMs: number,
  ): { ok: true; part: PayloadPart } | { ok: false; problem: string }
}

/** @param keys newest first; older ones still verify, so that a rotation breaks no link */
export function createPayloadLinks(keys: readonly Buffer[], serverUrl: () => string): PayloadLinks {
  const sign = (key: Buffer, part: PayloadPart, expires: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([part.appId, part.messageId, part.pointer, expires]))
      .digest('base64url')
  return {
    make(part, expiresAtMs) {
      const expires = String(Math.floor(expiresAtMs / 1000))
      const query = new URLSearchParams({
        app: showId('app', part.appId),
        pointer: part.pointer,
        expires,
        signature: sign(keys[0]!, part, expires),
      })
      return `${serverUrl().replace(/\/+$/, '')}/payload/${showId('message', part.messageId)}?${query.toString()}`
    },
    read(shownMessageId, { app = '', pointer = '', expires = '', signature = '' }, nowMs) {
      const appId = readId('app', app)
      const messageId = readId('message', shownMessageId)
      if (appId === undefined || messageId === undefined || !/^\d+$/.test(expires))
        return { ok: false, problem: 'this address is not complete' }
      const part = { appId, messageId, pointer }
      const given = Buffer.from(signature)
      const valid = keys.some((key) => {
        const expected = Buffer.from(sign(key, part, expires))
        return expected.length === given.length && timingSafeEqual(expected, given)
      })
      if (!valid) return { ok: false, problem: 'its signature does not match' }
      if (Number(expires) * 1000 < nowMs) return { ok: false, problem: 'it has expired' }
      return { ok: true, part }
    },
  }
}
