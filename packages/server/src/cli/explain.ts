import { debugging } from '../config/config.ts'
import { errorCode, errorMessage } from '../core/thrown.ts'
import { isAway } from '../db/pool.ts'

/** Nothing answers there, no such host. */
const unreached = ['ECONNREFUSED', 'ENOTFOUND']

/** Nor can a database be used that turns everything away: for the password, or since it has no connection left. */
function isUnusable(error: Error): boolean {
  const code = errorCode(error)
  return unreached.includes(code) || (/^\d/.test(code) && isAway(error))
}

/** An error as one paragraph for the person at the terminal; its stack only with POMBO_LOG_LEVEL=debug. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)}\n`
  if (debugging())
    return `${error.stack ?? error.message}${error.cause === undefined ? '' : `\ncaused by ${explain(error.cause)}`}\n`
  const details = 'For the stack, run it again with POMBO_LOG_LEVEL=debug.'
  return `${paragraph(error)}${isExpected(error) ? '' : `\n${details}`}\n`
}

function paragraph(error: Error): string {
  const code = errorCode(error)
  if (isUnusable(error))
    return `The database cannot be used: ${messageOf(error)}. DATABASE_URL names it; "pombo doctor" says more.`
  // The client's own words, which have no code: the server wants a password, and none was given.
  if (error.message.includes('client password must be a string'))
    return 'The database wants a password, and DATABASE_URL has none: postgres://user:password@host/database.'
  // The embedded server's refusals say all there is to say; their causes are SQLite's or the system's words for it.
  if (code.startsWith('embedded_')) return error.message
  return error.cause instanceof Error && !error.message.includes(error.cause.message)
    ? `${messageOf(error)} (${messageOf(error.cause)})`
    : messageOf(error)
}

/** Some errors of Node hold several (one for each address that was tried) and no message of their own. */
function messageOf(error: Error): string {
  if (error.message !== '') return error.message
  if (error instanceof AggregateError) return error.errors.map(errorMessage).join('; ')
  return error.name
}

/** Errors that Pombo words itself are plain; a TypeError and its like is a bug, and its stack is wanted. */
function isExpected(error: Error): boolean {
  return isUnusable(error) || isAway(error) || Object.getPrototypeOf(error) === Error.prototype
}
