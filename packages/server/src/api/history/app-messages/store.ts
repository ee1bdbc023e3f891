/** The messages of an app as the dialects ask for them: by beginnings of types, by content, and those nobody got. */
import { PomboError } from '../../../core/error.ts'
import { uuidFloor } from '../../../core/id.ts'
import { fields } from '../../../core/json-values.ts'
import type { Payloads } from '../../../db/payload.ts'
import type { Queryable } from '../../../db/pool.ts'
import type { Position } from '../../dialects/time-slices.ts'
import {
  messageColumns,
  messageOf,
  type MessageRow,
  type StoredMessage,
} from '../messages/store.ts'

export interface AppMessages {
  appId: string
  eventTypes: readonly string[] | null
  unmatched: boolean | undefined
  prefixes: readonly string[] | undefined
  exceptPrefixes: readonly string[] | undefined
  contentType: string | undefined
}

const conditions = /* sql */ `
      m.app_id = $1
  and m.id < $2
  and m.id >= $3
  and ($4::text[] is null or m.event_type = any($4))
  and ($5::bool is null or (m.unmatched is not null) = $5)
  and ($6::text[] is null or m.event_type ^@ any($6))
  and ($7::text[] is null or not m.event_type ^@ any($7))
  and ($8::text is null or
       case when m.form = 'whatsapp' and m.payload ^@ '{' then m.payload::json #>> '{content,type}' end = $8)`

function messageValues(filter: AppMessages, below: string, above: string): unknown[] {
  const { appId, eventTypes, unmatched, prefixes, exceptPrefixes, contentType } = filter
  return [
    appId,
    below,
    above,
    eventTypes,
    unmatched ?? null,
    prefixes ?? null,
    exceptPrefixes ?? null,
    contentType ?? null,
  ]
}

/** One slice of a scan over an app's messages, without payloads. */
export async function readAppMessages(
  db: Queryable,
  filter: AppMessages,
  below: Position,
  above: string,
  limit: number,
): Promise<StoredMessage[]> {
  // The app's range of the primary key in order, day by day; what the filters leave out is passed over.
  const { rows } = await db.query<MessageRow>(
    /* sql */ `
      select ${messageColumns('no payload')}
        from message m
       where ${conditions}
       order by m.id desc
       limit $9`,
    [...messageValues(filter, below.id, above), limit],
  )
  return rows.map(messageOf)
}

export async function countAppMessages(
  db: Queryable,
  filter: AppMessages,
  fromMs: number,
  toMs: number,
): Promise<number> {
  // The app's range of the primary key, and of each message its row.
  const { rows } = await db.query<{ count: number }>(
    /* sql */ `
      select count(*) as count
        from message m
       where ${conditions}`,
    messageValues(filter, uuidFloor(toMs), uuidFloor(Math.max(0, fromMs))),
  )
  return rows[0]!.count
}

const sealedAtATime = 200

/**
 * Of messages of a content type those whose payloads are sealed: PostgreSQL cannot look into them. One that cannot be
 * opened is of no type.
 */
export async function countSealed(
  { db, payloads }: { db: Queryable; payloads: Pick<Payloads, 'open'> },
  filter: AppMessages & { contentType: string },
  fromMs: number,
  toMs: number,
): Promise<number> {
  let count = 0
  const values = messageValues({ ...filter, contentType: undefined }, '', '').slice(3)
  for (let below = uuidFloor(toMs); ; ) {
    // The same range, a page of payloads at a time.
    const { rows } = await db.query<{ id: string; payload: string }>(
      /* sql */ `
        select m.id, m.payload
          from message m
         where ${conditions}
           and m.form = 'whatsapp'
           and m.payload ^@ 'sealed:'
         order by m.id desc
         limit $9`,
      [filter.appId, below, uuidFloor(Math.max(0, fromMs)), ...values, sealedAtATime],
    )
    for (const { id, payload } of rows)
      if (contentTypeOf(payload, id, payloads) === filter.contentType) count += 1
    const last = rows.at(-1)
    if (last === undefined) return count
    below = last.id
  }
}

function contentTypeOf(stored: string, id: string, payloads: Pick<Payloads, 'open'>): unknown {
  try {
    return fields(fields(JSON.parse(payloads.open(stored, id)))?.['content'])?.['type']
  } catch (error) {
    if (error instanceof PomboError) return undefined
    throw error
  }
}
