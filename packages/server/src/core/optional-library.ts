import { say } from './sentences/sentences.ts'
import { errorCode } from './thrown.ts'

/**
 * Loads a client library that is installed by those who use it alone. A missing one is an error that says what to do.
 * @param names the packages, as `npm install` takes them
 */
export async function optionalLibrary<T>(
  names: string,
  what: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(errorCode(error))) throw error
    throw new LibraryMissing(say('library_missing', { what, names }), { cause: error })
  }
}

/** Its message says how to mend it. */
export class LibraryMissing extends Error {}
