import { errorCode, errorMessage } from '../../core/thrown.ts'
/** Why the embedded server did not start; carried as `code` on the error, so that a caller need not read the text. */
export type RefusalCode =
  | 'embedded_unsupported'
  | 'embedded_no_user'
  | 'embedded_folder'
  | 'embedded_in_use'
  | 'embedded_moved'
  | 'embedded_other_version'
  | 'embedded_disk_full'
  | 'embedded_failed'

/** An error whose message is one paragraph for the person who starts Pombo: what is wrong, and how to mend it. */
export function refusal(code: RefusalCode, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code })
}

/** What the system, PostgreSQL and its programs say when there is no room; also of what it is the cause of. */
export const isNoSpace = (error: unknown): boolean =>
  errorCode(error) === '53100' ||
  /ENOSPC|EDQUOT|No space left|quota exceeded/i.test(errorMessage(error)) ||
  (error instanceof Error && error.cause !== undefined && isNoSpace(error.cause))

export const diskFull = (folder: string, cause: unknown): Error =>
  refusal(
    'embedded_disk_full',
    `The disk is full, and the database in ${folder} needs room (about 50 MB at first, and some at every start). ` +
      'Free some space and try again, which loses nothing, or choose another folder with POMBO_DATA_DIR.',
    cause,
  )
