/**
 * Baileys' event buffer folds what happens to a message while it buffers into the message's own upsert: receipts of
 * members, reactions, votes. Then no event of their own will ever tell of them; this gives them back. (A folded
 * status stays where it is: Pombo reads it there.)
 */

type Fields = Record<string, unknown>

export interface NamedEvent {
  name: string
  data: unknown
}

/** @param data of a `messages.upsert`, plain */
export function unfold(data: unknown): NamedEvent[] {
  const messages = list((data as Fields | null)?.['messages']) as Fields[]
  const each = (field: string, make: (key: unknown, item: unknown) => unknown): unknown[] =>
    messages.flatMap((message) => list(message[field]).map((item) => make(message['key'], item)))
  const events: NamedEvent[] = [
    {
      name: 'message-receipt.update',
      data: each('userReceipt', (key, receipt) => ({ key, receipt })),
    },
    { name: 'messages.reaction', data: each('reactions', (key, reaction) => ({ key, reaction })) },
    {
      name: 'messages.update',
      data: each('pollUpdates', (key, vote) => ({ key, update: { pollUpdates: [vote] } })),
    },
  ]
  return events.filter((event) => list(event.data).length > 0)
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
