import { createHash } from 'node:crypto'

const hashForm = /^[0-9a-f]{16}$/

/**
 * 16 hex digits: the first of the names that is one already (a device made by this API is named so), else of the
 * first name's SHA-256.
 */
export function deviceHashOf(...names: readonly string[]): string {
  const own = names.find((name) => hashForm.test(name))
  return (
    own ??
    createHash('sha256')
      .update(names[0] ?? '')
      .digest('hex')
      .slice(0, 16)
  )
}
