import { errorMessage } from '../core/thrown.ts'
/** A database that is filled, for people. */
export interface Filled {
  /** Which it is, without its password. */
  where: string
  /** How it is made anew, as after "first". */
  anew: string
}

/**
 * The disk of a database was full before the copy was made. Where it is that of PostgreSQL's WAL, PostgreSQL ends and
 * starts anew, and never removes what the transaction had written by then.
 */
export function noRoom({ where, anew }: Filled, nothing: string, cause: unknown): Error {
  return new Error(
    `The disk of ${where} is full: ${errorMessage(cause)}. ${nothing}; it holds nothing, as before. Make room there, ` +
      `and run this again before a Pombo is started on it. What PostgreSQL had written stays on the disk where it ` +
      `ended over that: to have it back, ${anew} first.`,
    { cause },
  )
}
