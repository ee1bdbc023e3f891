import { canonicalEvents } from '../whatsapp/catalogue.ts'
import { fallbackType } from '../whatsapp/whatsapp.ts'
import type { Dialect } from './contract/dialect.ts'

/** The engine's types that a list of names means, which may be types or the dialect's words. */
export function typesOf(
  dialect: Dialect | undefined,
  names: readonly string[] | undefined,
): string[] | null {
  if (names === undefined) return null
  const types = new Set(names)
  for (const name of names) {
    types.add(fallbackType(name))
    for (const event of canonicalEvents)
      if (dialect?.eventName(event.name) === name) types.add(event.name)
  }
  return [...types]
}

/** Every name that an endpoint may ask for whatever its tenant has: canonical events, and the dialects' words. */
export function builtInEventNames(dialects: Iterable<Dialect>): Set<string> {
  const names = new Set(canonicalEvents.map(({ name }) => name as string))
  for (const dialect of dialects) {
    for (const { name } of dialect.events) names.add(name)
    for (const { name } of canonicalEvents) names.add(dialect.eventName(name))
  }
  return names
}
