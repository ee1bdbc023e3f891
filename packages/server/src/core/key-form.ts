import { PomboError } from './error.ts'

/** How a request presents its key: what a refusal says of it, in its text and in `WWW-Authenticate`. */
export interface KeyForm {
  /** What follows "send" in the refusal. */
  readonly says: string
  readonly challenge: string
}

export const bearerForm: KeyForm = { says: '"Authorization: Bearer <key>"', challenge: 'Bearer' }

/** The 401 of a request that brings no key, or one that does not count. */
export function unauthenticated(detail: string, form: KeyForm = bearerForm): PomboError {
  const { says, challenge } = form
  return new PomboError('authentication_failed', { form: says, detail }, { challenge })
}
