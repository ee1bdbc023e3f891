/**
 * Files at rest, taken out of payloads: those of tenants who have payloads sealed are sealed part by part, so that a
 * download holds one part in memory. A sealed part is longer by as much as sealing adds, always the same, and knows its
 * file and its place: parts can neither be exchanged nor left out.
 */
import { createHmac } from 'node:crypto'
import { PomboError } from '../core/error.ts'
import { showId } from '../core/id.ts'
import { errorMessage } from '../core/thrown.ts'
import { type Seal, sealedBytes } from './seal.ts'

/** Of the file; what one download holds in memory. */
export const partBytes = 256 * 1024

export interface Files {
  seal(file: Buffer, id: string): Buffer
  /** One part of a sealed file. Throws `payload_sealed`, which names the missing key, or says that it was altered. */
  openPart(sealed: Buffer, id: string, part: number): Buffer
  /** The whole of it. */
  open(sealed: Buffer, id: string): Buffer
  /** By which the same file of a tenant is known again. */
  digest(file: Buffer, tenantId: string): Buffer
  readonly keyId: Buffer
}

/** Where a part of a sealed file stands. */
export function sealedPart(part: number): { from: number; length: number } {
  const length = partBytes + sealedBytes
  return { from: part * length, length }
}

export function createFiles(seal: Seal): Files {
  const [digestKey] = seal.derived('media digests')
  const contextOf = (id: string, part: number): string => `media/${id}/${part}`
  const openPart: Files['openPart'] = (sealed, id, part) => {
    try {
      return seal.openBytes(sealed, contextOf(id, part))
    } catch (cause) {
      const detail = errorMessage(cause)
      throw new PomboError('payload_sealed', { id: showId('media', id), detail }, { cause })
    }
  }
  return {
    keyId: seal.keyId,
    openPart,
    seal(file, id) {
      const parts: Buffer[] = []
      for (let from = 0; from < file.length; from += partBytes)
        parts.push(
          seal.sealBytes(file.subarray(from, from + partBytes), contextOf(id, parts.length)),
        )
      return Buffer.concat(parts)
    },
    open(sealed, id) {
      const parts: Buffer[] = []
      for (;;) {
        const { from, length } = sealedPart(parts.length)
        if (from >= sealed.length) return Buffer.concat(parts)
        parts.push(openPart(sealed.subarray(from, from + length), id, parts.length))
      }
    },
    digest: (file, tenantId) =>
      createHmac('sha256', digestKey!).update(`${tenantId} `).update(file).digest(),
  }
}
