import { bareEndpoint } from '../../core/bare-endpoint.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { showId } from '../../core/id.ts'
import { dialectOf } from '../../dialects/dialects.ts'
import type { Poller } from '../../registry/pollers/store.ts'
import { route as routeMessage } from '../../route/route.ts'
import type { Messages, StoredMessage } from '../history/messages/store.ts'
import { messageJson } from '../messages/message-json.ts'
import { byBytes } from '../../db/payload.ts'
import { fillPayloads, listMessages } from '../messages/store.ts'
import type { Needs } from '../route-deps.ts'

const atATime = 250
/** What one request looks at, at most. */
const most = { messages: 5_000, bytes: 8 * 1024 * 1024 }

export type Wanted = Pick<Poller, 'tenantId' | 'appId' | 'eventTypes' | 'channels' | 'filter'>

export interface ReadPage {
  /** As JSON text. */
  data: string[]
  /** Theirs. */
  ids: string[]
  /** Behind which the next page begins. */
  after: string
  /** Nothing more is there for now. */
  done: boolean
}

/** The messages behind `after` that are wanted, oldest first. */
export async function readMessagesFrom(
  deps: Messages & Needs<'arrivals'>,
  wanted: Wanted,
  after: string,
  limit: number,
): Promise<ReadPage> {
  const before = await deps.arrivals.settledMs()
  const fits = matcher(wanted)
  const data: string[] = []
  const ids: string[] = []
  let at = after
  let looked = 0
  let bytes = 0
  for (;;) {
    const cursor = {
      at,
      after: { id: at },
      back: false,
      order: 'ascending',
      limit: atATime,
    } as const
    const rows = await listMessages(deps.db, wanted.appId, { before }, cursor)
    for (const some of byBytes(rows.slice(0, atATime), most.bytes)) {
      await fillPayloads(deps, some)
      for (const message of some) {
        at = message.id
        looked += 1
        if (!fits(message)) continue
        data.push(itemJson(message))
        ids.push(message.id)
        bytes += message.payloadBytes
        if (data.length >= limit || bytes >= most.bytes)
          return { data, ids, after: at, done: false }
      }
    }
    if (rows.length <= atATime) return { data, ids, after: at, done: true }
    if (looked >= most.messages) return { data, ids, after: at, done: false }
  }
}

/** As an endpoint with these settings would get them. */
function matcher({ tenantId, appId, ...settings }: Wanted): (message: StoredMessage) => boolean {
  const endpoint: Endpoint = {
    // Of the matching, nothing asks for these.
    ...bareEndpoint({ id: '', tenantId, appId, url: '', createdAtMs: 0 }),
    ...settings,
  }
  const rules = {
    eventName: (dialect: Endpoint['dialect'], type: string) => dialectOf(dialect).eventName(type),
    compileChatFilter: () => () => null,
  }
  return (message) => routeMessage(message, [endpoint], rules).targets.length > 0
}

function itemJson(message: StoredMessage): string {
  const type = message.contentType ?? null
  return messageJson(
    message,
    true,
    `,"headers":${type === null ? 'null' : JSON.stringify({ 'content-type': type })}`,
  )
}

export function pageText({ data, after, done }: Omit<ReadPage, 'ids'>): string {
  return `{"data":[${data.join(',')}],"iterator":"${showId('message', after)}","done":${done}}`
}
