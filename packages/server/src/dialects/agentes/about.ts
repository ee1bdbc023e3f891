/**
 * What an event is about, beyond its data: tags of the message, since the columns of the envelope are not the
 * producer's JSON. Tags take letters, digits, `-`, `_` and `.`; an id of other characters travels as base64url.
 */
export interface About {
  source: 'manual' | 'supabase' | 'api'
  userId?: string | undefined
  table?: string | undefined
  recordId?: string | undefined
}

/** A message with this tag was sent by hand. */
export const manualTag = 'manual'

const plain = /^[\w.-]{1,100}$/

function tag(name: string, value: string | undefined): string[] {
  if (value === undefined) return []
  return [
    plain.test(value)
      ? `${name}.${value}`
      : `${name}64.${Buffer.from(value).toString('base64url')}`,
  ]
}

export function tagsOf({ source, userId, table, recordId }: About): string[] {
  return [
    ...(source === 'manual' ? [manualTag] : []),
    ...tag('user', userId),
    ...tag('table', source === 'supabase' ? table : undefined),
    ...tag('record', source === 'supabase' ? recordId : undefined),
  ]
}

function valueOf(tags: readonly string[], name: string): string | undefined {
  const found = tags.find((one) => one.startsWith(`${name}.`))
  if (found !== undefined) return found.slice(name.length + 1)
  const encoded = tags.find((one) => one.startsWith(`${name}64.`))
  return encoded && Buffer.from(encoded.slice(name.length + 3), 'base64url').toString()
}

/** The same, read from a message's tags. */
export function aboutOf(tags: readonly string[] | null): About {
  const given = tags ?? []
  const table = valueOf(given, 'table')
  return {
    source: given.includes(manualTag) ? 'manual' : table === undefined ? 'api' : 'supabase',
    userId: valueOf(given, 'user'),
    table,
    recordId: valueOf(given, 'record'),
  }
}
