/**
 * What stands after the `?` of a page's address, checked: a list of names and kinds makes the type, and whatever does
 * not fit is left out, since an address may be typed by hand.
 */
type Kind = 'text' | 'path' | 'time' | 'number' | readonly string[]

type Read<Of extends Kind> = Of extends readonly (infer One)[]
  ? One
  : Of extends 'number'
    ? number
    : string

export type Search<Kinds extends Record<string, Kind>> = {
  [Name in keyof Kinds]?: Read<Kinds[Name]> | undefined
}

export function search<const Kinds extends Record<string, Kind>>(
  kinds: Kinds,
): (given: Record<string, unknown>) => Search<Kinds> {
  return (given) => {
    const read: Record<string, unknown> = {}
    for (const [name, kind] of Object.entries(kinds)) {
      const value = fit(kind, given[name])
      if (value !== undefined) read[name] = value
    }
    return read as Search<Kinds>
  }
}

function fit(kind: Kind, given: unknown): unknown {
  if (given === undefined || given === null || given === '') return undefined
  if (kind === 'number') return Number.isFinite(Number(given)) ? Number(given) : undefined
  // The router reads `q=5` as a number and `q=true` as a boolean.
  const text = typeof given === 'string' ? given : JSON.stringify(given)
  if (typeof kind !== 'string') return kind.includes(text) ? text : undefined
  if (kind === 'time') return Number.isNaN(Date.parse(text)) ? undefined : text
  // Of this place alone: an address elsewhere would take who signs in to a stranger.
  if (kind === 'path') return /^\/(?![/\\])/.test(text) ? text : undefined
  return text
}
