import { createHash } from 'node:crypto'

/** Tells messages apart by what is in them. */
export function contentId(...parts: (Buffer | string)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('base64url')
}
