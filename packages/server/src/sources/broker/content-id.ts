import { createHash } from 'node:crypto'

/** Tells messages apart by what is in them. */
export function contentId(...parts: (Buffer | string)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('base64url')
}

/** Keys and ids are the senders' to choose: what no index can hold is known by its hash. */
export function indexable(key: string, longest: number): string {
  return key.length <= longest && !key.includes('\0') && key.isWellFormed()
    ? key
    : createHash('sha256').update(key).digest('base64url')
}
