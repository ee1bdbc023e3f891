export type QueryValue = string | number | boolean | Date | readonly string[] | null | undefined
export type Query = Record<string, QueryValue>

/** The address of a server as a base for paths. */
export function readUrl(text: string): string {
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new TypeError(
      'url must be the address of a Pombo server, such as http://127.0.0.1:8071.',
      { cause },
    )
  }
  if (!/^https?:$/.test(url.protocol))
    throw new TypeError(`url must be http: or https:, not ${url.protocol}`)
  if (url.username || url.password || url.search || url.hash)
    throw new TypeError(
      'url must have no user, password, query or fragment; the key goes into apiKey.',
    )
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/**
 * Builds a path of ids and names; an empty or dotted one would name another resource than was meant, such as the list
 * for an item.
 */
export function path(parts: TemplateStringsArray, ...ids: string[]): string {
  return String.raw(
    parts,
    ...ids.map((id) => {
      if (typeof id !== 'string' || id === '' || id === '.' || id === '..')
        throw new TypeError(`An id or uid is missing in ${parts.join('…')}`)
      return encodeURIComponent(id)
    }),
  )
}

/** `{eventTypes: ['a', 'b'], before: date}` → `?event_types=a%2Cb&before=…`; what is null or undefined is left out. */
export function queryText(query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue
    const text =
      value instanceof Date
        ? value.toISOString()
        : Array.isArray(value)
          ? value.join(',')
          : String(value)
    parameters.set(
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      text,
    )
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}
