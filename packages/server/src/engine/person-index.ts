import type { Message } from '../core/message.ts'
import { createPersonHashes, personsOf } from '../core/person.ts'

/** The people whom a message names, as hashes; none where no keys are given. */
export function personIndex(
  keys: readonly Buffer[] | undefined,
): (message: Message, paths: readonly string[]) => Buffer[] {
  const hashes = keys && createPersonHashes(keys)
  return (message, paths) =>
    hashes
      ? [...personsOf(message, paths)].map((person) => hashes.hash(message.tenantId, person))
      : []
}
