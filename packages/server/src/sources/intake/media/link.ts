import { createHmac, timingSafeEqual } from 'node:crypto'
import { readId, showId } from '../../../core/id.ts'

/**
 * Links to files that were taken out of payloads. Whoever has one may fetch the file until it expires; nothing else
 * in it can be changed.
 */
export interface MediaLinks {
  urlOf(id: string, expiresAtMs: number): string
  /** The file's uuid; undefined where the link is not ours, or has expired. */
  read(shownId: string, query: { exp?: unknown; sig?: unknown }, nowMs: number): string | undefined
}

/** @param keys newest first: links signed under an older key of the ring stay good */
export function createMediaLinks(keys: readonly Buffer[], serverUrl: () => string): MediaLinks {
  const sign = (key: Buffer, id: string, exp: number): Buffer =>
    createHmac('sha256', key).update(`${id}.${exp}`).digest()
  return {
    urlOf(id, expiresAtMs) {
      const shown = showId('media', id)
      const exp = Math.ceil(expiresAtMs / 1_000)
      return `${serverUrl()}/media/${shown}?exp=${exp}&sig=${sign(keys[0]!, shown, exp).toString('base64url')}`
    },
    read(shownId, { exp, sig }, nowMs) {
      if (typeof exp !== 'string' || !/^\d{1,12}$/.test(exp) || typeof sig !== 'string')
        return undefined
      const given = Buffer.from(sig, 'base64url')
      const good = keys.some((key) => {
        const expected = sign(key, shownId, Number(exp))
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
      return good && Number(exp) * 1_000 > nowMs ? readId('media', shownId) : undefined
    },
  }
}
