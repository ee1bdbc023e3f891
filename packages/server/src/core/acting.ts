/** Who acts: carried along from a request to the transactions that it causes, so that the audit log can name them. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Role } from './role.ts'

export interface Actor {
  /** The API key that was presented; absent where Pombo acts by itself. */
  keyId?: string
  /** For whom, as the caller says (`x-pombo-actor`): nobody has checked it. */
  onBehalfOf?: string
  /** The role of that key, where it was looked at. */
  role?: Role
  /** What a key has to be allowed for this, where whoever checks the key knows nothing of the request. */
  needs?: Role
}

const current = new AsyncLocalStorage<Actor>()

/** Runs `task` as done by `actor`. The same object may be filled in later, by whoever learns who it is. */
export function actingAs<T>(actor: Actor, task: () => T): T {
  return current.run(actor, task)
}

/**
 * Pombo itself, where nobody was named. What a timer or a batch does may have begun under somebody else's request: such
 * work says `actingAs({}, …)`.
 */
export function currentActor(): Actor {
  return current.getStore() ?? {}
}

/** The request has shown who it is. Outside of `actingAs` it is nobody's. */
export function nameActor(actor: Actor): void {
  const store = current.getStore()
  if (store) Object.assign(store, actor)
}

/** A header's text, as far as the log keeps it; undefined: nobody. */
export function onBehalfOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header
  if (text === undefined) return undefined
  return (
    text
      .replace(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, 256) || undefined
  )
}
