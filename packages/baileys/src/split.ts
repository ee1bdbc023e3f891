/** Events that are too large for one request, in several of the same name. */

type Fields = Record<string, unknown>

/** The lists of events whose data is an object. Lists that are one thing, such as a group's members, are in none. */
const lists: Readonly<Record<string, readonly string[]>> = {
  'messages.upsert': ['messages'],
  'messages.delete': ['keys'],
  'messaging-history.set': ['messages', 'chats', 'contacts', 'lidPnMappings', 'pastParticipants'],
}

/**
 * The data as JSON texts of at most `maxBytes` each; as one, however long, where it cannot be parted.
 * @param data plain
 */
export function split(name: string, data: unknown, maxBytes: number): string[] {
  const text = JSON.stringify(data) ?? 'null'
  // No character takes more than three bytes for each of its UTF-16 units: short texts need no counting.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return [text]
  const halves = halve(name, data)
  return halves ? halves.flatMap((half) => split(name, half, maxBytes)) : [text]
}

function halve(name: string, data: unknown): [unknown, unknown] | undefined {
  if (Array.isArray(data)) return data.length > 1 ? halvesOf(data as unknown[]) : undefined
  const fields = data as Fields
  const parted = (lists[name] ?? []).filter((field) => Array.isArray(fields[field]))
  if (!parted.some((field) => (fields[field] as unknown[]).length > 1)) return undefined
  const first = { ...fields }
  const second = { ...fields }
  for (const field of parted) [first[field], second[field]] = halvesOf(fields[field] as unknown[])
  return [first, second]
}

function halvesOf(items: unknown[]): [unknown[], unknown[]] {
  const middle = Math.ceil(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}
