import type { Queryable } from '../../../db/pool.ts'

/**
 * Where a session's message of that id was seen: the parts of its deduplication keys, which have its chat under
 * each identity. Only of chats of two, where the key names no member.
 */
export async function chatsOfMessage(
  db: Queryable,
  appId: string,
  session: string,
  messageId: string,
): Promise<{ chatId: string; fromMe: boolean }[]> {
  const prefix = `source:${session}|message|`
  const { rows } = await db.query<{ key: string }>({
    name: 'chats-of-message',
    text: /* sql */ `
      select key
        from dedupe
       where scope = $1
         and starts_with(key, $2)
         and (right(key, length($3)) = $3 or right(key, length($4)) = $4)
       limit 4`,
    values: [appId, prefix, `|${messageId}||`, `|${messageId}|me|`],
  })
  return rows.map(({ key }) => ({
    chatId: key.slice(prefix.length).split('|')[0]!,
    fromMe: key.endsWith('|me|'),
  }))
}

/**
 * Whose a session's message is in a chat of many, as it was seen there: the member that its deduplication keys name,
 * under each identity; '' where they name none. By the primary key, a row or two.
 */
export async function sendersOfMessage(
  db: Queryable,
  appId: string,
  session: string,
  { chatId, messageId }: { chatId: string; messageId: string },
): Promise<{ memberId: string; fromMe: boolean }[]> {
  const prefix = `source:${session}|message|${chatId}|${messageId}|`
  const { rows } = await db.query<{ key: string }>({
    name: 'senders-of-message',
    text: /* sql */ `
      select key
        from dedupe
       where scope = $1
         and starts_with(key, $2)
       limit 4`,
    values: [appId, prefix],
  })
  return rows.map(({ key }) => {
    const [direction, memberId] = key.slice(prefix.length).split('|')
    return { memberId: memberId ?? '', fromMe: direction === 'me' }
  })
}
