/** Reading a dialect's table of events, and the names that callers give. */
import { MOST_TOLD } from '../../core/read.ts'
import type { CatalogueEvent } from './dialect.ts'

type Rows = Readonly<Record<string, readonly (readonly [name: string, description: string])[]>>

/** A catalogue from its rows, by category. */
export function catalogueOf(rows: Rows): CatalogueEvent[] {
  return Object.entries(rows).flatMap(([category, events]) =>
    events.map(([name, description]) => ({ name, description, category })),
  )
}

/**
 * The dialect's word for a type; the gateway's own name, in snake_case, of what no canonical form covers; else the
 * type itself.
 */
export function eventNames(names: Readonly<Record<string, string>>): (type: string) => string {
  return (type) => {
    if (Object.hasOwn(names, type)) return names[type]!
    return type.startsWith('whatsapp.') ? type.slice('whatsapp.'.length) : type
  }
}

/** `suggestion`: the closest name, if one is close. */
export interface UnknownName {
  name: string
  suggestion: string | undefined
}

/** Reads names in any spelling that `read` knows: each once, in the order given. */
export function readNames(
  names: readonly string[],
  read: (name: string) => string | undefined,
  suggest: (name: string) => string | undefined,
): { events: Set<string>; unknown: UnknownName[] } {
  const events = new Set<string>()
  const unknown: UnknownName[] = []
  for (const name of names) {
    const event = read(name)
    // To suggest takes time, and a list may have as many names as fit into a body.
    if (event === undefined)
      unknown.push({ name, suggestion: unknown.length < MOST_TOLD ? suggest(name) : undefined })
    else events.add(event)
  }
  return { events, unknown }
}

/** `"mesage" (did you mean "message"?), "x"` */
export function listUnknown(unknown: readonly UnknownName[]): string {
  return unknown
    .map(({ name, suggestion }) =>
      suggestion === undefined ? `"${name}"` : `"${name}" (did you mean "${suggestion}"?)`,
    )
    .join(', ')
}
