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
