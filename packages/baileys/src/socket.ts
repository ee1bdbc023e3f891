/** What is needed of a Baileys socket, by its shape: the real one fits, and this package imports nothing of Baileys. */

/** `sock.user`: the session's own account, known once it is paired. */
export interface Account {
  id: string
  lid?: string | undefined
  name?: string | undefined
}

export interface BaileysEvents {
  /**
   * One merged map of events per flush of Baileys' own buffer. Preferred: it brings events that this package has not
   * heard of.
   */
  process?(handler: (events: Readonly<Record<string, unknown>>) => void): () => void
  on(event: string, listener: (data: unknown) => void): void
  off(event: string, listener: (data: unknown) => void): void
  isBuffering?(): boolean
  flush?(): unknown
}

export interface BaileysSocket {
  ev: BaileysEvents
  user?: Account | undefined
}

/** All events of Baileys 7.0.0-rc14 but `creds.update`, for emitters without `process`. */
export const eventNames: readonly string[] = [
  'connection.update',
  'messaging-history.set',
  'messaging-history.status',
  'chats.upsert',
  'chats.update',
  'chats.delete',
  'chats.lock',
  'lid-mapping.update',
  'presence.update',
  'contacts.upsert',
  'contacts.update',
  'messages.upsert',
  'messages.update',
  'messages.delete',
  'messages.reaction',
  'messages.media-update',
  'message-receipt.update',
  'groups.upsert',
  'groups.update',
  'group-participants.update',
  'group.join-request',
  'group.member-tag.update',
  'blocklist.set',
  'blocklist.update',
  'call',
  'labels.edit',
  'labels.association',
  'newsletter.reaction',
  'newsletter.view',
  'newsletter-participants.update',
  'newsletter-settings.update',
  'message-capping.update',
  'settings.update',
]

/** Calls `handle` with every event, in the order in which Baileys gives them. Returns what ends it. */
export function listen(
  { ev }: BaileysSocket,
  handle: (name: string, data: unknown) => void,
): () => void {
  const take = (name: string, data: unknown): void => {
    // At its end the socket emits `close` and then throws away what it has buffered, messages that WhatsApp will not
    // send again among them.
    if (name === 'connection.update' && isClose(data) && ev.isBuffering?.()) ev.flush?.()
    handle(name, data)
  }
  if (ev.process)
    return ev.process((events) => {
      for (const name of Object.keys(events)) take(name, events[name])
    })
  const listeners = eventNames.map((name) => [name, (data: unknown) => take(name, data)] as const)
  for (const [name, listener] of listeners) ev.on(name, listener)
  return () => {
    for (const [name, listener] of listeners) ev.off(name, listener)
  }
}

function isClose(data: unknown): boolean {
  return (data as { connection?: unknown } | null | undefined)?.connection === 'close'
}
